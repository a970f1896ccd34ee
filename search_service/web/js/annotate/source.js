// Which images a run takes: the selection, a search, a view of Label Studio, everything without an annotation, or all.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

export function sourceForm({ sources, selection, params, onchange }) {
  const query = h("input", {
    id: "source-query",
    type: "search",
    value: params.q ?? "",
    maxlength: 1000,
    "aria-label": t("annotate.query"),
  });
  const limit = h("input", {
    id: "source-limit",
    type: "number",
    min: 1,
    max: 1000,
    value: Number(params.hits) >= 1 ? params.hits : "50",
    "aria-label": t("annotate.hits"),
  });
  const view = h(
    "select",
    { id: "source-view", "aria-label": t("annotate.fromView") },
    sources.views.map((one) =>
      h("option", { value: String(one.id), selected: String(one.id) === params.view }, one.title),
    ),
  );
  if (params.view && view.value !== params.view) view.selectedIndex = -1; // it is gone: another must not stand in for it
  const kinds = [
    [
      "tasks",
      t("annotate.fromSelection", { n: selection.size, count: number(selection.size) }),
      selection.size > 0,
      [],
    ],
    [
      "search",
      t("annotate.fromSearch"),
      true,
      [query, h("label", { class: "field" }, t("annotate.hits"), " ", limit)],
    ],
    ["view", t("annotate.fromView"), sources.views.length > 0, sources.views.length ? [view] : []],
    [
      "unlabelled",
      t("annotate.fromUnlabelled", { n: sources.unlabelled, count: number(sources.unlabelled) }),
      sources.unlabelled > 0,
      [],
    ],
    ["all", t("annotate.fromAll", { n: sources.all, count: number(sources.all) }), sources.all > 0, []],
  ];
  const asked = kinds.find(([kind, , usable]) => usable && kind === params.from)?.[0];
  let chosen =
    asked ?? (selection.size ? "tasks" : params.q ? "search" : sources.unlabelled ? "unlabelled" : "all");

  const rows = kinds.map(([kind, text, usable, more]) => {
    const radio = h("input", {
      type: "radio",
      name: "source",
      value: kind,
      checked: kind === chosen,
      disabled: !usable,
      onchange: () => {
        chosen = kind;
        onchange();
      },
    });
    for (const field of more.flatMap((one) =>
      one.matches("label") ? [one.querySelector("input")] : [one],
    )) {
      field.addEventListener("input", () => {
        chosen = kind;
        radio.checked = true;
        onchange();
      });
    }
    return h("div", { class: usable ? "source" : "source off" }, h("label", {}, radio, " ", text), more);
  });
  const root = h("fieldset", { class: "panel sources" }, h("legend", {}, t("annotate.images")), rows);

  // The part of a request that names the images; null while it names none.
  function body() {
    if (chosen === "tasks") return selection.size ? { task_ids: selection.list() } : null;
    if (chosen === "search")
      return query.value.trim() ? { search: query.value.trim(), limit: Number(limit.value) || 50 } : null;
    if (chosen === "view") return view.value ? { view: Number(view.value) } : null;
    return { [chosen]: true };
  }

  // The same for the address; what the other sources hold is not asked for.
  function state() {
    const of = { search: { q: query.value.trim(), hits: limit.value === "50" ? null : limit.value }, view: { view: view.value } }[chosen];
    return { from: chosen, q: null, hits: null, view: null, ...of };
  }

  return { root, body, state };
}
