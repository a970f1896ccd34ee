// The hits of one ask, fetched a page after the other. A new ask has a new answer; the old one is dropped.
import { find } from "./ask.js";

const FIRST = 100; // hits: enough for a large screen at once …
const NEXT = 200; // … and the others while the person looks
const PAGE = 1000; // hits in an answer, when all are to be selected
export const MOST = 2000; // hits that are loaded to find something among them

export class Answer {
  #busy = /** @type {Promise<void> | null} */ (null);
  #dropped = false;
  found = /** @type {Api.Found | null} */ (null); // the last page
  offset = 0; // how many are loaded …
  end = 0; // … of how many that can be

  /** @param {{ base: string, ask: Ask, signal: AbortSignal, onpage: (found: Api.Found) => void }} given */
  constructor({ base, ask, signal, onpage }) {
    this.base = base;
    this.ask = ask;
    this.signal = signal;
    this.onpage = onpage;
  }

  // Whether there are hits that are not loaded.
  get more() {
    return this.offset < this.end;
  }

  drop() {
    this.#dropped = true;
  }

  // Load the next page; a second call while one is under way waits for that one. Resolves to how many images are not
  // embedded yet.
  async load() {
    if (!this.found || this.more) {
      this.#busy ??= this.#page().finally(() => {
        this.#busy = null;
      });
      await this.#busy;
    }
    return this.found?.waiting ?? 0;
  }

  // Load on while `wanted()` says so, as far as the page goes.
  /** @param {() => boolean} wanted */
  async loadWhile(wanted) {
    while (this.offset < Math.min(this.end, MOST) && wanted() && !this.#dropped) await this.load();
  }

  // The tasks of all that was ranked, not only of what is loaded; null once another question was asked. An approximate
  // answer ends where it can be paged to.
  async every() {
    const tasks = /** @type {number[]} */ ([]);
    for (;;) {
      const found = await find(this.base, this.ask, PAGE, tasks.length, this.signal, false);
      tasks.push(...found.hits.map((hit) => hit.task));
      if (this.#dropped) return null;
      if (!found.hits.length || tasks.length >= Math.min(found.window, found.total)) return tasks;
    }
  }

  async #page() {
    const found = await find(this.base, this.ask, this.offset ? NEXT : FIRST, this.offset, this.signal);
    if (this.#dropped || this.signal.aborted) return;
    const began = performance.now();
    this.offset += found.hits.length;
    this.end = found.hits.length ? Math.min(found.window, found.total) : this.offset;
    this.found = found;
    this.onpage(found);
    requestAnimationFrame(() =>
      setTimeout(() => performance.measure("argus-paint", { start: began, end: performance.now() })),
    );
  }
}
