// Which images a run takes: the selection, a search, a view of Label Studio, everything without an annotation, or all.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

const HITS = "50"; // of a search, when nobody says otherwise

/** @typedef {"tasks" | "search" | "view" | "unlabelled" | "all"} Kind */

export class SourceForm {
  /** @type {Kind} */
  #chosen;

  /** @param {{ sources: Api.Sources, selection: ScreenContext["selection"], params: Params, onchange: () => void }} given */
  constructor({ sources, selection, params, onchange }) {
    this.selection = selection;
    this.onchange = onchange;
    const query = { id: "source-query", type: "search", maxlength: 1000, "aria-label": t("annotate.query") };
    this.query = h("input", { ...query, value: params.q ?? "" });
    const limit = { id: "source-limit", type: "number", min: 1, max: 1000, "aria-label": t("annotate.hits") };
    this.limit = h("input", { ...limit, value: Number(params.hits) >= 1 ? params.hits : HITS });
    const options = sources.views.map(({ id, title }) =>
      h("option", { value: String(id), selected: String(id) === params.view }, title),
    );
    this.view = h("select", { id: "source-view", "aria-label": t("annotate.fromView") }, options);
    if (params.view && this.view.value !== params.view) this.view.selectedIndex = -1; // it is gone: another must not stand in for it
    const usable = this.#usable(sources);
    this.#chosen = firstChoice(params, selection.size, sources, usable);
    const rows = [
      this.#row("tasks", t("annotate.fromSelection", counted(selection.size)), usable),
      this.#row("search", t("annotate.fromSearch"), usable, this.query, this.limit),
      this.#row("view", t("annotate.fromView"), usable, ...(sources.views.length ? [this.view] : [])),
      this.#row("unlabelled", t("annotate.fromUnlabelled", counted(sources.unlabelled)), usable),
      this.#row("all", t("annotate.fromAll", counted(sources.all)), usable),
    ];
    this.root = h("fieldset", { class: "panel sources" }, h("legend", {}, t("annotate.images")), rows);
  }

  // The part of a request that names the images; null while it names none.
  body() {
    const { selection, query, limit, view } = this;
    if (this.#chosen === "tasks") return selection.size ? { task_ids: selection.list() } : null;
    const search = query.value.trim();
    if (this.#chosen === "search") return search ? { search, limit: Number(limit.value) || Number(HITS) } : null;
    if (this.#chosen === "view") return view.value ? { view: Number(view.value) } : null;
    return { [this.#chosen]: true };
  }

  // The same for the address; what the other sources hold is not asked for.
  state() {
    const { query, limit, view } = this;
    const none = { from: this.#chosen, q: null, hits: null, view: null };
    if (this.#chosen === "view") return { ...none, view: view.value };
    if (this.#chosen !== "search") return none;
    return { ...none, q: query.value.trim(), hits: limit.value === HITS ? null : limit.value };
  }

  /** @param {Api.Sources} sources @returns {Record<Kind, boolean>} */
  #usable({ views, unlabelled, all }) {
    return {
      tasks: this.selection.size > 0,
      search: true,
      view: views.length > 0,
      unlabelled: unlabelled > 0,
      all: all > 0,
    };
  }

  /** @param {Kind} kind @param {string} text @param {Record<Kind, boolean>} usable @param {...HTMLElement} fields */
  #row(kind, text, usable, ...fields) {
    const choose = () => {
      this.#chosen = kind;
      this.onchange();
    };
    const on = { checked: kind === this.#chosen, disabled: !usable[kind] };
    const radio = h("input", { type: "radio", name: "source", value: kind, ...on, onchange: choose });
    for (const field of fields)
      field.addEventListener("input", () => {
        radio.checked = true;
        choose();
      });
    const shown = fields.map((field) =>
      field === this.limit ? h("label", { class: "field" }, t("annotate.hits"), " ", field) : field,
    );
    return h("div", { class: usable[kind] ? "source" : "source off" }, h("label", {}, radio, " ", text), shown);
  }
}

/** @param {number} n */
const counted = (n) => ({ n, count: number(n) });

// What is chosen at first: what the address says, else what there is.
/** @type {(params: Params, selected: number, sources: Api.Sources, usable: Record<Kind, boolean>) => Kind} */
export function firstChoice(params, selected, sources, usable) {
  const asked = /** @type {Kind} */ (params.from);
  if (Object.hasOwn(usable, params.from ?? "") && usable[asked]) return asked;
  if (selected) return "tasks";
  if (params.q) return "search";
  return sources.unlabelled ? "unlabelled" : "all";
}
