// Past acceptances, who made them, and the way back.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { ask, attempt } from "../messages.js";

export function historyPanel({ project, signal, onundone }) {
  const list = h("ul", { class: "acceptances" });
  const root = h("section", { class: "panel", hidden: true }, h("h2", {}, t("review.acceptances")), list);

  async function load() {
    const { acceptances } = await api(`/projects/${project.id}/review/acceptances?limit=10`, { signal });
    root.hidden = !acceptances.length;
    list.replaceChildren(...acceptances.map(row));
    return acceptances;
  }

  function row(one) {
    const said = [
      what(one.selection),
      t("review.tasks", {
        n: one.accepted + one.undone + one.kept,
        count: number(one.accepted + one.undone + one.kept),
      }),
      one.accepted_by,
      when(one.created_at),
      one.undone ? t("review.undone", { n: one.undone, count: number(one.undone) }) : "",
      one.kept ? t("review.kept", { n: one.kept, count: number(one.kept) }) : "",
    ].filter(Boolean);
    return h(
      "li",
      {},
      h("span", { class: `state ${one.state}` }, t(`review.state_${one.state}`)),
      h("span", { class: "grow" }, said.join(" · ")),
      one.accepted > 0 && one.state !== "open" && undoButton(one.id, one.accepted),
    );
  }

  function undoButton(id, count, attributes = {}) {
    const button = h(
      "button",
      { ...attributes, type: "button", onclick: () => attempt(() => undo(id, count), button) },
      t("review.undo"),
    );
    return button;
  }

  function what(selection) {
    if (selection.task_ids)
      return t("review.chosen", { n: selection.task_ids.length, count: number(selection.task_ids.length) });
    if (selection.nothing_found) return t("review.nothing_found");
    const range =
      selection.max_score === null || selection.max_score === undefined
        ? t("review.from", { low: number(selection.min_score, 2) })
        : t("review.range", { low: number(selection.min_score, 2), high: number(selection.max_score, 2) });
    return selection.additions ? `${t("review.labelsAdded")} · ${range}` : range;
  }

  async function undo(id, count) {
    if (
      count > 1 &&
      !(await ask(t("review.undoSure", { n: count, count: number(count) }), { yes: t("review.undo") }))
    )
      return null;
    const report = await api(`/acceptances/${id}/undo`, { method: "POST" });
    await onundone(report);
    return report;
  }

  return { root, load, undo, undoButton };
}
