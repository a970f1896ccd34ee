// In which order the wall shows its objects. *What teaches most* asks about a few at a time: the next ones follow from what
// was said of those before, and what the last verdicts changed stands above them.
import { api } from "../api.js";
import { h, renew } from "../dom.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { pictureOf } from "./teaching.js";

const PAGE = 200,
  BATCH = 12; // objects that are asked about at once
/** @typedef {"score" | "similar" | "outliers" | "teach"} WallOrder */
/** @type {WallOrder[]} */
const ORDERS = ["score", "similar", "outliers", "teach"];

export class WallOrders {
  order = /** @type {WallOrder} */ ("score");

  /** @param {{ project: Api.Project, signal: AbortSignal, chosen: () => Promise<unknown> }} given */
  constructor({ project, signal, chosen }) {
    this.path = `/projects/${project.id}`;
    this.signal = signal;
    const options = ORDERS.map((one) => h("option", { value: one }, t(`wall.order_${one}`)));
    this.select = h("select", { id: "wall-order", onchange: () => attempt(() => this.#choose(chosen)) }, options);
    this.learned = h("div", { class: "learned", role: "status" });
    this.root = h("div", {}, h("div", { class: "bar" }, h("label", { class: "field" }, t("wall.order"), " ", this.select)), this.learned);
  }

  get teaches() {
    return this.order === "teach";
  }

  /** @param {() => Promise<unknown>} chosen */
  async #choose(chosen) {
    this.order = ORDERS[this.select.selectedIndex];
    this.learned.replaceChildren();
    await chosen();
  }

  // A page of objects; `next` is null behind the last.
  /** @param {string} label @param {string} after @returns {Promise<Api.Wall>} */
  async page(label, after) {
    if (this.teaches) return this.#next(label);
    const asked = new URLSearchParams({ label, after, limit: String(PAGE), order: this.order });
    return api(`${this.path}/review/wall?${asked}`, { signal: this.signal });
  }

  /** @param {string} label @returns {Promise<Api.Wall>} */
  async #next(label) {
    const asked = new URLSearchParams({ limit: String(BATCH), ...(label && { label }) });
    /** @type {Api.TeachMe} */
    const { shown, objects, learned, left, waiting } = await api(`${this.path}/teaching/next?${asked}`, { signal: this.signal });
    renew(this.learned, ...whatChanged(learned), waiting > 0 && h("p", { class: "muted" }, t("wall.waiting", { n: waiting, count: number(waiting) })));
    return { shown, objects, next: left - waiting > shown.length ? "next" : null };
  }
}

/** @param {Api.LastVerdicts | null} learned */
function whatChanged(learned) {
  if (!learned) return [h("p", {}, t("wall.teachHint"))];
  const { verdicts: n, shown, hidden, crops } = learned;
  const said = t(shown || hidden ? "wall.learned" : "wall.learnedNothing", { n, count: number(n), shown: number(shown), hidden: number(hidden) });
  return [h("p", {}, said), crops.length > 0 && h("ul", { class: "addable" }, crops.map(pictureOf))];
}
