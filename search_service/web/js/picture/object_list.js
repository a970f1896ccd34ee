// The objects of a picture as a list to choose from, what they stand in, and a lowest score to look from.
import { h, put, renew } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { colourOf } from "../pictures.js";

/** @typedef {import("./server.js").Base} Base */
/** @typedef {import("./edit_state.js").Item} Item */

/** @param {[string, string | null][]} rows */
export const factList = (rows) =>
  h(
    "dl",
    {},
    rows.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

const score = (/** @type {number | null} */ value) => (value === null ? "–" : number(value, 2));

export class ObjectList {
  #base = /** @type {Base | null} */ (null);

  /** @param {import("./editor.js").PictureEditor} editor @param {string[]} labels */
  constructor(editor, labels) {
    this.editor = editor;
    this.labels = labels;
    this.head = h("div", {});
    this.list = h("ul", { class: "objects" });
    this.none = h("p", { class: "muted", hidden: true }, t("picture.nothingShown"));
    const range = { type: "range", min: "0", max: "1", step: "0.01", value: "0" };
    this.slider = h("input", { ...range, id: "preview-threshold" });
    this.slider.addEventListener("input", () => this.#from(Number(this.slider.value)));
    this.value = h("output", { for: "preview-threshold" }, number(0, 2));
    const from = { class: "field wide", for: "preview-threshold" };
    this.from = h("label", from, t("picture.scoreFrom"), this.slider, this.value);
    this.from.hidden = true;
    this.facts = h("div", {});
    this.root = h("section", {}, this.head, this.from, this.list, this.none, this.facts);
  }

  // What is edited is shown first; a prediction beside an annotation can be looked at.
  /** @param {Api.TaskDetails} known @param {Base} base @param {string} select */
  show(known, base, select) {
    this.#base = base;
    const prediction = known.predictions.find((one) => one.current);
    const annotation = known.annotations.filter((one) => !one.cancelled).at(-1);
    const empty = !prediction && !annotation;
    const heading = empty ? h("p", { class: "muted" }, t("picture.noRegions")) : h("h3", {}, t(`picture.${base.key}`));
    put(this.head, prediction && annotation ? this.#tabs(base, prediction.objects) : heading);
    this.from.hidden = !prediction?.objects.length;
    put(this.facts, factsOf(prediction, annotation));
    this.#open(base, select);
    this.#from(0);
  }

  redraw() {
    const { shown, state, dirty } = this.editor;
    if (dirty && this.slider.value !== "0") this.#from(0); // what is saved is seen
    renew(
      this.list,
      shown.map((one) => this.#entry(one, one.key === state.selected)),
    );
    this.none.hidden = shown.length > 0 || (this.#base !== null && this.head.querySelector("p") !== null);
  }

  /** @param {Base} base @param {string} [select] */
  #open(base, select) {
    this.editor.open(base.objects, base, select);
  }

  /** @param {Base} base @param {Api.Region[]} predicted */
  #tabs(base, predicted) {
    const work = [() => this.editor.open(predicted, null), () => this.#open(base)];
    const tabs = /** @type {const} */ (["predicted", "annotated"]).map((name, place) => {
      const choose = async () => {
        if (!(await this.editor.leave())) return;
        for (const [at, tab] of tabs.entries()) tab.setAttribute("aria-pressed", String(at === place));
        work[place]();
      };
      const attributes = { type: "button", class: "act", "aria-pressed": String(name === base.key), onclick: choose };
      return h("button", attributes, t(`picture.${name}`));
    });
    return h("div", { class: "bar", role: "group", "aria-label": t("picture.regions") }, tabs);
  }

  /** @param {number} least */
  #from(least) {
    this.slider.value = String(least);
    this.value.textContent = number(least, 2);
    this.editor.from(least);
  }

  /** @param {Item} item @param {boolean} selected */
  #entry(item, selected) {
    const dot = h("span", { class: "dot" });
    dot.style.background = colourOf(this.labels, item.label);
    const choose = () => this.editor.select(this.editor.state.selected === item.key ? null : item.key);
    const masked = item.shade || item.rings.length > 0;
    return h(
      "li",
      { "data-key": item.key },
      h(
        "button",
        { type: "button", class: "object", "aria-pressed": String(selected), onclick: choose },
        dot,
        h("span", { class: "grow" }, item.label),
        masked && h("span", { class: "muted" }, t("picture.mask")),
        h("span", { class: "score" }, score(item.score)),
      ),
    );
  }
}

/** @param {Api.TaskDetails["predictions"][0]} [prediction] @param {Api.TaskDetails["annotations"][0]} [annotation] */
function factsOf(prediction, annotation) {
  /** @type {[string, string | null][]} */
  const facts = [];
  if (prediction) facts.push([t("picture.predictionScore"), score(prediction.score)]);
  if (prediction) facts.push([t("picture.modelVersion"), prediction.model_version]);
  if (annotation?.updated_at) facts.push([t("picture.annotatedAt"), when(annotation.updated_at)]);
  return factList(facts);
}
