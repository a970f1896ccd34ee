// What is to be verified: the objects of all labels, those of one, or the frames in which nothing was found.
import { api } from "../../api.js";
import { h } from "../../dom.js";
import { short, t } from "../../i18n.js";
import { go } from "../../router.js";

const FRAMES = "nothing found"; // no label is asked for by it: those are told apart by their place

/** @typedef {{ kind?: "nothing_found", label?: string, new?: boolean }} Terms */

// Go on with the open sample of a project, or draw one.
/** @param {Api.Project} project @param {Terms} terms */
export async function startVerifying(project, terms) {
  /** @type {Api.Sample} */
  const { id } = await api(`/projects/${project.id}/trust/samples`, { json: terms });
  go({ screen: "verify", sample: id });
}

// `frames`: offer the frames too.
export class VerifyChoice {
  /** @param {Api.Project} project @param {{ frames?: boolean }} options */
  constructor(project, { frames = false } = {}) {
    const { labels } = project;
    this.project = project;
    this.select = h(
      "select",
      { class: "verify-choice", "aria-label": t("verify.what"), title: t("verify.whatHint") },
      h("option", { value: "" }, t("verify.allLabels")),
      labels.map((label, at) => h("option", { value: String(at) }, t("verify.only", { label: short(label) }))),
      frames && h("option", { value: FRAMES }, t("review.nothing_found")),
    );
    this.select.hidden = labels.length < 2 && !frames;
  }

  /** @returns {Terms} */
  get terms() {
    const { value } = this.select;
    if (value === FRAMES) return { kind: "nothing_found" };
    return value ? { label: this.project.labels[Number(value)] } : {};
  }

  // Verify what a band of Review has.
  /** @param {BandTab | null} band */
  start(band) {
    return startVerifying(this.project, band === "nothing_found" ? { kind: band } : this.terms);
  }
}
