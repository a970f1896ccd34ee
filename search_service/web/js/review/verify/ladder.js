// What stands below the bound: the thresholds, and what was seen of the first objects of each label.
import { h } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { edgeText } from "./telling.js";

// What was seen of a label's first items: no more than that.
/** @param {Api.SampleLabel} label */
export const labelLine = ({ label, first, judged, wrong }) =>
  h(
    "li",
    { class: wrong > judged / 5 ? "many-wrong" : null },
    h("b", {}, label),
    " ",
    t("verify.firstOfLabel", { first: number(first), judged: number(judged), wrong: number(wrong) }),
  );

/** @param {Api.SampleStep} step @param {boolean} current */
export function rung(step, current) {
  const { objects: n, judged, wrong } = step;
  const state = step.certified ? "certified" : judged ? "open" : "waiting";
  return h(
    "li",
    { class: state, "aria-current": current ? "step" : null },
    h("b", {}, t("verify.from", { edge: edgeText(step.edge) })),
    " ",
    t("review.objectCount", { n, count: number(n) }),
    h("span", { class: "muted" }, t("verify.judged", { judged: number(judged), wrong: number(wrong) })),
    step.certified && h("span", { class: "state done" }, t("verify.state_certified")),
  );
}
