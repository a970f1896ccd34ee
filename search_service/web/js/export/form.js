// What an export is to hold, as the form says it, the address keeps it, and the API takes it.
import { h, icon, put } from "../dom.js";
import { t } from "../i18n.js";
import { change } from "../router.js";

const FORMATS = ["coco", "yolo", "yolo-obb", "voc", "imagefolder", "parquet", "datumaro"];
const SOURCES = ["annotations", "both", "predictions"];
/** @type {Record<string, Record<string, number>>} */
const SPLITS = { none: {}, two: { train: 80, val: 20 }, three: { train: 70, val: 20, test: 10 } };

// The shares of a split in percent: those of the address, when there is a usable one for each, else the usual ones.
/** @type {(splits: string, given?: number[]) => [string, number][]} */
export function sharesOf(splits, given = []) {
  const usual = Object.entries(SPLITS[splits]);
  const usable = given.every((share) => Number.isInteger(share) && share >= 1 && share <= 99);
  return usable && given.length === usual.length ? usual.map(([name], place) => [name, given[place]]) : usual;
}

// Of the values that a choice may have the one that is asked for, else the first.
/** @type {(asked: string | undefined, values: string[]) => string} */
const wanted = (asked, values) => (asked && values.includes(asked) ? asked : values[0]);

export class ExportForm {
  // `onchange`: something else is asked for; `onsubmit(button)`: it is to be made.
  /** @param {{ params: Params, onchange: () => void, onsubmit: (button: HTMLButtonElement) => void }} given */
  constructor({ params, onchange, onsubmit }) {
    this.shares = h("div", { class: "shares", role: "group", "aria-label": t("export.shares") });
    this.masks = h("input", { type: "checkbox", name: "masks", checked: params.masks === "yes" });
    this.images = h("input", { type: "checkbox", name: "images", checked: params.images !== "no" });
    this.leaks = h("input", { type: "checkbox", name: "leaks", checked: params.leaks !== "no" });
    this.ofLeaks = h("label", { class: "check" }, this.leaks, t("export.leakReport"));
    this.ofMasks = h("label", { class: "check", id: "export-masks" }, this.masks, t("export.masks"));
    const ofImages = h("label", { class: "check" }, this.images, t("export.images"));
    this.note = h("input", { name: "note", maxlength: "2000", id: "export-note", value: "" });
    const ofNote = h("label", { class: "field", for: "export-note" }, t("export.note"), this.note);
    this.licence = h("input", { name: "licence", maxlength: "200", id: "export-licence", value: "", placeholder: "cc-by-4.0" });
    const ofLicence = h("label", { class: "field", for: "export-licence" }, t("export.licence"), this.licence);
    this.button = h("button", { id: "export-go", class: "primary" }, icon("export"), t("export.start"));
    this.root = h(
      "form",
      { id: "export", class: "panel stack" },
      radios("format", FORMATS, wanted(params.format, FORMATS)),
      radios("source", SOURCES, wanted(params.source, SOURCES)),
      radios("splits", Object.keys(SPLITS), wanted(params.splits, Object.keys(SPLITS))),
      this.shares,
      h("div", { class: "stack" }, this.ofMasks, ofImages, this.ofLeaks),
      ofNote,
      ofLicence,
      this.button,
    );
    this.root.addEventListener("change", (event) => {
      if (event.target === this.note || event.target === this.licence) return; // says nothing about the contents
      if (event.target instanceof HTMLInputElement && event.target.name === "splits") this.#showShares();
      this.#remember();
      onchange();
    });
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      onsubmit(this.button);
    });
    this.#showShares((params.shares ?? "").split(",").map(Number));
  }

  // Whether it can be asked for as it stands; what is wrong is told at its field.
  check() {
    this.ofMasks.hidden = this.#chosen("format") !== "yolo";
    this.ofLeaks.hidden = this.#chosen("splits") === "none";
    return this.root.reportValidity();
  }

  // What the API is asked for.
  asked() {
    const format = this.#chosen("format");
    const inputs = [...this.shares.querySelectorAll("input")];
    return {
      format,
      source: this.#chosen("source"),
      splits: Object.fromEntries(inputs.map((input) => [input.name.slice("share-".length), Number(input.value)])),
      images: this.images.checked,
      leak_report: this.leaks.checked,
      note: this.note.value.trim(),
      licence: this.licence.value.trim(),
      masks: format === "yolo" && this.masks.checked,
    };
  }

  /** @param {"format" | "source" | "splits"} name */
  #chosen(name) {
    return String(new FormData(this.root).get(name));
  }

  /** @param {number[]} given */
  #showShares(given = []) {
    const range = { type: "number", min: "1", max: "99", step: "1", required: true };
    const field = (/** @type {[string, number]} */ [name, share]) =>
      h("label", { class: "field" }, name, h("input", { ...range, name: `share-${name}`, value: String(share) }), "%");
    put(this.shares, sharesOf(this.#chosen("splits"), given).map(field));
  }

  #remember() {
    const { format, source, splits: chosen, masks, images, leak_report: leaks } = this.asked(),
      splits = this.#chosen("splits"),
      shares = Object.values(chosen).join();
    const usual = Object.values(SPLITS[splits]).join();
    change(
      {
        format,
        source,
        splits,
        shares: shares === usual ? null : shares,
        masks: masks ? "yes" : null,
        images: images ? null : "no",
        leaks: leaks ? null : "no",
      },
      { quiet: true },
    );
  }
}

/** @type {(name: string, values: string[], chosen: string) => HTMLElement} */
function radios(name, values, chosen) {
  const option = (/** @type {string} */ value) => {
    const text = h("strong", {}, t(`export.${name}_${value}`));
    const hint = h("small", { class: "muted" }, t(`export.${name}_${value}_hint`));
    const radio = h("input", { type: "radio", name, value, checked: value === chosen });
    return h("label", { class: "option" }, radio, h("span", {}, text, hint));
  };
  return h("fieldset", { id: `export-${name}` }, h("legend", {}, t(`export.${name}`)), values.map(option));
}
