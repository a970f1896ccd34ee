// What was found on a hit: the annotation that counts, else the prediction of the current recipe, with a lowest score to
// look from.
import { h, put } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { drawObjects, shadeOfPicture } from "../regions.js";

/** @typedef {{ key: "predicted" | "annotated", objects: Api.Region[] }} Source */

/** @param {[string, string | null][]} rows */
export const factList = (rows) =>
  h(
    "dl",
    {},
    rows.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

const score = (/** @type {number | null} */ value) => (value === null ? "–" : number(value, 2));

export class HitRegions {
  // `layer` lies over the picture.
  /** @param {{ known: Api.TaskDetails, labels: string[], layer: HTMLElement }} given */
  constructor({ known, labels, layer }) {
    this.labels = labels;
    this.layer = layer;
    const annotation = known.annotations.filter((one) => !one.cancelled).at(-1);
    const prediction = known.predictions.find((one) => one.current);
    /** @type {Source[]} */
    this.sources = [];
    if (prediction) this.sources.push({ key: "predicted", objects: prediction.objects });
    if (annotation) this.sources.push({ key: "annotated", objects: annotation.objects });
    this.source = this.sources.at(-1);
    this.shown = h("div", {});
    const range = { type: "range", min: "0", max: "1", step: "0.01", value: "0" };
    this.slider = h("input", { ...range, id: "preview-threshold", oninput: () => this.#draw() });
    this.value = h("output", { for: "preview-threshold" }, number(0, 2));
    this.root = this.source ? this.#section(prediction, annotation) : h("p", { class: "muted" }, t("search.noRegions"));
    this.#draw();
  }

  /** @param {Api.TaskDetails["predictions"][0]} [prediction] @param {Api.TaskDetails["annotations"][0]} [annotation] */
  #section(prediction, annotation) {
    /** @type {[string, string | null][]} */
    const facts = [];
    if (prediction) facts.push([t("search.predictionScore"), score(prediction.score)]);
    if (prediction) facts.push([t("search.modelVersion"), prediction.model_version]);
    if (annotation?.updated_at) facts.push([t("search.annotatedAt"), when(annotation.updated_at)]);
    const from = { class: "field wide", for: "preview-threshold" };
    return h(
      "section",
      {},
      this.sources.length > 1 ? this.#tabs() : this.sources.map(({ key }) => h("h3", {}, t(`search.${key}`))),
      prediction && prediction.objects.length > 0 && h("label", from, t("search.scoreFrom"), this.slider, this.value),
      this.shown,
      factList(facts),
    );
  }

  #tabs() {
    const tabs = this.sources.map((one) => {
      const choose = (/** @type {{ currentTarget: HTMLElement }} */ { currentTarget }) => {
        this.source = one;
        for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab === currentTarget));
        this.#draw();
      };
      const pressed = String(one === this.source);
      return h("button", { type: "button", "aria-pressed": pressed, onclick: choose }, t(`search.${one.key}`));
    });
    return h("div", { class: "bar", role: "group", "aria-label": t("search.regions") }, tabs);
  }

  #draw() {
    if (!this.source) return;
    const least = Number(this.slider.value);
    const kept = this.source.objects.filter((object) => object.score === null || object.score >= least);
    this.value.textContent = number(least, 2);
    drawObjects(
      this.layer,
      kept.map((object) => this.#shaded(object)),
      this.labels,
    );
    put(
      this.shown,
      h(
        "ul",
        { class: "objects" },
        kept.map((object) => this.#entry(object)),
      ),
      kept.length ? "" : h("p", { class: "muted" }, t("search.nothingShown")),
    );
  }

  /** @param {Api.Region} object */
  #shaded(object) {
    if (object.mask) object.shade ??= shadeOfPicture(object.mask, object.box, colourOf(this.labels, object.label));
    return object;
  }

  /** @param {Api.Region} object */
  #entry(object) {
    const dot = h("span", { class: "dot" });
    dot.style.background = colourOf(this.labels, object.label);
    return h(
      "li",
      {},
      dot,
      h("span", { class: "grow" }, object.label),
      (object.mask || object.rings.length > 0) && h("span", { class: "muted" }, t("search.mask")),
      h("span", { class: "score" }, score(object.score)),
    );
  }
}
