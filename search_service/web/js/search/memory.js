// What the server keeps of a project's searches: the last ones, those saved by name, and what people said of hits.
import { api } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { ask as confirm, attempt, notice } from "../messages.js";
import { kept } from "./ask.js";

export class Memory {
  recent = /** @type {Api.PastSearch[]} */ ([]);
  saved = /** @type {Api.SavedSearch[]} */ ([]);
  judged = /** @type {Map<number, boolean | null>} */ (new Map());

  /** @param {{ base: string, signal: AbortSignal }} given */
  constructor({ base, signal }) {
    this.base = base;
    this.signal = signal;
  }

  async load() {
    const { base, signal } = this;
    const [{ searches }, { saved_searches: saved }] = await Promise.all([
      api(`${base}/searches`, { signal }),
      api(`${base}/saved-searches`, { signal }),
    ]);
    Object.assign(this, { recent: searches, saved });
  }

  /** @param {Api.PastSearch} one */
  async forget(one) {
    await attempt(() => api(`${this.base}/searches/${one.id}`, { method: "DELETE" }));
    this.recent = this.recent.filter((other) => other.id !== one.id);
  }

  /** @param {Ask} ask */
  async save(ask) {
    const value = ask.text.slice(0, 100);
    const name = h("input", { id: "saved-name", required: true, maxlength: "100", value });
    const follow = h("input", { type: "checkbox" });
    const fields = [
      h("label", { for: "saved-name" }, t("search.savedName")),
      name,
      h("label", { class: "check" }, follow, t("search.savedView")),
    ];
    if (!(await confirm(t("search.save"), { yes: t("search.save") }, ...fields))) return;
    const view = follow.checked ? { keep_view: true, relevance: "likely", size: 500 } : {};
    const json = { name: name.value.trim(), ask: kept(ask), ...view };
    /** @type {Api.SavedSearch} */
    const made = await api(`${this.base}/saved-searches`, { json });
    this.saved.push(made);
    notice(t("search.savedNow", { name: made.name }));
  }

  /** @param {Api.SavedSearch} one */
  async forgetSaved(one) {
    if (!(await confirm(t("search.forgetSaved", { name: one.name }), { danger: true }))) return;
    await attempt(() => api(`${this.base}/saved-searches/${one.id}`, { method: "DELETE" }));
    this.saved = this.saved.filter((other) => other.id !== one.id);
  }

  // What people said of the hits of this text.
  /** @param {string} text */
  async loadJudged(text) {
    this.judged = new Map();
    if (!text.trim()) return;
    const asked = new URLSearchParams({ query: text });
    /** @type {{ judgements: { task: number, relevant: boolean }[] }} */
    const { judgements } = await api(`${this.base}/judgements?${asked}`, { signal: this.signal });
    this.judged = new Map(judgements.map((one) => [one.task, one.relevant]));
  }

  // Resolves to whether it was taken. A second press on the same thumb takes the word back.
  /** @param {string} text @param {Api.Hit} hit @param {boolean} relevant */
  judge(text, hit, relevant) {
    const said = hit.judged === relevant ? null : relevant;
    return attempt(async () => {
      await api(`${this.base}/judgements`, { json: { query: text, task: hit.task, relevant: said } });
      hit.judged = said;
      this.judged.set(hit.task, said);
      if (said !== null) notice(t("search.judged"));
      return true;
    });
  }
}
