// An object in the grid of the review: its part of the picture, and what was said of it.
import { picture } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { cropInto } from "../pictures.js";
import { likeThis } from "../references.js";

/** @param {Api.ReviewObject} object */
export const keyOf = (object) => `${object.task}/${object.object}`;

export class Crop {
  selected = false;
  band = /** @type {BandTab} */ ("low"); // that is shown

  // `onselect`: its box was ticked; `onreach`: it was pressed; `onlook`: it is to be seen in large.
  /** @param {Api.ReviewObject} object @param {Record<"onselect" | "onreach" | "onlook", (crop: Crop) => unknown>} acts */
  constructor(object, { onselect, onreach, onlook }) {
    this.object = object;
    this.key = keyOf(object);
    this.box = h("input", { type: "checkbox", tabIndex: -1, "aria-label": t("review.select") });
    this.box.addEventListener("change", () => {
      this.selected = this.box.checked;
      this.mark();
      onselect(this);
    });
    this.text = h("span", { class: "facts" });
    this.state = h("span", { class: "mark" });
    const acts = { onclick: () => onreach(this), ondblclick: () => onlook(this) };
    const parts = [cropOf(object), this.text, this.state];
    this.face = h("button", { type: "button", class: "face", tabIndex: -1, ...acts }, parts);
    this.root = h("li", { class: "crop", "data-object": this.key }, this.face, this.box);
  }

  // It was decided on.
  /** @param {string} verdict */
  decide(verdict) {
    this.object.verdict = verdict;
    this.selected = false;
    this.mark();
  }

  // Show what is known of it now, in the band that is shown.
  mark(band = this.band) {
    this.band = band;
    const { object } = this,
      { score, task, of, new_label } = object;
    const label = new_label && !object.label.includes(" → ") ? `${object.label} → ${new_label}` : object.label;
    const { verdict } = object;
    const sure = object.sure && band !== "high";
    const count = of > 1 && t("review.oneOf", { of });
    this.text.replaceChildren(
      h("b", {}, score === null ? t("common.task", { task }) : number(score, 2)),
      h("span", {}, label),
      count ? h("span", { class: "muted" }, count) : "",
    );
    this.state.textContent = verdict ? t(`review.verdict_${verdict}`) : sure ? t("review.sure") : "";
    this.root.className = `crop ${verdict}${this.selected ? " selected" : ""}${sure ? " sure" : ""}`;
    this.box.checked = this.selected;
    const said = [
      label || t("review.nothing_found"),
      score !== null && t("review.score", { score: number(score, 2) }),
      t("common.task", { task }),
      count,
      this.state.textContent,
    ];
    this.face.setAttribute("aria-label", said.filter(Boolean).join(", "));
  }
}

/** @param {Api.ReviewObject} object */
function cropOf({ task, box }) {
  const image = h("img", { alt: "", loading: "lazy" });
  if (box) cropInto(image, task, box);
  else picture(image, task, 320);
  const broken = () => image.replaceWith(h("span", { class: "broken" }, t("review.noPicture")));
  image.addEventListener("error", broken, { once: true });
  return image;
}

// Label everything like these objects.
/** @param {Api.Project} project @param {Crop[]} cards */
export function likeCards(project, cards) {
  const regions = cards.flatMap(({ object: { task, box } }) => (box ? [{ task, box }] : []));
  const { label = "", new_label } = cards[0]?.object ?? {};
  return likeThis(project, regions, new_label || label);
}
