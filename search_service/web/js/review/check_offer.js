// An offer to a project in which nobody has chosen yet what is checked first: one press, either way.
import { api } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { actionButton } from "../messages.js";

export class CheckOffer {
  /** @param {{ project: Api.Project, chosen: () => Promise<unknown> }} given */
  constructor({ project, chosen }) {
    // `on`: the kinds; null: those that new projects begin with.
    const choose = async (/** @type {string[] | null} */ on) => {
      await api(`/projects/${project.id}/review/check-first/kinds`, { method: "PUT", json: { on } });
      await chosen();
    };
    const yes = actionButton(t("review.checkOn"), () => choose(null), { id: "check-on", class: "primary" });
    const no = actionButton(t("review.checkLater"), () => choose([]), { id: "check-off" });
    const text = h("p", {}, t("review.checkOffer"));
    this.root = h("section", { id: "check-offer", class: "panel", "aria-label": t("review.check_first") }, text);
    this.root.append(h("div", { class: "bar" }, yes, no));
    this.root.hidden = true;
  }

  /** @param {Api.ReviewStatus} status */
  show(status) {
    this.root.hidden = status.check_first_chosen || !status.left;
  }
}
