// The project's labels: which to look for, what SAM 3 is asked for each, and from which score a find is shown.
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { referencePictures } from "../references.js";
import { fromNames } from "../router.js";
import { nameKey } from "../typed.js";
import { LabelRow } from "./label_row.js";

const MANY = 8; // labels, from which on they can be looked for

export class LabelForm {
  // `chosen`: labels, or null for the first; `drafts` by label, as `state()` gave them. `onchange`: other labels or prompts;
  // `onthreshold`: a threshold was moved, here or by `setThreshold`.
  /**
   * @param {object} given
   * @param {Api.Recipe} given.recipe
   * @param {Record<string, string[]> | null} [given.mapping] a detector's classes by label; null: SAM 3 looks
   * @param {string[] | null} given.chosen
   * @param {Record<string, import("./label_row.js").Draft>} [given.drafts]
   * @param {string} given.path of the project
   * @param {Api.LabelReferences[]} given.references
   * @param {() => void} given.onchange
   * @param {() => void} given.onthreshold
   */
  constructor({ recipe, mapping = null, chosen, drafts = {}, path, references, onchange, onthreshold }) {
    this.onchange = onchange;
    this.names = recipe.concepts.map((one) => one.label);
    /** @type {LabelRow[]} */
    this.rows = recipe.concepts.map((concept, place) => {
      const { label } = concept;
      const classes = mapping?.[label];
      const on = chosen ? chosen.includes(label) : mapping ? Boolean(classes?.length) : place === 0;
      const shown = { least: recipe.keep_threshold, colour: colourOf(this.names, label), draft: drafts?.[label] };
      const of = mapping ? undefined : references.find((one) => one.label === label);
      const pictures = of?.references.length ? this.#pictures(path, of) : null;
      return new LabelRow({ concept, classes, on, ...shown, references: pictures, onchange, onthreshold });
    });
    const many = this.rows.length > MANY;
    this.root = h(
      "fieldset",
      { class: "panel labels" },
      h("legend", {}, t("annotate.labels")),
      many && this.#tools(),
      h(
        "div",
        { class: "label-head muted", "aria-hidden": "true" },
        ["label", mapping ? "classes" : "prompts", "threshold"].map((name) => h("span", {}, t(`annotate.${name}`))),
      ),
      h(
        "div",
        { class: many ? "label-list" : "" },
        this.rows.map((one) => one.root),
      ),
      h("p", { class: "muted" }, t("annotate.recipeNote")),
    );
  }

  // The labels to look for.
  labels() {
    return this.#on().map((one) => one.label);
  }

  concepts() {
    return this.#on().map((one) => one.wanted());
  }

  // Of the labels to look for, those that differ from the project's recipe.
  changed() {
    return this.#on()
      .filter((one) => one.changed)
      .map((one) => one.wanted());
  }

  // What `changed` returned has become the project's.
  /** @param {Api.Concept[]} concepts */
  kept(concepts) {
    for (const now of concepts) this.#row(now.label)?.keep(now);
  }

  thresholds() {
    return Object.fromEntries(this.rows.map((one) => [one.label, one.threshold]));
  }

  /** @param {string} label @param {number} value */
  setThreshold(label, value) {
    this.#row(label)?.set(value);
  }

  // For the address.
  state() {
    const drafts = this.rows.map((one) => /** @type {const} */ ([one.label, one.draft()]));
    const changed = drafts.filter(([, draft]) => Object.keys(draft).length);
    return {
      labels: fromNames(this.labels()),
      recipe: changed.length ? JSON.stringify(Object.fromEntries(changed)) : null,
    };
  }

  #on() {
    return this.rows.filter((one) => one.chosen);
  }

  /** @param {string} path @param {Api.LabelReferences} of */
  #pictures(path, of) {
    /** @param {Api.LabelReferences} now */
    const changed = (now) => {
      this.#row(of.label)?.reword(now.words);
      this.onchange();
    };
    return referencePictures({ path, of, changed });
  }

  /** @param {string} label @returns {LabelRow | undefined} */
  #row(label) {
    return this.rows.find((one) => one.label === label);
  }

  // Of many labels: those that a word names, and all of those that are shown at once.
  #tools() {
    const name = { placeholder: t("annotate.filterLabels"), "aria-label": t("annotate.filterLabels") };
    const filter = () => {
      for (const one of this.rows) one.root.hidden = !nameKey(one.label).includes(nameKey(word.value));
    };
    const word = h("input", { id: "label-filter", type: "search", ...name });
    word.addEventListener("input", filter);
    /** @type {(id: string, on: boolean, text: string) => HTMLElement} */
    const tick = (id, on, text) => {
      const act = () => {
        for (const one of this.rows) if (!one.root.hidden) one.choose(on);
        this.onchange();
      };
      return h("button", { id, type: "button", class: "quiet", onclick: act }, text);
    };
    const all = tick("labels-all", true, t("annotate.selectLabels"));
    const none = tick("labels-none", false, t("annotate.deselectLabels"));
    return h("div", { class: "bar label-tools" }, word, all, none);
  }
}
