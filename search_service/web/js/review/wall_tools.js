// What the wall of objects offers: its labels, and what can be said of the objects that are chosen.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";

/** @typedef {"right" | "wrong" | "unsure" | "relabelled"} WallVerdict */
/**
 * @typedef {object} WallState
 * @property {string[]} labels
 * @property {number} shown objects
 * @property {number} total of the label, when not all are shown; else 0
 * @property {number} selected
 * @property {number} unsaid objects shown of which nothing was said
 * @property {boolean} said whether there is something to take back
 * @property {(verdict: WallVerdict, label?: string) => unknown} say
 * @property {() => unknown} rest
 * @property {() => unknown} like everything like the chosen objects is to be labelled
 * @property {() => unknown} undo
 * @property {() => unknown} selectShown
 * @property {() => unknown} selectAll
 * @property {() => unknown} selectNone
 */

/** @param {Record<string, number>} counts */
export const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/** @param {Record<string, number>} counts by label @param {string} current "" for all labels @param {(label: string | null) => unknown} chosen */
export const labelChips = (counts, current, chosen) =>
  Object.entries({ "": sum(counts), ...counts }).map(([label, count]) => {
    const pressed = String(label === current);
    const attributes = { type: "button", "data-label": label, "aria-pressed": pressed, onclick: () => chosen(label || null) };
    return h("button", attributes, `${label || t("review.allLabels")} ${number(count)}`);
  });

/** @param {WallState} state */
export function wallTools(state) {
  const { shown, selected, unsaid } = state;
  const verdict = (/** @type {Exclude<WallVerdict, "relabelled">} */ name, /** @type {string} */ key) =>
    keyed(t(`wall.${name}`), key, () => state.say(name), { class: name, disabled: !shown });
  const rest = t("wall.rest", { n: unsaid, count: number(unsaid) });
  return [
    verdict("right", "A"),
    verdict("wrong", "R"),
    verdict("unsure", "U"),
    relabelling(state),
    keyed(rest, "O", state.rest, { class: "rest", disabled: !unsaid }),
    keyed(t("review.undo"), "Z", state.undo, { class: "undo", disabled: !state.said }),
    h("span", { class: "grow" }),
    h("span", { class: "chosen", role: "status" }, selected ? t("review.selected", { count: number(selected) }) : ""),
    actionButton(t("wall.selectShown", { n: shown, count: number(shown) }), state.selectShown, { class: "shown" }),
    state.total > 0 && actionButton(t("wall.selectAll", { count: number(state.total) }), state.selectAll, { class: "every" }),
    selected > 0 && actionButton(t("wall.selectNone"), state.selectNone, { class: "none" }),
    selected > 0 && actionButton(t("like.like"), state.like, { class: "like-this" }),
  ];
}

/** @param {string} text @param {string} key @param {() => unknown} work @param {Record<string, unknown>} attributes */
const keyed = (text, key, work, attributes) =>
  actionButton([text, h("kbd", { "aria-hidden": "true" }, key)], work, { "aria-keyshortcuts": key, ...attributes });

/** @param {WallState} state */
function relabelling({ labels, shown, say }) {
  const name = t("wall.relabel");
  const options = labels.map((label, place) => h("option", { value: label }, place < 9 ? `${place + 1} · ${label}` : label));
  const select = h("select", { "aria-label": name, disabled: !shown }, h("option", { value: "" }, name), options);
  select.addEventListener("change", () => {
    const label = select.value;
    select.value = "";
    attempt(() => say("relabelled", label));
  });
  return select;
}
