// A search whose answer is not complete is asked again by itself: images are still being embedded.
import { Problem } from "../api.js";

const FIRST = 2000; // ms until it is asked again, and again as soon while more and more is embedded …
const SLOWER = 1.5; // … else so much later each time …
const LONGEST = 15000; // … up to this

// What an answer says is still to be embedded; null: the answer is complete, or will not become so by waiting.
/** @typedef {number | null} Waiting */

/** @param {unknown} error @returns {Waiting} */
export const waitingOf = (error) =>
  error instanceof Problem && error.code === "not_ready" ? Number(error.body.details?.waiting ?? 0) : null;

export class Again {
  #timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  #pause = FIRST;

  // `ask()` asks once more and resolves to what still waits; `busy()` says that the person works with what is shown,
  // which stays as it is then.
  /** @param {{ ask: () => Promise<Waiting>, busy: () => boolean, signal: AbortSignal }} given */
  constructor({ ask, busy, signal }) {
    this.ask = ask;
    this.busy = busy;
    signal.addEventListener("abort", () => this.stop());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pause = FIRST;
  }

  // After an answer of which so much waits.
  /** @param {Waiting} waiting */
  after(waiting) {
    this.stop();
    this.#plan(waiting);
  }

  /** @param {Waiting} waiting */
  #plan(waiting) {
    if (waiting !== null) this.#timer = setTimeout(() => this.#once(waiting), this.#pause);
  }

  /** @param {number} before */
  async #once(before) {
    const timer = this.#timer;
    let waiting = /** @type {Waiting} */ (before);
    if (!this.busy()) waiting = await this.ask().catch(() => before); // the connection may come back
    if (timer !== this.#timer) return; // stopped meanwhile, or something else is asked
    this.#pause = waiting !== null && waiting < before ? FIRST : Math.min(this.#pause * SLOWER, LONGEST);
    this.#plan(waiting);
  }
}
