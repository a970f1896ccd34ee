// What a person does to the objects of a picture, step by step and back. It knows nothing of the document.
import { moveBox } from "./edges.js";

/**
 * @typedef {Api.Box} Box
 * @typedef {object} Item an object as it is now; `was` is what it was when the picture was opened, null: it is added
 * @property {number} key
 * @property {string} label
 * @property {number | null} score
 * @property {Box} box
 * @property {boolean} movable
 * @property {number[][][]} rings
 * @property {HTMLCanvasElement | null} shade
 * @property {{ segment: number, box: Box } | null} found by a click, and its box then
 * @property {{ object: string, label: string, box: Box } | null} was
 */

/** @param {Api.Region} one @param {number} key @returns {Item} */
const itemOf = ({ object, label, score, box, movable, rings }, key) => ({
  key,
  label,
  score,
  box,
  movable,
  rings,
  shade: null,
  found: null,
  was: { object, label, box },
});

/** @type {(one: Box, other: Box) => boolean} */
const same = (one, other) => one.every((side, place) => Math.abs(side - other[place]) < 1e-5);

export class EditState {
  #begin;
  #items;
  #past = /** @type {{ items: Item[], selected: number | null }[]} */ ([]);
  #gesture = ""; // what one undo takes back together
  #next;
  selected = /** @type {number | null} */ (null);

  /** @param {Api.Region[]} objects */
  constructor(objects) {
    this.#begin = objects.map(itemOf);
    this.#items = this.#begin;
    this.#next = objects.length;
  }

  get items() {
    return this.#items;
  }

  get current() {
    return this.#items.find((one) => one.key === this.selected) ?? null;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get dirty() {
    const { changes, added } = this.request();
    return changes.length + added.length > 0;
  }

  /** @param {number | null} key */
  select(key) {
    this.#gesture = "";
    this.selected = this.#items.some((one) => one.key === key) ? key : null;
  }

  // To the next object, or by -1 the one before, of those that are shown.
  /** @param {number} by @param {Item[]} [among] */
  step(by, among = this.#items) {
    if (!among.length) return;
    const at = among.findIndex((one) => one.key === this.selected);
    const to = at < 0 ? (by > 0 ? 0 : among.length - 1) : (at + by + among.length) % among.length;
    this.select(among[to].key);
  }

  // Deletes the selected object and selects none, or one would press Delete once too often.
  remove() {
    const gone = this.current;
    if (!gone) return null;
    this.#put(this.#items.filter((one) => one !== gone));
    this.selected = null;
    return gone;
  }

  /** @param {string} label */
  relabel(label) {
    const { current } = this;
    if (!current || current.label === label) return null;
    return this.#change({ label });
  }

  // A gesture is one drag, or arrow keys one after another: one undo takes it back.
  /** @param {Box} box @param {string} gesture */
  place(box, gesture) {
    const { current } = this;
    if (!current?.movable || same(current.box, box)) return null;
    return this.#change({ box }, `${gesture} ${current.key}`);
  }

  /** @param {number} x @param {number} y @param {string} gesture */
  move(x, y, gesture) {
    return this.current && this.place(moveBox(this.current.box, x, y), gesture);
  }

  /** @param {Pick<Item, "label" | "box"> & Partial<Item>} one */
  add(one) {
    const item = { score: null, movable: true, rings: [], shade: null, found: null, ...one, key: this.#next, was: null };
    this.#next += 1;
    this.#put([...this.#items, item]);
    this.selected = item.key;
    return item;
  }

  // What was said of an object elsewhere: its right label, or null when it is wrong. The selection stays, if it can.
  /** @param {string} object @param {string | null} label */
  apply(object, label) {
    const { selected } = this,
      item = this.#items.find((one) => one.was?.object === object);
    if (!item || item.label === label) return false;
    this.select(item.key);
    if (label === null) this.remove();
    else this.relabel(label);
    this.select(selected);
    return true;
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return false;
    this.#items = before.items;
    this.selected = before.selected;
    this.#gesture = "";
    return true;
  }

  // As the picture was opened; undo brings the changes back.
  reset() {
    if (!this.dirty) return false;
    this.#put(this.#begin);
    this.select(this.selected);
    return true;
  }

  // What the server is to be told.
  request() {
    const here = new Map(this.#items.map((one) => [one.key, one]));
    const changes = this.#begin.flatMap(({ key, was }) => (was ? changeOf(was, here.get(key)) : []));
    const added = this.#items.filter((one) => !one.was).map(additionOf);
    return { changes, added };
  }

  /** @param {Partial<Item>} change @param {string} gesture */
  #change(change, gesture = "") {
    const { current } = this;
    this.#put(
      this.#items.map((one) => (one === current ? { ...one, ...change } : one)),
      gesture,
    );
    return this.current;
  }

  /** @param {Item[]} items @param {string} gesture */
  #put(items, gesture = "") {
    if (!gesture || gesture !== this.#gesture) this.#past.push({ items: this.#items, selected: this.selected });
    this.#gesture = gesture;
    this.#items = items;
  }
}

// What a click found goes by its number, with a box only if that was moved.
/** @param {Item} one */
const additionOf = ({ label, box, found }) =>
  found ? { label, segment: found.segment, box: same(box, found.box) ? null : box } : { label, box };

/** @typedef {{ object: string, label: string, deleted?: boolean, new_label?: string, box?: Box }} Change */
/** @param {NonNullable<Item["was"]>} was @param {Item | undefined} now @returns {Change[]} */
function changeOf(was, now) {
  const { object, label } = was;
  if (!now) return [{ object, label, deleted: true }];
  const change = {
    ...(now.label !== label && { new_label: now.label }),
    ...(!same(now.box, was.box) && { box: now.box }),
  };
  return Object.keys(change).length ? [{ object, label, ...change }] : [];
}
