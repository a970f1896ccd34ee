// What the server keeps of a project's searches: the last ones, those saved by name, and what people said of hits.
import { api } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { ask as confirm, attempt, notice } from "../messages.js";
import { kept } from "./ask.js";

export function makeMemory({ base, signal }) {
  const memory = { recent: [], saved: [], judged: new Map(), load, loadJudged, judge, save, forget, forgetSaved };

  async function load() {
    const [{ searches }, { saved_searches: saved }] = await Promise.all([
      api(`${base}/searches`, { signal }),
      api(`${base}/saved-searches`, { signal }),
    ]);
    Object.assign(memory, { recent: searches, saved });
  }

  async function forget(one) {
    await attempt(() => api(`${base}/searches/${one.id}`, { method: "DELETE" }));
    memory.recent = memory.recent.filter((other) => other.id !== one.id);
  }

  async function save(ask) {
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
    const made = await api(`${base}/saved-searches`, { json: { name: name.value.trim(), ask: kept(ask), ...view } });
    memory.saved.push(made);
    notice(t("search.savedNow", { name: made.name }));
  }

  async function forgetSaved(one) {
    if (!(await confirm(t("search.forgetSaved", { name: one.name }), { danger: true }))) return;
    await attempt(() => api(`${base}/saved-searches/${one.id}`, { method: "DELETE" }));
    memory.saved = memory.saved.filter((other) => other.id !== one.id);
  }

  // What people said of the hits of this text, as { task: relevant }.
  async function loadJudged(text) {
    memory.judged = new Map();
    if (!text.trim()) return;
    const { judgements } = await api(`${base}/judgements?${new URLSearchParams({ query: text })}`, { signal });
    memory.judged = new Map(judgements.map((one) => [one.task, one.relevant]));
  }

  // Resolves to whether it was taken. A second press on the same thumb takes the word back.
  function judge(text, hit, relevant) {
    const said = hit.judged === relevant ? null : relevant;
    return attempt(async () => {
      await api(`${base}/judgements`, { json: { query: text, task: hit.task, relevant: said } });
      hit.judged = said;
      memory.judged.set(hit.task, said);
      if (said !== null) notice(t("search.judged"));
      return true;
    });
  }

  return memory;
}
