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
  #rule = /** @type {Api.CutRule | null} */ (null);

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
    this.always = h("input", { id: "cut-always", type: "checkbox" });
    const always = h("label", { class: "check", title: t("footage.alwaysHelp") }, this.always, t("footage.always"));
    this.offer = h("div", { class: "stack" }, this.said, cutting, always, this.button);
    this.ruled = h("p", { id: "cut-rule", hidden: true });
    this.root = h("div", { class: "uploaded", hidden: true }, this.offer, this.ruled);
  }

  // Whether there are any that were not cut.
  get any() {
    return this.#new.length > 0;
  }

  async load() {
    if (!this.project.sync.videos && !this.any) return;
    this.#take(await api(`/projects/${this.project.id}/video-files`, { signal: this.signal }));
  }

  /** @param {{ files: Api.VideoFile[], rule: Api.CutRule | null }} found */
  #take({ files, rule }) {
    this.#new = rule ? [] : files.filter(({ state }) => state === "new"); // by the rule they are about to be cut
    this.#rule = rule;
    this.#show();
  }

  #show() {
    const n = this.#new.length,
      now = `${this.#new.map(({ task }) => task).join()} ${JSON.stringify(this.#rule)}`;
    this.root.hidden = !n && !this.#rule;
    this.offer.hidden = !n;
    this.ruled.hidden = !this.#rule;
    if (now === this.#shown) return;
    this.#shown = now;
    const names = this.#new.slice(0, SHOWN).map(({ name }) => name);
    const rest = n > SHOWN ? ` ${t("footage.more", { n: number(n - SHOWN) })}` : "";
    put(this.said, t("footage.uploaded", { n, count: number(n) }), " ", h("span", { class: "muted" }, names.join(", "), rest));
    put(this.button, t("footage.cut", { n, count: number(n) }));
    const { fps, scene } = this.#rule ?? { fps: "", scene: 0 };
    const stop = actionButton(t("footage.ruleOff"), () => this.#setRule({ on: false }), { id: "cut-rule-off" });
    put(this.ruled, t(scene ? "footage.ruleChanges" : "footage.rule", { fps }), " ", stop);
  }

  /** @param {object} json */
  async #setRule(json) {
    this.#take(await api(`/projects/${this.project.id}/video-files/rule`, { method: "PUT", json }));
  }

  async #cut() {
    const tasks = this.#new.map(({ task }) => task);
    await api(`/projects/${this.project.id}/video-files/cut`, { json: { tasks, ...this.how() } });
    this.#new = [];
    if (this.always.checked) await this.#setRule(this.how());
    else this.#show();
    this.always.checked = false;
    await this.begun();
  }
}
