// What a run would find, on a dozen of its images: boxes and masks, with thresholds that act at once.
import { api, picture, Problem } from "../api.js";
import { h } from "../dom.js";
import { Histogram } from "../histogram.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { LargePicture } from "../picture/large.js";
import { colourOf } from "../pictures.js";
import { drawObjects, shadeOfBits } from "../regions.js";

const POLL = 600,
  WIDTH = 640,
  BINS = 100,
  MOST = 20; // labels, as the server takes them

/**
 * @typedef {Record<string, number>} Thresholds by label
 * @typedef {Api.PreviewedTask & { root: HTMLElement, layer: HTMLElement, line: HTMLElement }} Shown
 */

// How many scores fall into each of equal steps from 0 to 1.
/** @param {number[]} scores */
export function countsOf(scores, bins = BINS) {
  const counts = new Array(bins).fill(0);
  for (const score of scores) counts[Math.min(bins - 1, Math.floor(score * bins + 1e-6))] += 1;
  return counts;
}

export class PreviewPanel {
  #round = 0;
  #shown = /** @type {Shown[]} */ ([]);
  #plots = /** @type {Map<string, Histogram>} */ (new Map());

  // `ondone`: images were looked at, and are known to the model now.
  /**
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {import("./source.js").SourceForm} given.source
   * @param {import("./labels.js").LabelForm} given.labels
   * @param {AbortSignal} given.signal
   * @param {() => unknown} given.ondone
   */
  constructor({ project, source, labels, signal, ondone }) {
    this.project = project;
    this.path = `/projects/${project.id}/preview`;
    this.source = source;
    this.labels = labels;
    this.signal = signal;
    this.ondone = ondone;
    const hint = t("annotate.previewHint", { most: MOST });
    this.text = h("p", { id: "preview-text", class: "muted", role: "status" }, hint);
    this.grid = h("ul", { class: "preview-grid" });
    this.charts = h("div", { class: "charts" });
    const button = actionButton(t("annotate.preview"), () => this.#start(), { id: "preview" });
    this.large = this.#makeLarge();
    this.root = h(
      "section",
      { class: "panel previews", "aria-label": t("annotate.preview") },
      h("div", { class: "bar" }, h("h2", {}, t("annotate.preview")), button),
      this.text,
      this.charts,
      this.grid,
    );
  }

  // One of the images in large, with what is above the thresholds. Nothing of it is stored yet, so nothing can be changed.
  #makeLarge() {
    const objects = (/** @type {number} */ task) => {
      const thresholds = this.labels.thresholds(),
        found = this.#shown.find((one) => one.task === task)?.objects ?? [];
      const shown = found.filter(({ label, score }) => score >= thresholds[label]);
      return shown.map((one) => ({ ...one, object: "", movable: false, rings: [], mask: null }));
    };
    const order = () => this.#shown.filter((one) => one.state === "done").map((one) => one.task);
    const { project, signal } = this;
    return new LargePicture({ id: "preview-large", project, signal, screen: { order, objects } });
  }

