// The frame around the selected object with handles to drag, and the place where boxes are drawn and points are clicked.
import { h } from "../dom.js";
import { EDGES } from "./edges.js";

/**
 * @typedef {{ x: number, y: number }} Point fractions of the picture's sides
 * @typedef {object} Acts
 * @property {(edges: import("./edges.js").Edge | "", x: number, y: number, gesture: string) => unknown} drag moved so far
 * @property {(from: Point, to: Point) => unknown} drawing
 * @property {(from: Point, to: Point) => unknown} drawn
 */

export class Overlay {
  #drags = 0;

  // `over` lies exactly over the picture.
  /** @param {HTMLElement} over @param {Acts} acts */
  constructor(over, acts) {
    this.over = over;
    this.acts = acts;
    this.handles = EDGES.map((edge) => h("i", { class: `handle ${edge}`, "data-edge": edge }));
    this.box = h("div", { class: "selected-box", "aria-hidden": "true", hidden: true }, this.handles);
    this.sketch = h("div", { class: "sketch", hidden: true });
    this.sheet = h("div", { class: "sheet", "aria-hidden": "true", hidden: true }, this.sketch);
    over.append(this.sheet, this.box);
    this.box.addEventListener("pointerdown", (event) => this.#press(event));
    this.sheet.addEventListener("pointerdown", (event) => this.#draw(event));
  }

  // Where something is drawn, or clicked; "" for neither.
  /** @param {string} tool */
  use(tool) {
    this.sheet.hidden = !tool;
    this.sheet.className = `sheet ${tool}`;
  }

  /** @param {import("./edit_state.js").Item | null} item @param {boolean} editable */
  show(item, editable) {
    this.box.hidden = !item;
    if (!item) return;
    setPlace(this.box, item.box);
    for (const handle of this.handles) handle.hidden = !editable || !item.movable;
    this.box.classList.toggle("movable", editable && item.movable);
  }

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const { left, top, width, height } = this.over.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0 || !this.box.classList.contains("movable")) return;
    const edges = /** @type {HTMLElement} */ (event.target).dataset.edge ?? "",
      gesture = `drag ${(this.#drags += 1)}`;
    let last = this.at(event);
    this.#follow(event, this.box, (to) => {
      this.acts.drag(/** @type {import("./edges.js").Edge | ""} */ (edges), to.x - last.x, to.y - last.y, gesture);
      last = to;
    });
  }

  /** @param {PointerEvent} event */
  #draw(event) {
    if (event.button !== 0) return;
    const from = this.at(event);
    const moved = (/** @type {Point} */ to) => this.acts.drawing(from, to);
    this.#follow(event, this.sheet, moved, (to) => this.acts.drawn(from, to));
  }

  // Hears of the pointer until it is released; two fingers that zoom end it as well.
  /** @param {PointerEvent} event @param {HTMLElement} on @param {(to: Point) => unknown} moved @param {(to: Point) => unknown} [done] */
  #follow(event, on, moved, done) {
    event.preventDefault();
    event.stopPropagation(); // the screen may let people choose a region by dragging
    on.setPointerCapture(event.pointerId);
    const ends = new AbortController(),
      { signal } = ends;
    on.addEventListener("pointermove", (now) => moved(this.at(now)), { signal });
    const end = (/** @type {PointerEvent} */ now) => {
      ends.abort();
      this.sketch.hidden = true;
      if (now.type === "pointerup") done?.(this.at(now));
    };
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) on.addEventListener(name, end, { signal });
  }

  // The box that is being drawn; null: none.
  /** @param {number[] | null} box */
  outline(box) {
    this.sketch.hidden = !box;
    if (box) setPlace(this.sketch, box);
  }
}

/** @param {HTMLElement} element @param {number[]} box */
function setPlace(element, [x0, y0, x1, y1]) {
  const percent = (/** @type {number} */ side) => `${side * 100}%`;
  const [left, top, width, height] = [x0, y0, x1 - x0, y1 - y0].map(percent);
  Object.assign(element.style, { left, top, width, height });
}
