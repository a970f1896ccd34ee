// What is told of a hit beside its picture, and what can be done with it.
import { h, icon } from "../dom.js";
import { clock, number, t } from "../i18n.js";
import { factList } from "../picture/object_list.js";

// `acts`: like() and unlike() ask for others, region() begins to choose a part, judge(relevant) notes a verdict, toggle()
// selects. Returns the element, and how to show whether the hit is selected.
/**
 * @param {Api.Hit} hit
 * @param {boolean} chosen
 * @param {Record<"like" | "unlike" | "region" | "toggle", () => unknown> & { judge: (relevant: boolean) => unknown }} acts
 */
export function hitFacts(hit, chosen, acts) {
  const pick = h("input", { type: "checkbox", checked: chosen, onchange: acts.toggle });
  const root = h(
    "div",
    {},
    h("h2", {}, t("common.task", { task: hit.task })),
    h("label", { class: "check" }, pick, t("search.chosen")),
    factList(rows(hit)),
    h(
      "div",
      { class: "bar" },
      h("button", { type: "button", onclick: acts.like }, icon("like"), t("search.similar")),
      h("button", { type: "button", onclick: acts.unlike }, icon("unlike"), t("search.notSimilar")),
      h("button", { type: "button", id: "choose-region", onclick: acts.region }, icon("region"), t("search.region")),
      thumbs(hit, acts.judge),
    ),
    h("p", { class: "muted" }, t("search.regionHint")),
  );
  return { root, showChosen: (/** @type {boolean} */ on) => void (pick.checked = on) };
}

/** @param {Api.Hit} hit @returns {[string, string | null][]} */
const rows = (hit) => [
  [t("search.similarity"), hit.similarity?.toFixed(3) ?? null],
  [t("search.relevance"), hit.relevance && t(`search.${hit.relevance}`)],
  [t("search.video"), hit.video_name || null],
  [t("search.time"), hit.video_time === null ? null : clock(hit.video_time)],
  [t("search.frame"), hit.frame_number === null ? null : number(hit.frame_number)],
];

/** @param {Api.Hit} hit @param {(relevant: boolean) => unknown} judge */
function thumbs(hit, judge) {
  /** @type {(sign: string, key: string, relevant: boolean) => HTMLElement} */
  const thumb = (sign, key, relevant) => {
    const said = t(`search.${key}`);
    const act = async () => {
      await judge(relevant);
      good.setAttribute("aria-pressed", String(hit.judged === true));
      wrong.setAttribute("aria-pressed", String(hit.judged === false));
    };
    const pressed = String(hit.judged === relevant);
    const attributes = { type: "button", class: key, title: said, "aria-label": said, "aria-pressed": pressed };
    return h("button", { ...attributes, onclick: act }, icon(sign));
  };
  const good = thumb("up", "good", true),
    wrong = thumb("down", "wrong", false);
  return [good, wrong];
}