  // After a threshold moved: no model, no request.
  redraw() {
    const thresholds = this.labels.thresholds();
    for (const one of this.#shown) this.#draw(one);
    const objects = this.#shown.flatMap((one) => one.objects);
    for (const [label, plot] of this.#plots) {
      plot.move("threshold", thresholds[label]);
      plot.draw(countsOf(objects.filter((object) => object.label === label).map((object) => object.score)));
    }
    if (this.#shown.length) this.#say(thresholds);
  }

  async #start() {
    const images = this.source.body(),
      concepts = this.labels.concepts();
    if (!concepts.length) throw new Problem(t("annotate.noLabel"));
    if (concepts.length > MOST)
      throw new Problem(t("annotate.previewMost", { most: MOST, n: number(concepts.length) }));
    if (!images) throw new Problem(t("annotate.nothing"));
    const { signal } = this,
      mine = ++this.#round;
    let found = await this.#ask({ ...images, concepts, retry: true });
    this.#build(
      found.tasks,
      concepts.map((one) => one.label),
    );
    const again = { task_ids: found.tasks.map((one) => one.task), concepts };
    for (;;) {
      this.#update(found.tasks);
      if (found.ready && !signal.aborted) this.ondone();
      if (found.ready || mine !== this.#round || signal.aborted) return;
      await new Promise((wake) => {
        setTimeout(wake, POLL);
      });
      found = await this.#ask(again);
      if (mine !== this.#round) return;
    }
  }

  /** @param {unknown} json @returns {Promise<{ ready: boolean, tasks: Api.PreviewedTask[] }>} */
  #ask(json) {
    return api(this.path, { json, signal: this.signal });
  }

  /** @param {Api.PreviewedTask[]} tasks @param {string[]} labels */
  #build(tasks, labels) {
    this.#shown = tasks.map(({ task }) => frame(task, () => this.large.show(task)));
    this.grid.replaceChildren(...this.#shown.map((one) => one.root));
    this.#plots = new Map(labels.map((label) => [label, this.#plot(label)]));
    this.charts.replaceChildren(
      ...[...this.#plots].map(([label, plot]) => h("figure", {}, h("figcaption", {}, label), plot.root)),
    );
  }

  /** @param {string} label */
  #plot(label) {
    const threshold = () => this.labels.thresholds()[label];
    return new Histogram({
      title: t("annotate.scoresOf", { label }),
      edges: [{ id: "threshold", name: t("annotate.threshold"), value: threshold() }],
      zone: (score) => (score >= threshold() ? "on" : "off"),
      onmove: (_, value) => this.labels.setThreshold(label, value),
    });
  }

  /** @param {Api.PreviewedTask[]} tasks */
  #update(tasks) {
    for (const [place, task] of tasks.entries()) {
      const one = this.#shown[place];
      if (!one || one.state !== "waiting" || task.state === "waiting") continue;
      Object.assign(one, task);
      this.#shade(one).then(() => this.#draw(one));
    }
    this.redraw();
  }

  /** @param {Shown} one */
  async #shade({ objects, width, height }) {
    const shades = objects.map(async (object) => {
      if (!object.mask) return;
      object.shade = await shadeOfBits(object.mask, width, height, colourOf(this.labels.names, object.label));
    });
    await Promise.all(shades);
  }

  /** @param {Shown} one */
  #draw({ state, error, objects, layer, line }) {
    const thresholds = this.labels.thresholds();
    line.className = state === "failed" ? "bad" : "muted";
    if (state === "failed") line.textContent = error?.message ?? "";
    if (state !== "done") return;
    const drawn = objects.map(({ label, score, box, shade }) => ({
      label,
      score,
      box,
      shade,
      faint: score < thresholds[label],
    }));
    drawObjects(layer, drawn.reverse(), this.labels.names);
    const n = drawn.filter((object) => !object.faint).length;
    line.textContent = n ? t("annotate.foundHere", { n, count: number(n) }) : t("annotate.foundNone");
  }

  /** @param {Thresholds} thresholds */
  #say(thresholds) {
    const shown = this.#shown,
      done = shown.filter((one) => one.state === "done"),
      waiting = shown.filter((one) => one.state === "waiting").length;
    const over = done.flatMap((one) => one.objects).filter((object) => object.score >= thresholds[object.label]).length;
    this.text.textContent = waiting
      ? t("annotate.previewing", { done: shown.length - waiting, n: shown.length })
      : t("annotate.previewed", { n: over, count: number(over), images: done.length });
  }
}

// An image that waits for the model.
/** @param {number} task @param {() => unknown} enlarge @returns {Shown} */
function frame(task, enlarge) {
  const image = h("img", { alt: t("common.task", { task }) }),
    layer = h("div", { class: "regions" });
  const line = h("span", { class: "muted" }, t("annotate.waiting"));
  picture(image, task, WIDTH);
  const attributes = { type: "button", class: "stage", "aria-label": t("picture.enlarge", { task }), onclick: enlarge };
  const root = h("li", {}, h("button", attributes, image, layer), h("div", { class: "caption" }, line));
  return { task, state: "waiting", error: null, width: 0, height: 0, objects: [], root, layer, line };
}
