// What is left in "To fix": how many tasks can be accepted without the rejected objects, and what keeps each of the others.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { linkTo } from "../router.js";

const SHOWN = 20; // tasks of a reason, by their numbers

export class LeftPanel {
  #loads = 0;

  /** @param {ReviewDesk} desk */
  constructor(desk) {
    this.desk = desk;
    this.root = h("div", { id: "left-to-fix", hidden: true });
  }

  // Tell it for the band that is shown, in the background: nothing waits for it.
  show() {
    const mine = ++this.#loads,
      { band, project, signal } = this.desk;
    if (band !== "to_fix") this.root.hidden = true;
    else
      attempt(async () => {
        /** @type {Api.ToFix} */
        const { ready, left, tasks } = await api(`/projects/${project.id}/review/to-fix`, { signal });
        if (mine !== this.#loads) return;
        this.root.hidden = !tasks;
        this.root.replaceChildren(
          h("p", {}, t("review.toFixReady", { n: ready, count: number(ready) })),
          left.length ? h("ul", {}, left.map((one) => this.#reason(one))) : "",
        );
      });
  }

  /** @param {Api.ToFix["left"][0]} one */
  #reason({ reason, tasks }) {
    const n = tasks.length,
      more = n > SHOWN ? ` ${t("review.toFixMore", { n: n - SHOWN, count: number(n - SHOWN) })}` : "";
    return h(
      "li",
      { "data-reason": reason },
      t(`review.toFix_${reason}`, { n, count: number(n) }),
      ...(reason === "check_first" ? [" ", h("a", { href: linkTo({ screen: "review", band: "check_first" }) }, t("review.check_first"))] : []),
      ...tasks.slice(0, SHOWN).flatMap((task) => [" ", this.#link(task)]),
      more,
    );
  }

  /** @param {number} task */
  #link(task) {
    const to = { href: `${this.desk.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
    return h("a", to, t("common.task", { task }));
  }
}
