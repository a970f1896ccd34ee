// A project's uploads: those that this tab sends, and what the service says of all of them. They go on while the person
// uses other screens.
import { api, isAbort, Problem, request } from "../api.js";
import { send } from "./tus.js";

const AT_ONCE = 2;
export const OVER = new Set(["done", "failed", "cancelled"]);

/** @typedef {{ fps: string, scene: number }} Cutting */
/**
 * A file of this tab. `waits`: why it does not go on for now; `problem`: why it ended.
 * @typedef {{ file: File, cutting: Cutting, id: string | null, sent: number, state: "waiting" | "sending" | "failed",
 *   waits: Problem | null, problem: Problem | null, stop: AbortController }} Sending
 */

/** @type {Map<number, Uploads>} */
const known = new Map();

/** @param {number} project */
export function uploadsOf(project) {
  const found = known.get(project) ?? new Uploads(project);
  known.set(project, found);
  return found;
}

export class Uploads extends EventTarget {
  sendings = /** @type {Sending[]} */ ([]);
  stored = /** @type {Api.Upload[]} */ ([]);
  limits = /** @type {Api.UploadLimits | null} */ (null);

  /** @param {number} project */
  constructor(project) {
    super();
    this.path = `/projects/${project}/uploads`;
  }

  /** @param {AbortSignal} [signal] */
  async load(signal) {
    /** @type {{ uploads: Api.Upload[], limits: Api.UploadLimits }} */
    const { uploads, limits } = await api(this.path, { signal });
    Object.assign(this, { stored: uploads.filter(({ purpose }) => purpose === "frames"), limits });
    this.#changed();
  }

  // Send files; one that was cut off goes on where it stands.
  /** @param {{ file: File, cutting: Cutting }[]} files */
  add(files) {
    for (const { file, cutting } of files) {
      const old = this.interrupted(file);
      this.sendings.push({
        ...{ file, cutting, id: old?.id ?? null, sent: old?.received ?? 0, state: "waiting" },
        ...{ waits: null, problem: null, stop: new AbortController() },
      });
    }
    this.#next();
  }

  // The upload of this file that stopped on its way, if there is one.
  /** @param {File} file */
  interrupted({ name, size, lastModified }) {
    return this.stored.find(
      (one) =>
        this.isInterrupted(one) && one.name === name && one.size === size && one.modified === String(lastModified),
    );
  }

  /** @param {Api.Upload} one */
  isInterrupted(one) {
    return one.state === "receiving" && !this.sendings.some((mine) => mine.id === one.id);
  }

  // Whether something is under way that the service knows more about than this tab.
  get busy() {
    return this.stored.some(({ state }) => state === "queued" || state === "running");
  }

  get sending() {
    return this.sendings.some(({ state }) => state !== "failed");
  }

  /** @param {Sending} mine */
  async drop(mine) {
    mine.stop.abort();
    this.sendings = this.sendings.filter((one) => one !== mine);
    if (mine.id) await this.remove(mine.id);
    this.#next();
  }

  /** @param {Sending} mine */
  again(mine) {
    Object.assign(mine, { state: "waiting", problem: null, waits: null, stop: new AbortController() });
    this.#next();
  }

  // Cancel an upload or its import; forget one that is over.
  /** @param {string} id */
  async remove(id) {
    await request(`${this.path}/${id}`, { method: "DELETE" });
    await this.load();
  }

  /** @param {string} id */
  async retry(id) {
    await api(`${this.path}/${id}/retry`, { method: "POST" });
    await this.load();
  }

  #next() {
    const free = AT_ONCE - this.sendings.filter(({ state }) => state === "sending").length;
    for (const mine of this.sendings.filter(({ state }) => state === "waiting").slice(0, Math.max(0, free)))
      this.#send(mine);
    this.#changed();
  }

  /** @param {Sending} mine */
  async #send(mine) {
    mine.state = "sending";
    const { fps, scene } = mine.cutting;
    const told = (/** @type {Partial<Sending>} */ what) => {
      Object.assign(mine, what);
      this.#changed();
    };
    try {
      await send({
        ...{ path: this.path, file: mine.file, id: mine.id, signal: mine.stop.signal },
        ...{ told: { fps, scene: String(scene) } },
        began: ({ id }) => told({ id }),
        sent: (sent) => told({ sent, waits: null }),
        waits: (waits) => told({ waits }),
      });
      await this.load().catch(() => {});
      this.sendings = this.sendings.filter((one) => one !== mine);
    } catch (error) {
      if (isAbort(error)) return;
      told({ state: "failed", problem: error instanceof Problem ? error : new Problem(String(error)) });
    }
    this.#next();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

// Closing the tab would cut off what it sends.
window.addEventListener("beforeunload", (event) => {
  if ([...known.values()].some((one) => one.sending)) event.preventDefault();
});
