// Which model looks for the labels: SAM 3, or a detector of one's own, whose classes stand for labels.
import { api, Problem } from "../api.js";
import { h, put } from "../dom.js";
import { number, some, t } from "../i18n.js";
import { actionButton, notice } from "../messages.js";

const SAM3 = ""; // a detector's name is never empty

export class EngineForm {
  /** @type {Record<string, string>} label by class, as it stands on the page */
  #label = {};

  // `onkept`: another model looks from now on, or its classes stand for other labels.
  /** @param {{ engine: Api.Engine, path: string, signal: AbortSignal, onkept: () => void }} given */
  constructor({ engine, path, signal, onkept }) {
    this.shown = engine;
    this.path = path;
    this.signal = signal;
    this.onkept = onkept;
    const now = engine.engine === "detector" ? engine.detector : SAM3;
    this.model = h(
      "select",
      { id: "engine", "aria-label": t("annotate.model"), onchange: () => this.#look() },
      h("option", { value: SAM3, selected: now === SAM3 }, "SAM 3"),
      engine.detectors.map((one) => optionOf(one, now)),
    );
    this.masks = h("input", { id: "engine-masks", type: "checkbox", checked: engine.masks, onchange: () => this.#look() });
    this.withMasks = h("label", { class: "check" }, this.masks, " ", t("annotate.detectorMasks"));
    this.classes = h("div", { class: "engine-classes" });
    this.without = h("p", { class: "muted" });
    this.effect = h("p", { id: "engine-effect", class: "muted", role: "status" });
    this.keep = actionButton(t("annotate.useModel"), () => this.#keep(), { id: "engine-keep", hidden: true });
    const parts = [this.model, this.withMasks, this.classes, this.effect, this.keep];
    this.root = h("fieldset", { class: "panel engine" }, h("legend", {}, t("annotate.model")), parts);
    this.root.hidden = !engine.detectors.length && !engine.detector;
    this.#draw();
  }

  // The classes by label while a detector looks; null while SAM 3 does.
  get mapping() {
    const { engine, mapping } = this.shown;
    return engine === "detector" ? Object.fromEntries(mapping.map((one) => [one.label, one.classes])) : null;
  }

  #asked() {
    const detector = this.model.value;
    return detector === SAM3
      ? { engine: "sam3" }
      : { engine: "detector", detector, masks: this.masks.checked };
  }

  // How it would be with what is chosen.
  async #look() {
    try {
      this.shown = await api(`${this.path}/engine`, {
        method: "PUT",
        json: { ...this.#asked(), dry_run: true },
        signal: this.signal,
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      put(this.effect, error.message);
      this.keep.hidden = true;
      return;
    }
    this.#draw();
    this.#changed();
  }

  #changed() {
    const { again = 0 } = this.shown;
    this.keep.hidden = false;
    put(this.effect, again ? t("annotate.engineAgain", { n: again, count: number(again) }) : "");
  }

  #draw() {
    const { shown } = this;
    const detector = this.model.value !== SAM3;
    this.withMasks.hidden = !detector;
    this.classes.hidden = !detector;
    if (!detector) return;
    this.#label = Object.fromEntries(shown.mapping.flatMap((one) => one.classes.map((name) => [name, one.label])));
    const classes = [...Object.keys(this.#label), ...shown.unused_classes];
    const rows = classes.map((name) => this.#row(name));
    const open = !Object.keys(this.#label).length;
    put(
      this.classes,
      h("p", { class: "muted" }, t("annotate.classesHint")),
      h("details", { open }, h("summary", {}, t("annotate.classesOf", { n: classes.length })), h("div", { class: "label-list" }, rows)),
      this.without,
    );
    this.#tellWithout();
  }

  #tellWithout() {
    const used = Object.values(this.#label);
    const without = this.shown.mapping.map((one) => one.label).filter((label) => !used.includes(label));
    put(this.without, without.length > 0 && t("annotate.labelsWithout", { labels: some(without, 10) }));
  }

  /** @param {string} name of a class */
  #row(name) {
    const labels = this.shown.mapping.map((one) =>
      h("option", { value: one.label, selected: this.#label[name] === one.label }, one.label),
    );
    const choose = () => {
      if (select.value) this.#label[name] = select.value;
      else delete this.#label[name];
      this.#tellWithout();
      this.#changed();
    };
    const select = h(
      "select",
      { "aria-label": t("annotate.labelOf", { name }), onchange: choose },
      h("option", { value: "", selected: !this.#label[name] }, t("annotate.noLabelOf")),
      labels,
    );
    return h("div", { class: "engine-class" }, h("span", { class: "name", title: name }, name), select);
  }

  async #keep() {
    const asked = this.#asked();
    const json = asked.engine === "detector" ? { ...asked, classes: this.#said() } : asked;
    this.shown = await api(`${this.path}/engine`, { method: "PUT", json, signal: this.signal });
    notice(t("annotate.modelKept"));
    this.onkept();
  }

  // The classes by label; null where they are those of its name, so that a class that comes later counts too.
  #said() {
    return Object.fromEntries(
      this.shown.mapping.map(({ label, by_name: named }) => {
        const mine = Object.keys(this.#label).filter((name) => this.#label[name] === label);
        return [label, mine.length === named.length && named.every((name) => mine.includes(name)) ? null : mine];
      }),
    );
  }
}

/** @param {Api.KnownDetector} one @param {string} now */
function optionOf(one, now) {
  const broken = one.error ? ` (${t("annotate.unusable")})` : "";
  const about = { value: one.name, selected: one.name === now, disabled: Boolean(one.error) && one.name !== now };
  return h("option", { ...about, title: one.error?.message ?? one.architecture }, `${one.name}${broken}`);
}
