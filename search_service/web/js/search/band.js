// A rubber band over the grid: the hits under it are chosen. Only for a mouse or a pen; a finger scrolls.
import { around, h } from "../dom.js";

const DRAG_FROM = 6; // pixels a pointer must move before it is a drag
const EDGE = 60; // pixels from the window's edge where a drag scrolls

/**
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ wide: number, high: number, across: number }} Cells a card's width and height with its gap, and how many stand in a row
 */

/** @type {(a: Point, b: Point) => { x0: number, y0: number, x1: number, y1: number }} */
export const rectangle = (a, b) => ({
  x0: Math.min(a.x, b.x),
  y0: Math.min(a.y, b.y),
  x1: Math.max(a.x, b.x),
  y1: Math.max(a.y, b.y),
});

// Every card has the same size, so the ones under the band follow from arithmetic, without a look at each. Returns the
// places of the cards, row by row; some may lie behind the last card.
/** @param {ReturnType<typeof rectangle>} band @param {Cells} cells */
export function placesUnder({ x0, y0, x1, y1 }, { wide, high, across }) {
  const places = [];
  const last = Math.min(across - 1, Math.floor(x1 / wide));
  for (let row = Math.max(0, Math.floor(y0 / high)); row <= Math.floor(y1 / high); row += 1)
    for (let column = Math.max(0, Math.floor(x0 / wide)); column <= last; column += 1)
      places.push(row * across + column);
  return places;
}

export class RubberBand {
  #from = /** @type {Point | null} */ (null);
  #latest = /** @type {Point} */ ({ x: 0, y: 0 });
  #band = /** @type {HTMLElement | null} */ (null);
  #before = /** @type {number[]} */ ([]);
  #moving = 0;
  dragged = false; // also while the click that ends a drag is told

  // `cells()` measures the grid, `tasksAt(places)` names what stands there.
  /**
   * @param {object} given
   * @param {HTMLElement} given.root
   * @param {ScreenContext["selection"]} given.selection
   * @param {AbortSignal} given.signal
   * @param {() => Cells | null} given.cells
   * @param {(places: number[]) => number[]} given.tasksAt
   */
  constructor({ root, selection, signal, cells, tasksAt }) {
    this.root = root;
    this.selection = selection;
    this.cells = cells;
    this.tasksAt = tasksAt;
    root.addEventListener("pointerdown", (event) => this.#press(event));
    window.addEventListener("pointermove", (event) => this.#move(event), { signal });
    window.addEventListener("pointerup", () => this.#release(), { signal });
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.pointerType === "touch" || event.button !== 0 || around(event, ".actions, .pick")) return;
    this.dragged = false;
    this.#from = this.#at(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const from = this.#from;
    if (!from) return;
    const at = this.#at(event);
    if (!this.dragged && Math.hypot(at.x - from.x, at.y - from.y) < DRAG_FROM) return;
    if (!this.dragged) {
      this.dragged = true;
      this.#before = event.shiftKey || event.ctrlKey || event.metaKey ? this.selection.list() : [];
      this.#band = h("div", { class: "band-select" });
      this.root.parentElement?.append(this.#band);
    }
    event.preventDefault();
    this.#latest = at;
    this.#moving ||= requestAnimationFrame(() => this.#stretch());
    if (event.clientY < EDGE) window.scrollBy(0, -EDGE / 2);
    if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, EDGE / 2);
  }

  #release() {
    if (this.#moving) {
      cancelAnimationFrame(this.#moving);
      this.#stretch(); // a quick hand is ahead of the last frame
    }
    this.#from = null;
    this.#band?.remove();
    this.#band = null;
    setTimeout(() => {
      this.dragged = false;
    }); // after the click that ends the drag
  }

  #stretch() {
    this.#moving = 0;
    const cells = this.cells();
    if (!this.#band || !this.#from || !cells) return;
    const band = rectangle(this.#from, this.#latest);
    Object.assign(this.#band.style, {
      left: `${this.root.offsetLeft + band.x0}px`,
      top: `${this.root.offsetTop + band.y0}px`,
      width: `${band.x1 - band.x0}px`,
      height: `${band.y1 - band.y0}px`,
    });
    this.selection.replace([...this.#before, ...this.tasksAt(placesUnder(band, cells))]);
  }
}
