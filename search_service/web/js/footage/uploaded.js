// Videos that somebody uploaded in Label Studio, where each makes one task without a picture: the offer to cut them into
// frames, as files that are sent in are.
import { api } from "../api.js";
import { h, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";

const SHOWN = 3; // names

export class UploadedVideos {
  #new = /** @type {Api.VideoFile[]} */ ([]);
  #shown = "";

  // `cutting()` says how they are to be cut, `begun()` is called when they are about to be.
  /**
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {AbortSignal} given.signal
   * @param {HTMLElement} given.cutting
   * @param {() => import("./uploads.js").Cutting} given.how
   * @param {() => unknown} given.begun
   */
  constructor({ project, signal, cutting, how, begun }) {
    this.project = project;
    this.signal = signal;
    this.cutting = cutting;
    this.how = how;
    this.begun = begun;
    this.said = h("p", { id: "uploaded-videos" });
    this.button = actionButton("", () => this.#cut(), { id: "cut-videos", class: "primary" });
    this.root = h("div", { class: "uploaded", hidden: true }, this.said, cutting, this.button);
  }

  // Whether there are any that were not cut.
  get any() {
    return this.#new.length > 0;
  }

  async load() {
    if (!this.project.sync.videos && !this.any) return;
    /** @type {{ files: Api.VideoFile[] }} */
    const { files } = await api(`/projects/${this.project.id}/video-files`, { signal: this.signal });
    this.#new = files.filter(({ state }) => state === "new");
    this.#show();
  }

  #show() {
    const n = this.#new.length,
      now = this.#new.map(({ task }) => task).join();
    this.root.hidden = !n;
    if (now === this.#shown) return;
    this.#shown = now;
    const names = this.#new.slice(0, SHOWN).map(({ name }) => name);
    const rest = n > SHOWN ? ` ${t("footage.more", { n: number(n - SHOWN) })}` : "";
    put(this.said, t("footage.uploaded", { n, count: number(n) }), " ", h("span", { class: "muted" }, names.join(", "), rest));
    put(this.button, t("footage.cut", { n, count: number(n) }));
  }

  async #cut() {
    const tasks = this.#new.map(({ task }) => task);
    await api(`/projects/${this.project.id}/video-files/cut`, { json: { tasks, ...this.how() } });
    this.#new = [];
    this.#show();
    await this.begun();
  }
}
