// Past acceptances, who made them, and the way back.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, some, t, when } from "../i18n.js";
import { actionButton, ask } from "../messages.js";

const MOST = 10; // acceptances

export class HistoryPanel {
  /** @param {{ project: Api.Project, signal: AbortSignal, onundone: (report: Api.UndoReport) => Promise<unknown> }} given */
  constructor({ project, signal, onundone }) {
    this.path = `/projects/${project.id}/review/acceptances?limit=${MOST}`;
    this.signal = signal;
    this.onundone = onundone;
    this.list = h("ul", { class: "acceptances" });
    this.root = h("section", { class: "panel", hidden: true }, h("h2", {}, t("review.acceptances")), this.list);
  }

  async load() {
    /** @type {{ acceptances: Api.Acceptance[] }} */
    const { acceptances } = await api(this.path, { signal: this.signal });
    this.root.hidden = !acceptances.length;
    this.list.replaceChildren(...acceptances.map((one) => this.#row(one)));
    return acceptances;
  }

  // `count`: how many tasks it takes back; more than one is asked for first.
  /** @param {number} id @param {number} count @param {Attributes} attributes */
  undoButton(id, count, attributes = {}) {
    return actionButton(t("review.undo"), () => this.#undo(id, count), attributes);
  }

  /** @param {Api.Acceptance} one */
  #row(one) {
    const { accepted, undone, kept } = one,
      all = accepted + undone + kept;
    const said = [
      whatOf(one.selection),
      t("review.tasks", { n: all, count: number(all) }),
      verifiedText(one),
      one.accepted_by,
      when(one.created_at),
      undone ? t("review.undone", { n: undone, count: number(undone) }) : "",
      kept ? t("review.kept", { n: kept, count: number(kept) }) : "",
    ];
    return h(
      "li",
      {},
      h("span", { class: `state ${one.state}` }, t(`review.state_${one.state}`)),
      h("span", { class: "grow" }, said.filter(Boolean).join(" · ")),
      accepted > 0 && one.state !== "open" && this.undoButton(one.id, accepted),
    );
  }

  /** @param {number} id @param {number} count */
  async #undo(id, count) {
    const question = t("review.undoSure", { n: count, count: number(count) });
    if (count > 1 && !(await ask(question, { yes: t("review.undo") }))) return;
    await this.onundone(await api(`/acceptances/${id}/undo`, { method: "POST" }));
  }
}

// What a certificate covers of an acceptance: all of it, the objects of some labels, or nothing.
/** @param {Pick<Api.Acceptance, "verified" | "verified_labels">} acceptance */
export function verifiedText({ verified, verified_labels: labels }) {
  if (verified) return t("review.verified");
  return labels.length ? t("review.verifiedLabels", { labels: some(labels) }) : t("review.notVerified");
}

// Which tasks were accepted: those that were chosen, or those in a range of scores.
/** @param {Api.Acceptance["selection"]} selection */
export function whatOf({ task_ids: tasks, nothing_found, additions, judged, min_score: low, max_score: high }) {
  if (judged && tasks) return t("review.judgedTasks", { n: tasks.length, count: number(tasks.length) });
  if (tasks) return t("review.chosen", { n: tasks.length, count: number(tasks.length) });
  if (nothing_found) return t("review.nothing_found");
  const range =
    high === null || high === undefined
      ? t("review.from", { low: number(low, 2) })
      : t("review.range", { low: number(low, 2), high: number(high, 2) });
  return additions ? `${t("review.labelsAdded")} · ${range}` : range;
}
