// How far the project's review is: one bar of what was done in which way, and the rate.
import { h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { linkTo } from "../router.js";

const LONG = 90; // minutes; more is told in hours
const PARTS = /** @type {const} */ (["accepted", "checked", "fixed", "skipped", "left"]);

export class ProgressPanel {
  constructor() {
    const name = { "aria-label": t("review.progressName") };
    this.line = h("p", { id: "review-progress" });
    this.bar = h("div", { class: "stacked", role: "img", ...name });
    this.legend = h("ul", { class: "legend" });
    this.notes = h("ul", { class: "notes" });
    const parts = [this.line, this.bar, this.legend, this.notes];
    this.root = h("section", { class: "panel progress-panel", ...name }, parts);
  }

  /** @param {Api.ReviewStatus} status */
  show(status) {
    this.line.textContent = progressText(status);
    this.bar.replaceChildren(...PARTS.map((part) => piece(part, status[part])));
    this.bar.setAttribute("aria-label", PARTS.map((part) => `${t(`review.${part}`)} ${status[part]}`).join(", "));
    this.legend.replaceChildren(
      ...PARTS.map((part) => h("li", { class: part }, h("b", {}, number(status[part])), " ", t(`review.${part}`))),
    );
    const notes = /** @type {const} */ (["unscored", "outdated", "added"]).filter((name) => status[name]);
    this.notes.replaceChildren(
      ...(status.refuted ? [refuted(status.refuted)] : []),
      ...notes.map((name) => h("li", {}, t(`review.${name}`, { n: status[name], count: number(status[name]) }))),
    );
  }
}

// With the way to what was corrected, and to what can be done.
/** @param {number} n */
function refuted(n) {
  const link = h("a", { href: linkTo({ screen: "verify" }) }, t("verify.title"));
  return h("li", { class: "refuted" }, h("b", {}, t("review.refuted", { n, count: number(n) })), " ", link);
}

/** @param {string} part @param {number} n */
function piece(part, n) {
  const made = h("span", { class: part, hidden: !n });
  made.style.flexGrow = String(n);
  return made;
}

// How many are reviewed, how many were looked at one by one and how long one took, and how long that leaves.
/** @param {Api.ReviewStatus} status */
export function progressText({ total, reviewed, looked_at: looked, seconds_each: seconds, left }) {
  const share = percent(reviewed / Math.max(1, total));
  const said = [t("review.reviewed", { done: number(reviewed), n: total, all: number(total), share })];
  if (seconds === null) return said[0];
  said.push(t("review.rate", { n: looked, count: number(looked), seconds: number(seconds, seconds < 10 ? 1 : 0) }));
  if (left) said.push(timeLeft((left * seconds) / 60));
  return said.join(" · ");
}

/** @param {number} minutes */
const timeLeft = (minutes) =>
  minutes > LONG
    ? t("review.hoursLeft", { hours: number(minutes / 60, 1) })
    : t("review.timeLeft", { minutes: number(Math.ceil(minutes)) });
