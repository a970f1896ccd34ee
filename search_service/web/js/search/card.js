// One hit in the grid. Made by copying a pattern: two thousand of them come in one go.
import { picture } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, number, t } from "../i18n.js";

const pattern = h(
  "li",
  { class: "hit" },
  h(
    "button",
    { type: "button", class: "open", tabIndex: -1 },
    h("img", { loading: "lazy", decoding: "async", alt: "", draggable: "false", width: 320, height: 200 }),
  ),
  h("input", { type: "checkbox", class: "pick", tabIndex: -1 }),
  h(
    "div",
    { class: "text" },
    h("span", { class: "score", title: t("search.similarity") }),
    h("span", { class: "relevance" }),
    h("span", { class: "muted where" }),
  ),
);

/**
 * @typedef {object} Card
 * @property {Api.Hit} hit
 * @property {HTMLElement} item
 * @property {HTMLElement} opener
 * @property {HTMLInputElement} pick
 * @property {HTMLElement} where
 * @property {HTMLElement} [actions]
 * @property {(on: boolean) => void} inTabOrder
 */

/** @type {(hit: Api.Hit, chosen: boolean) => Card} */
export function makeCard(hit, chosen) {
  const item = /** @type {HTMLElement} */ (pattern.cloneNode(true));
  const [opener, pick, text] = /** @type {[HTMLElement, HTMLInputElement, HTMLElement]} */ ([...item.children]);
  const [score, relevance, where] = /** @type {HTMLElement[]} */ ([...text.children]);
  const name = t("common.task", { task: hit.task }),
    told = hit.relevance ? t(`search.${hit.relevance}`) : "";
  item.dataset.task = String(hit.task);
  item.classList.toggle("chosen", chosen);
  const similar = hit.similarity?.toFixed(3) ?? "",
    alike = similar && t("search.similarityIs", { value: similar });
  opener.setAttribute("aria-label", [name, alike, told].filter(Boolean).join(", "));
  pick.value = String(hit.task);
  pick.checked = chosen;
  pick.setAttribute("aria-label", t("search.select", { task: hit.task }));
  score.textContent = similar;
  relevance.textContent = told;
  if (hit.relevance) relevance.classList.add(hit.relevance);
  if (hit.labelled)
    text.before(h("span", { class: "tag", title: (hit.labels ?? []).join(", ") }, t("search.labelledTag")));
  picture(/** @type {HTMLImageElement} */ (opener.firstChild), hit.task, 320);
  /** @param {boolean} on */
  const inTabOrder = (on) => {
    for (const one of item.querySelectorAll("button, input")) one.setAttribute("tabindex", on ? "0" : "-1");
  };
  const card = { hit, item, opener, pick, where, inTabOrder };
  tellPlace(card);
  return card;
}

// Where a hit is, or from when to when its appearance lasts and how many frames it has.
/** @param {Card} card @param {import("./appearances.js").Appearance} [appearance] */
export function tellPlace({ hit, item, where }, appearance) {
  const name = t("common.task", { task: hit.task }),
    { video_time: time, video_name: video } = hit,
    n = appearance?.hits.length ?? 1;
  let text = time === null ? name : `${clock(time)} · ${video ?? ""}`;
  if (appearance && n > 1) {
    const { from, to } = appearance;
    text = [t("search.frames", { n, count: number(n) }), `${clock(from)}–${clock(to)}`, video].join(" · ");
  }
  item.classList.toggle("appearance", n > 1);
  if (where.textContent === text) return;
  where.textContent = text;
  where.title = `${name} · ${text}`;
}

/**
 * @typedef {object} HitActs
 * @property {(hit: Api.Hit, box?: number[] | null) => unknown} like
 * @property {(hit: Api.Hit, box?: number[] | null) => unknown} unlike
 * @property {(hit: Api.Hit, relevant: boolean) => unknown} judge
 */

// The buttons of a card. Once is enough.
/** @param {Card} card @param {HitActs} acts */
export function addActions(card, acts) {
  if (card.actions) return;
  const { hit, item } = card;
  const name = t("common.task", { task: hit.task });
  /** @type {(sign: string, key: string, work: () => unknown, pressed?: string) => HTMLElement} */
  const act = (sign, key, work, pressed) => {
    const said = t(`search.${key}`);
    const properties = { type: "button", class: `quiet ${key}`, title: said, "aria-label": `${said}: ${name}` };
    return h("button", { ...properties, tabIndex: -1, "aria-pressed": pressed, onclick: work }, icon(sign));
  };
  card.actions = h(
    "div",
    { class: "actions" },
    act("like", "similar", () => acts.like(hit)),
    act("unlike", "notSimilar", () => acts.unlike(hit)),
    h("span", { class: "grow" }),
    act("up", "good", () => acts.judge(hit, true), "false"),
    act("down", "wrong", () => acts.judge(hit, false), "false"),
  );
  item.append(card.actions);
  showJudged(card);
}

/** @param {Card} card */
export function showJudged(card) {
  const thumbs = { good: true, wrong: false };
  for (const [name, relevant] of Object.entries(thumbs)) {
    card.actions?.querySelector(`.${name}`)?.setAttribute("aria-pressed", String(card.hit.judged === relevant));
  }
  card.item.classList.toggle("judged-good", card.hit.judged === true);
  card.item.classList.toggle("judged-wrong", card.hit.judged === false);
}
