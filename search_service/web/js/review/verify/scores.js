// What people's verdicts say of the scores of each label: classes with their interval, which is all that is claimed.
import { h } from "../../dom.js";
import { number, t } from "../../i18n.js";

const SPOKEN_OF = 20; // outcomes that a class has to be worth for its share to be shown

/** @param {number} share */
export const percent = (share) => `${number(share * 100, 1)} %`;

// The classes of a label that somebody judged objects of, from high to low.
/** @param {Api.LabelTrust} label */
export const classesOf = (label) => label.classes.filter((one) => one.share !== null).reverse();

// The chance that the curve states in a class: at its middle, and only for a label with outcomes.
/** @param {Api.LabelTrust} label @param {Api.ScoreClassSeen} one */
export function chanceIn({ curve }, { start, end }) {
  const inside = curve.filter(({ score }) => score >= start && (score < end || end === 1));
  if (!inside.length) return null;
  return inside.reduce((sum, { chance }) => sum + chance, 0) / inside.length;
}

/** @param {Api.LabelTrust} label @param {Api.ScoreClassSeen} one */
function row(label, one) {
  const spoken = one.outcomes >= SPOKEN_OF,
    chance = chanceIn(label, one);
  const cells = [
    t("scores.range", { from: number(one.start, 2), to: number(one.end, 2) }),
    number(Math.round(one.outcomes)),
    spoken && one.share !== null ? percent(one.share) : t("scores.few"),
    `${percent(one.low)} – ${percent(one.high)}`,
    spoken && chance !== null ? percent(chance) : "",
  ];
  return h("tr", {}, h("th", { scope: "row" }, label.label), ...cells.map((cell) => h("td", {}, cell)));
}

/** @param {Api.LabelTrust[]} labels @returns {HTMLElement} */
export function scoresTable(labels) {
  const rows = labels.flatMap((label) => classesOf(label).map((one) => row(label, one)));
  const waiting = labels.filter((label) => label.left_out > 0);
  const notes = waiting.map(({ label, left_out: n }) =>
    h("p", { class: "muted" }, t("scores.leftOut", { label, n, count: number(n) })),
  );
  if (!rows.length) return h("div", {}, h("p", { class: "muted" }, t("scores.none")), notes);
  const heads = ["label", "score", "outcomes", "looksLike", "interval", "chance"];
  const head = h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, t(`scores.${name}`))));
  return h("div", { class: "wide" }, h("table", { class: "scores" }, h("thead", {}, head), h("tbody", {}, rows)), notes);
}

// What the corrections so far suggest to change.
/** @param {Api.CorrectionHint[]} hints @returns {HTMLElement} */
export function hintList(hints) {
  if (!hints.length) return h("div", { hidden: true });
  const lines = hints.map(({ kind, label, other, objects: n, spoilt, threshold }) => {
    const edge = threshold === null ? "" : number(threshold, 2);
    return h("li", {}, t(`scores.hint_${kind}`, { label, other, n, count: number(n), spoilt: number(spoilt), edge }));
  });
  return h("div", {}, h("h3", {}, t("scores.hints")), h("ul", { id: "correction-hints" }, lines));
}
