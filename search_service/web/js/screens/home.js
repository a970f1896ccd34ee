// The home of a project: what to do next, what is in it, and how far it is. It shows something from the first moment on.
import { api } from "../api.js";
import { add, h, put, renew } from "../dom.js";
import { FootagePanel } from "../footage/panel.js";
import { labelTable, stateRows, workRows } from "../home/counts.js";
import { nextStep } from "../home/next_step.js";
import { Sample } from "../home/sample.js";
import { hitsIn, imagesRow, videoRow } from "../home/strip.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { takeImages } from "../search/intake.js";

const BUSY = 3000, // milliseconds between two looks
  QUIET = 15_000,
  HITS = 200;

/** @param {ScreenContext} context @returns {OpenedScreen} */
export function open(context) {
  const screen = new HomeScreen(context);
  attempt(() => screen.load()).finally(() => screen.follow());
  return { update: () => {} };
}

class HomeScreen {
  #hits = /** @type {{ query: string, hits: Api.Hit[] } | null} */ (null);
  #home = /** @type {Api.Home | null} */ (null);

  /** @param {ScreenContext} context */
  constructor({ root, project, signal }) {
    this.project = project;
    this.signal = signal;
    this.base = `/projects/${project.id}`;
    this.next = h("section", { class: "panel next", "aria-labelledby": "h-next" }, h("h2", { id: "h-next" }, t("common.loading")));
    this.work = h("ul", { class: "work" });
    this.working = panel("work", this.work);
    this.sample = new Sample({ project, signal });
    this.legend = h("p", { class: "legend" });
    this.videos = h("ul", { class: "video-rows" });
    this.footage = new FootagePanel({ project, signal, arrived: () => attempt(() => this.load()) });
    this.seen = panel("videos", this.legend, this.videos);
    this.states = h("ul", { class: "states" });
    this.labels = h("div", {});
    const counts = h("div", { class: "columns" }, panel("states", this.states), panel("labels", this.labels));
    for (const part of [this.working, this.seen]) part.hidden = true;
    root.dataset.drop = t("footage.drop");
    add(root, h("h1", {}, project.title), this.next, this.working, this.footage.root, this.sample.root, this.seen, counts);
    const take = (/** @type {File[]} */ files) => this.footage.take(files);
    takeImages({ root, signal, take: (file) => take([file]), takeFootage: take });
  }

  async load() {
    const first = !this.#home;
    /** @type {Api.Home} */
    const home = await api(`${this.base}/home`, { signal: this.signal });
    this.#home = home;
    this.#show(home);
    if (home.states.embedded && first) this.#showHits().catch(() => {});
    await this.sample.show(home.states);
  }

  // Looks again, sooner while something is under way.
  follow() {
    if (this.signal.aborted) return;
    const busy = this.#home && (this.#home.under_way.length > 0 || this.#home.states.waiting > 0 || !this.#home.states.images);
    const timer = setTimeout(async () => {
      if (!document.hidden) await this.load().catch(() => {});
      this.follow();
    }, busy ? BUSY : QUIET);
    this.signal.addEventListener("abort", () => clearTimeout(timer));
  }

  /** @param {Api.Home} home */
  #show(home) {
    renew(this.next, nextStep(home, () => this.#addFiles()));
    const work = workRows(home);
    this.working.hidden = !work.length;
    renew(this.work, work);
    put(this.states, stateRows(home.states));
    put(this.labels, labelTable(home.labels));
    this.#showVideos(home);
  }

  /** @param {Api.Home} home */
  #showVideos({ videos, bins, more_videos: n, others, loose }) {
    const hits = hitsIn(videos, bins, this.#hits?.hits ?? []);
    this.seen.hidden = !videos.length && !loose.images;
    const kinds = ["seen", "predicted", "annotated"].map((kind) => h("span", { class: `key ${kind}` }, t(`home.${kind}`)));
    put(this.legend, kinds, this.#hits && h("span", { class: "key found" }, t("home.hits", { query: this.#hits.query })));
    renew(
      this.videos,
      videos.map((video) => videoRow(video, bins, hits.get(video.name) ?? new Set())),
      imagesRow(t("home.others", { n, count: number(n) }), others),
      imagesRow(t("home.loose"), loose),
    );
  }

  // Where the last search by words has likely hits.
  async #showHits() {
    const { searches } = await api(`${this.base}/searches?limit=1`, { signal: this.signal });
    const text = searches[0]?.ask.text;
    if (!text || !this.#home) return;
    /** @type {Api.Found} */
    const { hits } = await api(`${this.base}/search`, { json: { text, limit: HITS, record: false }, signal: this.signal });
    this.#hits = { query: text, hits: hits.filter(({ relevance }) => relevance === "likely") };
    this.#showVideos(this.#home);
  }

  #addFiles() {
    this.footage.root.open = true;
    this.footage.root.scrollIntoView({ block: "nearest" });
    if (this.#home?.next === "add" && !this.#home.next_count) this.footage.files.click();
    else this.footage.root.querySelector("summary")?.focus();
  }
}

/** @param {string} name @param {...Child} content */
function panel(name, ...content) {
  const id = `h-${name}`;
  return h("section", { class: `panel ${name}`, "aria-labelledby": id }, h("h2", { id }, t(`home.${name}`)), content);
}
