// Boxes and their edges, as fractions of the picture's sides: [left, top, right, bottom].

/** @typedef {Api.Box} Box */
/** @typedef {"n" | "s" | "w" | "e" | "nw" | "ne" | "sw" | "se"} Edge */

export const EDGES = /** @type {const} */ (["nw", "n", "ne", "e", "se", "s", "sw", "w"]);
const STEP = 0.005, // for an arrow key
  LEAST = 0.004; // a box keeps at least this of a side
/** @type {Record<string, [number, number]>} */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {(value: number, low?: number, high?: number) => number} */
const within = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);
/** @type {(box: number[]) => Box} */
const rounded = (box) => /** @type {Box} */ (box.map((side) => Math.round(side * 1e5) / 1e5));

// The box with some of its edges moved; they stay in the picture and never cross.
/** @type {(box: Box, edges: Edge, x: number, y: number) => Box} */
export function moveEdges([x0, y0, x1, y1], edges, x, y) {
  const has = (/** @type {string} */ edge) => edges.includes(edge);
  return rounded([
    has("w") ? within(x0 + x, 0, x1 - LEAST) : x0,
    has("n") ? within(y0 + y, 0, y1 - LEAST) : y0,
    has("e") ? within(x1 + x, x0 + LEAST) : x1,
    has("s") ? within(y1 + y, y0 + LEAST) : y1,
  ]);
}

// The whole box moved, as far as the picture goes.
/** @type {(box: Box, x: number, y: number) => Box} */
export function moveBox([x0, y0, x1, y1], x, y) {
  const right = within(x, -x0, 1 - x1),
    down = within(y, -y0, 1 - y1);
  return rounded([x0 + right, y0 + down, x1 + right, y1 + down]);
}

// After an arrow key: the box moves; with Shift its right and lower edges do, with Ctrl its left and upper ones.
/** @type {(box: Box, key: string, held: { shift: boolean, ctrl: boolean }) => Box} */
export function nudged(box, key, { shift, ctrl }) {
  const [x, y] = ARROWS[key].map((way) => way * STEP);
  if (!shift && !ctrl) return moveBox(box, x, y);
  return moveEdges(box, shift ? "se" : "nw", x, y);
}

// The box between two corners; null for one that is hardly more than a click.
/** @type {(a: { x: number, y: number }, b: { x: number, y: number }) => Box | null} */
export function between(a, b) {
  const box = rounded([Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)].map((v) => within(v)));
  return box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST ? box : null;
}

/** @param {Box} box */
const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);

// The smallest of the objects whose box holds a point, so that a small one on a large one can be reached.
/**
 * @template {{ box: Box }} One
 * @param {One[]} objects
 * @param {{ x: number, y: number }} point
 * @returns {One | undefined}
 */
export const hitAt = (objects, { x, y }) =>
  objects
    .filter(({ box: [x0, y0, x1, y1] }) => x >= x0 && x <= x1 && y >= y0 && y <= y1)
    .sort((one, other) => area(one.box) - area(other.box))[0];
