// Which of many things are chosen, by clicks, ranges and all at once. It knows nothing of the document.

/** @template Key */
export class Choice {
  #chosen = /** @type {Set<Key>} */ (new Set());
  #anchor = /** @type {Key | null} */ (null); // where a range begins

  get size() {
    return this.#chosen.size;
  }

  /** @param {Key} key */
  has(key) {
    return this.#chosen.has(key);
  }

  // Those of `order` that are chosen, in its order.
  /** @param {Key[]} order */
  of(order) {
    return order.filter((key) => this.#chosen.has(key));
  }

  /** @param {Key} key */
  toggle(key) {
    if (!this.#chosen.delete(key)) this.#chosen.add(key);
    this.#anchor = key;
  }

  // All from the last one that was toggled to this one.
  /** @param {Key} key @param {Key[]} order */
  extend(key, order) {
    const from = this.#anchor === null ? -1 : order.indexOf(this.#anchor),
      to = order.indexOf(key);
    if (from < 0) this.toggle(key);
    else for (const one of order.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#chosen.add(one);
  }

  /** @param {Key[]} keys */
  add(keys) {
    for (const key of keys) this.#chosen.add(key);
  }

  clear() {
    this.#chosen.clear();
    this.#anchor = null;
  }

  // Only what is there can be chosen.
  /** @param {Key[]} order */
  keep(order) {
    const there = new Set(order);
    for (const key of this.#chosen) if (!there.has(key)) this.#chosen.delete(key);
  }
}
