// A part of a picture, chosen by drawing a frame on it, or by the arrow keys.
import { around, h } from "../dom.js";
import { t } from "../i18n.js";

const LEAST = 8; // pixels a drag must span: less is a click, which takes the frame away
const STEP = 0.02; // of the picture's sides, for an arrow key
const MIDDLE = [0.25, 0.25, 0.75, 0.75];
/** @type {Record<string, number[]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @typedef {{ x: number, y: number, width: number, height: number }} Place */

/** @param {number} value */
const inside = (value) => Math.min(Math.max(value, 0), 1);
/** @type {(a: Place, b: Place) => number[]} */
const between = (a, b) => [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
/** @type {(a: Place, b: Place) => boolean} */
const large = (a, b) => Math.min(Math.abs(a.x - b.x) * a.width, Math.abs(a.y - b.y) * a.height) >= LEAST;

// The frame after an arrow key: it moves, or with Shift its lower right corner does; null where it cannot.
/** @type {(box: number[], key: string, resize: boolean) => number[] | null} */
export function moved([x0, y0, x1, y1], key, resize) {
  const [x, y] = ARROWS[key].map((way) => way * STEP);
  const next = resize ? [x0, y0, x1 + x, y1 + y] : [x0 + x, y0 + y, x1 + x, y1 + y];
  const fits = next.every((side) => side > -1e-6 && side < 1 + 1e-6);
  return fits && next[2] - next[0] > STEP / 2 && next[3] - next[1] > STEP / 2 ? next : null;
}

export class RegionFrame {
  #box = /** @type {number[] | null} */ (null);
  #from = /** @type {Place | null} */ (null);

  // `over` lies exactly over the picture. `changed(box)` hears of every new choice: [x0, y0, x1, y1] as fractions of the
  // picture's sides, null when there is none.
  /** @param {HTMLElement} over @param {(box: number[] | null) => void} changed */
  constructor(over, changed) {
    this.over = over;
    this.changed = changed;
    const name = { role: "group", "aria-label": t("search.regionKeys") };
    this.shown = h("div", { class: "region", tabIndex: 0, ...name, hidden: true });
    over.append(h("div", { class: "region-layer" }, this.shown));
    over.addEventListener("pointerdown", (event) => this.#press(event));
    over.addEventListener("pointermove", (event) => this.#drag(event));
    over.addEventListener("pointerup", (event) => this.#release(event));
    over.addEventListener("pointercancel", () => {
      this.#from = null; // two fingers: the person zooms
      this.set(null);
    });
    this.shown.addEventListener("keydown", (event) => this.#onkey(event));
  }

  // Choose the middle, for the keys.
  start() {
    if (!this.#box) this.set(MIDDLE);
    this.shown.focus();
  }

  /** @param {number[] | null} next */
  set(next) {
    this.#draw(next && next.map((side) => Math.round(inside(side) * 1e4) / 1e4));
    this.changed(this.#box);
  }

  /** @param {number[] | null} next */
  #draw(next) {
    this.#box = next;
    this.shown.hidden = !next;
    if (!next) return;
    const [left, top, right, bottom] = next.map((side) => side * 100);
    const place = { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` };
    Object.assign(this.shown.style, place);
  }

  /** @param {PointerEvent} event @returns {Place} */
  #place(event) {
    const { left, top, width, height } = this.over.getBoundingClientRect();
    return { x: inside((event.clientX - left) / width), y: inside((event.clientY - top) / height), width, height };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0 || around(event, "button")) return;
    event.preventDefault(); // or the browser would drag the picture away
    this.#from = this.#place(event);
    this.over.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #drawn(event) {
    const to = this.#place(event);
    return this.#from && large(this.#from, to) ? between(this.#from, to) : null;
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (this.#from) this.#draw(this.#drawn(event));
  }

  /** @param {PointerEvent} event */
  #release(event) {
    if (!this.#from) return;
    this.set(this.#drawn(event));
    this.#from = null;
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.key in ARROWS) {
      const next = this.#box && moved(this.#box, event.key, event.shiftKey);
      if (next) this.set(next);
    } else if (event.key === "Delete" || event.key === "Backspace") this.set(null);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the arrows go to the next hit elsewhere
  }
}
