// SAM 3 on the selected tasks: choose labels, start, follow the run.
import { api, Problem } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";
import { change } from "../router.js";

export async function open({ root, project, selection, params, signal }) {
  const labels = h("select", { id: "label", multiple: true, size: String(Math.min(4, Math.max(1, project.labels.length))) },
    project.labels.map((name, place) => h("option", { value: name, selected: place === 0 }, name)));
  const start = h("button", { id: "annotate", type: "button", class: "primary" }, t("annotate.start"));
  const name = h("h2", {}), bar = h("progress", { max: "1", "aria-label": t("annotate.title") });
  const text = h("p", { id: "run-text", role: "status" }), cancel = h("button", { type: "button" }, t("annotate.cancel"));
  const panel = h("section", { class: "panel", hidden: true }, name, bar, text, cancel);
  root.append(h("h1", {}, t("annotate.title")), h("div", { class: "bar" },
    h("span", {}, t("annotate.selected", { n: selection.size })), h("label", { class: "field" }, t("annotate.label"), " ", labels),
    start), panel);

  let run = Number(params.run) || null;

  async function show() {
    const state = await api(`/runs/${run}`, { signal });
    panel.hidden = false;
    name.textContent = t("annotate.run", { id: state.id, labels: (state.labels ?? []).join(", ") });
    bar.max = state.requested || 1;
    bar.value = state.done + state.failed;
    const key = state.state === "failed" ? "failed_state" : state.state;
    text.textContent = t("annotate.progress", { state: t(`annotate.${key}`), done: state.done, n: state.requested })
      + (state.failed ? t("annotate.failed", { failed: state.failed }) : "");
    cancel.hidden = !["queued", "running"].includes(state.state);
    if (!cancel.hidden) setTimeout(() => { if (!signal.aborted) attempt(show); }, 1000);
  }

  start.addEventListener("click", () => attempt(async () => {
    const chosen = [...labels.selectedOptions].map((option) => option.value);
    if (!chosen.length) throw new Problem(t("annotate.noLabel"));
    if (!selection.size) throw new Problem(t("annotate.nothing"));
    run = (await api(`/projects/${project.id}/runs`, { json: { labels: chosen, task_ids: selection.list() } })).id;
    change({ run }, { quiet: true });
    await show();
  }, start));
  cancel.addEventListener("click", () => attempt(() => api(`/runs/${run}/cancel`, { method: "POST" }), cancel));

  if (!run) {
    const { runs } = await api(`/projects/${project.id}/runs`, { signal }).catch(() => ({ runs: [] }));
    run = runs.find((one) => one.state === "queued" || one.state === "running")?.id ?? null;
  }
  if (run) await show();
}
