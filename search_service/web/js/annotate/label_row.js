// One label: whether it is looked for, what SAM 3 is asked for it, and from which score a find is shown.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { splitList } from "../typed.js";

/** @typedef {{ prompts?: unknown, threshold?: unknown }} Draft what a person typed and has not kept yet */

// The prompts in a typed list, each once.
/** @param {string} text */
export const promptsIn = (text) => [...new Set(splitList(text).map((one) => one.replace(/\s+/g, " ")))];

export class LabelRow {
  /**
   * @param {object} given
   * @param {Api.Recipe["concepts"][0]} given.concept
   * @param {string[]} [given.classes] of the detector that looks; undefined: SAM 3 does
   * @param {number} given.least the lowest score that is kept
   * @param {boolean} given.on
   * @param {string} given.colour
   * @param {Draft} [given.draft]
   * @param {HTMLElement | null} [given.references]
   * @param {() => void} given.onchange
   * @param {() => void} given.onthreshold
   */
  constructor({ concept, classes, least, on, colour, draft, references = null, onchange, onthreshold }) {
    this.concept = concept;
    this.label = concept.label;
    this.onthreshold = onthreshold;
    const { label } = this;
    const changed = () => {
      this.#show();
      onchange();
    };
    const found = !classes || classes.length > 0;
    this.box = h("input", { type: "checkbox", checked: on && found, disabled: !found, value: label, onchange: changed });
    const typed = typeof draft?.prompts === "string" ? draft.prompts : this.#kept();
    const name = { "aria-label": t("annotate.promptsOf", { label }), maxlength: 2000 };
    this.prompts = h("input", { type: "text", value: typed, ...name, oninput: changed });
    this.slider = h("input", {
      type: "range",
      min: least,
      max: 1,
      step: 0.01,
      value: String(concept.threshold),
      "aria-label": t("annotate.thresholdOf", { label }),
    });
    this.slider.addEventListener("input", () => this.set(Number(this.slider.value)));
    this.unmoved = this.slider.value; // a threshold between two of the slider's steps is not changed by being shown
    if (typeof draft?.threshold === "number") this.slider.value = String(draft.threshold);
    this.value = h("output", {});
    const reset = () => this.#reset(onchange);
    const quiet = { type: "button", class: "quiet", hidden: true, title: t("annotate.resetHint") };
    this.reset = h("button", { ...quiet, onclick: reset }, t("annotate.reset"));
    this.root = this.#makeRoot(colour, classes, references);
    this.#show();
  }

  get chosen() {
    return this.box.checked;
  }

  get threshold() {
    return this.slider.value === this.unmoved ? this.concept.threshold : Number(this.slider.value);
  }

  get changed() {
    return this.#reworded() || this.threshold !== this.concept.threshold;
  }

  /** @param {boolean} on */
  choose(on) {
    this.box.checked = on && !this.box.disabled;
    this.#show();
  }

  // Move the threshold.
  /** @param {number} score */
  set(score) {
    this.slider.value = String(score);
    this.#show();
    this.onthreshold();
  }

  // What a run is asked for.
  wanted() {
    return { label: this.label, prompts: this.#asked(), threshold: this.threshold };
  }

  // What differs from the project's recipe.
  draft() {
    return {
      ...(this.#reworded() ? { prompts: this.prompts.value } : {}),
      ...(this.threshold === this.concept.threshold ? {} : { threshold: this.threshold }),
    };
  }

  // What `wanted` returned has become the project's.
  /** @param {Api.Concept} now */
  keep(now) {
    if (now.threshold !== this.concept.threshold) this.unmoved = String(now.threshold);
    Object.assign(this.concept, now);
  }

  // The project asks for it by other words now.
  /** @param {string[]} prompts */
  reword(prompts) {
    this.concept.prompts = prompts;
    this.prompts.value = this.#kept();
    this.#show();
  }

  #kept() {
    return this.concept.prompts.join(", ");
  }

  // A prompt may hold a comma: what nobody has touched is not split anew.
  #asked() {
    return this.prompts.value === this.#kept() ? this.concept.prompts : promptsIn(this.prompts.value);
  }

  #reworded() {
    return JSON.stringify(this.#asked()) !== JSON.stringify(this.concept.prompts);
  }

  #configured() {
    return this.concept.config.prompts.join(", ");
  }

  /** @param {() => void} onchange */
  #reset(onchange) {
    this.prompts.value = this.#configured();
    this.set(this.concept.config.threshold);
    onchange();
  }

  #show() {
    const { threshold } = this;
    this.value.textContent = number(threshold, 2);
    this.reset.hidden = threshold === this.concept.config.threshold && this.prompts.value === this.#configured();
  }

  /** @param {string} colour @param {string[] | undefined} classes @param {HTMLElement | null} references */
  #makeRoot(colour, classes, references) {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = colour;
    return h(
      "div",
      { class: "label-row" },
      h("label", { class: "name", title: this.label }, this.box, swatch, h("span", {}, this.label)),
      classes ? h("span", { class: "muted" }, classes.join(", ") || t("annotate.noClass")) : this.prompts,
      h("span", { class: "threshold" }, this.slider, this.value),
      this.reset,
      references,
    );
  }
}
