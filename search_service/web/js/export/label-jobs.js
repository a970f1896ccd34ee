// Imports of labels that were asked for: what each would write, how far it is, and what can be done with it.
import { api } from "../api.js";
import { h, prose, renew } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { planOf } from "./label-plan.js";

const WAITING = new Set(["planning", "queued", "running", "undoing"]);

// Whether the service works on it.
/** @param {Api.LabelImportJob} one */
export const goesOn = ({ state, finished_at }) => WAITING.has(state) || (state === "cancelled" && !finished_at);

/** @param {Api.LabelImportJob} one */
const isShown = (one) => goesOn(one) || one.state === "planned" || one.state === "failed";

/** @param {{ taken: string, model_version: string }} one */
export const takenText = ({ taken, model_version: version }) =>
  taken === "predictions" ? t("labels.asPredictions", { version }) : t("labels.asAnnotations");

export class LabelJobs {
  /** @type {Map<number, Api.LabelImportPlan>} */
  #plans = new Map();

  // `changed()`: ask the service again.
  /** @param {{ base: string, signal: AbortSignal, changed: () => Promise<void> }} given */
  constructor({ base, signal, changed }) {
    this.path = `${base}/label-imports/jobs`;
    this.signal = signal;
    this.changed = changed;
    this.root = h("ul", { class: "versions label-jobs" });
  }

  /** @param {Api.LabelImportJob[]} jobs */
  async show(jobs) {
    const shown = jobs.filter(isShown);
    for (const { id, state } of shown) if (state === "planned" && !this.#plans.has(id)) await this.#load(id);
    renew(
      this.root,
      shown.map((one) => this.#entry(one)),
    );
  }

  /** @param {number} id */
  async #load(id) {
    /** @type {{ plan: Api.LabelImportPlan | null }} */
    const { plan } = await api(`${this.path}/${id}`, { signal: this.signal });
    if (plan) this.#plans.set(id, plan);
  }

  /** @param {Api.LabelImportJob} one */
  #entry(one) {
    const name = t("labels.job", { name: one.name, as: takenText(one) });
    const plan = one.state === "planned" && this.#plans.get(one.id);
    const value = (one.state === "running" || one.state === "undoing") && one.total ? { value: String(one.done) } : {};
    return h(
      "li",
      { "data-job": one.id, class: one.state },
      h("div", { class: "bar" }, h("strong", { class: "version-note grow" }, name), this.#acts(one)),
      goesOn(one) && h("progress", { max: String(one.total || 1), ...value, "aria-label": name }),
      one.state !== "planned" && h("p", { class: one.state === "failed" ? "bad" : "muted" }, prose(stateText(one))),
      plan && planOf(plan),
    );
  }

  /** @param {Api.LabelImportJob} one @returns {Child[]} */
  #acts(one) {
    const { id, state, planned } = one;
    const act = (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ work, kind = "quiet", off = false) =>
      actionButton(
        t(`labels.${name}`),
        async () => {
          await work();
          await this.changed();
        },
        { class: kind, disabled: off, "aria-label": t("labels.actOf", { act: t(`labels.${name}`), name: one.name }) },
      );
    const start = () => api(`${this.path}/${id}/start`, { method: "POST" });
    const end = () => api(`${this.path}/${id}`, { method: "DELETE" });
    if (state === "undoing") return []; // half of it would be there
    return [
      state === "planned" && act("start", start, "primary", !this.#plans.get(id)?.tasks),
      state === "failed" && planned && act("again", start),
      state !== "cancelled" && act(state === "failed" ? "remove" : "cancel", end),
    ];
  }
}

/** @param {Api.LabelImportJob} one */
function stateText({ state, error, done, total }) {
  if (state === "failed") return [error?.message, error?.hint].filter(Boolean).join(" ");
  if (state === "cancelled") return t("labels.withdrawing");
  if (state === "undoing" && !error) {
    if (!total) return t("labels.undoing");
    return t("labels.undoingShare", { share: percent(done / total), done: number(done), total: number(total) });
  }
  if (error && state !== "running") return t("labels.later", { why: error.message });
  if (state !== "running") return t(`labels.${state}`);
  if (!total) return t("labels.starting");
  return t("labels.running", { share: percent(done / total), done: number(done), total: number(total) });
}
