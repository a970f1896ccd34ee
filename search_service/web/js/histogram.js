// A histogram of scores from 0 to 1, with edges that are dragged, or moved by the arrow keys.
import { h, svg } from "./dom.js";
import { number, t } from "./i18n.js";

const HEIGHT = 100,
  STEP = 0.01,
  PAGE = 0.1,
  BARS = 50;
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -PAGE, PageUp: PAGE };
/** @type {Record<string, number>} */
const ENDS = { Home: 0, End: 1 };

// Counts in finer bins as the sums of `bars` bars.
/** @param {number[]} counts */
export function inBars(counts, bars = BARS) {
  const width = counts.length / bars;
  return Array.from({ length: bars }, (_, bar) =>
    counts.slice(Math.floor(bar * width), Math.floor((bar + 1) * width)).reduce((sum, n) => sum + n, 0),
  );
}

// To scale, but few objects must stay visible beside many.
/** @type {(count: number, most: number) => number} */
export const barHeight = (count, most) => (count ? Math.max(2, (HEIGHT * count) / most) : 0);

// The numbers beside the bars: none, half, and the least round number that no bar exceeds.
/** @type {(most: number) => number[]} */
export function axisOf(most) {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  const top = [1, 2, 4, 6, 8, 10].map((n) => n * size).find((n) => n >= most && n >= 2) ?? 10 * size;
  return [0, top / 2, top];
}

// Where an edge comes to stand: between its bounds, on a hundredth.
/** @type {(value: number, least?: number, most?: number) => number} */
export const toStep = (value, least = 0, most = 1) =>
  Number((Math.round(Math.min(most, Math.max(least, value)) / STEP) * STEP).toFixed(2));

/**
 * @typedef {object} Edge
 * @property {string} id
 * @property {string} name
 * @property {number} value
 * @property {() => number} [least]
 * @property {() => number} [most]
 * @typedef {Edge & { knob: HTMLElement, tip: HTMLElement }} Handle
 */

// `zone(score)` is the class of a bar; `onmove` is called while an edge moves, `onset` when it was let go.
export class Histogram {
  /** @type {number[]} */
  #drawn = [];
  /** @type {Map<string, Handle>} */
  #handles;

  /**
   * @param {object} given
   * @param {string} given.title
   * @param {Edge[]} [given.edges]
   * @param {(score: number) => string} [given.zone]
   * @param {(id: string, value: number) => void} [given.onmove]
   * @param {(id: string, value: number) => void} [given.onset]
   */
  constructor({ title, edges = [], zone = () => "", onmove = () => {}, onset = () => {} }) {
    this.zone = zone;
    this.axis = h("div", { class: "axis", title: t("common.axis"), "aria-hidden": "true" });
    this.onmove = onmove;
    this.onset = onset;
    const box = { viewBox: `0 0 ${BARS} ${HEIGHT}`, preserveAspectRatio: "none" };
    this.bars = svg("svg", { class: "bars", ...box, role: "img", "aria-label": title });
    this.#handles = new Map(edges.map((edge) => [edge.id, this.#handle(edge)]));
    const knobs = [...this.#handles.values()].map((one) => one.knob);
    this.plot = h("div", { class: "plot" }, this.bars, knobs);
    const marks = [0, 0.25, 0.5, 0.75, 1].map((at) => h("span", {}, number(at, 2)));
    const scale = h("div", { class: "scale", "aria-hidden": "true" }, marks);
    this.root = h("div", { class: "histogram" }, this.axis, this.plot, scale);
  }

  // Show how many objects have which score; `counts` are of equal steps from 0 to 1.
  /** @param {number[]} counts */
  draw(counts) {
    this.#drawn = inBars(counts);
    this.#paint();
  }

  /** @param {string} id @param {number} value */
  move(id, value) {
    const one = this.#handles.get(id);
    if (!one || one.value === value) return;
    one.value = value;
    this.#place(one);
    this.#paint();
  }

  /** @param {string} id */
  value(id) {
    return this.#handles.get(id)?.value ?? 0;
  }

  #paint() {
    const axis = axisOf(Math.max(...this.#drawn, 0)),
      most = axis[2];
    this.axis.replaceChildren(...axis.map((count) => h("span", {}, number(count))).reverse());
    this.bars.replaceChildren(
      ...this.#drawn.map((count, bar) => {
        const height = barHeight(count, most);
        const place = { x: bar + 0.08, width: 0.84, y: HEIGHT - height, height };
        const range = { from: number(bar / BARS, 2), to: number((bar + 1) / BARS, 2) };
        const said = svg("title", {}, t("common.bar", { n: count, count: number(count), ...range }));
        const drawn = svg("rect", { ...place, class: this.zone((bar + 0.5) / BARS) }, said);
        // The whole column answers to the pointer, however low its bar.
        const column = svg("rect", { x: bar, width: 1, y: 0, height: HEIGHT, class: "column" }, said.cloneNode(true));
        return svg("g", {}, drawn, column);
      }),
    );
  }

  /** @param {Edge} edge @returns {Handle} */
  #handle(edge) {
    const tip = h("span", { class: "tip" });
    const said = { role: "slider", "aria-label": edge.name, "aria-orientation": "horizontal" };
    const knob = h("div", { class: `edge ${edge.id}`, tabIndex: 0, ...said }, tip);
    const one = { ...edge, knob, tip };
    knob.addEventListener("keydown", (event) => this.#onkey(one, event));
    knob.addEventListener("pointerdown", (event) => this.#drag(one, event));
    this.#place(one);
    return one;
  }

  /** @param {Handle} one @param {number} value */
  #put(one, value) {
    const next = toStep(value, one.least?.(), one.most?.());
    if (Math.abs(next - one.value) < 1e-9) return;
    one.value = next;
    this.#place(one);
    this.#paint();
    this.onmove(one.id, one.value);
  }

  /** @param {Handle} one @param {KeyboardEvent} event */
  #onkey(one, event) {
    const by = STEPS[event.key],
      to = ENDS[event.key];
    if (by === undefined && to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#put(one, to ?? one.value + by);
    this.onset(one.id, one.value);
  }

  /** @param {Handle} one @param {PointerEvent} event */
  #drag(one, event) {
    const { knob } = one;
    event.preventDefault();
    knob.focus();
    knob.setPointerCapture(event.pointerId);
    const over = new AbortController();
    knob.addEventListener(
      "pointermove",
      (moved) => {
        const box = this.plot.getBoundingClientRect();
        this.#put(one, (moved.clientX - box.left) / box.width);
      },
      over,
    );
    for (const end of ["pointerup", "pointercancel"])
      knob.addEventListener(
        end,
        () => {
          over.abort();
          this.onset(one.id, one.value);
        },
        over,
      );
  }

  /** @param {Handle} one */
  #place({ knob, tip, name, value }) {
    knob.style.left = `${value * 100}%`;
    knob.style.setProperty("--at", String(value * 100)); // keeps the words inside the plot
    tip.textContent = `${name} ${number(value, 2)}`;
    const told = { now: value, min: 0, max: 1, text: number(value, 2) };
    for (const [what, text] of Object.entries(told)) knob.setAttribute(`aria-value${what}`, String(text));
  }
}
