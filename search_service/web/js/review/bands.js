// The bands to choose from, each with its count and its range of scores, and the head of the one that is shown.
import { h, inPlace } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { linkTo } from "../router.js";

export const BANDS = /** @type {const} */ (["high", "medium", "low", "nothing_found", "check_first", "to_fix", "all"]);

/** @param {Api.ReviewStatus} status @param {BandTab | null} band */
function countOf({ bands, check_first, set_aside, left }, band) {
  if (band === null) return 0;
  if (band === "check_first") return check_first;
  return band === "to_fix" ? set_aside : band === "all" ? left : bands[band];
}

/** @param {BandTab} band @returns {band is Api.Band} */
const isBand = (band) => band !== "check_first" && band !== "to_fix" && band !== "all";

// The band with which the review begins: the surest that has something.
/** @param {Api.ReviewStatus} status @returns {BandTab} */
export const firstBand = (status) => BANDS.filter(isBand).find((band) => status.bands[band]) ?? "high";

/** @param {ReviewDesk} desk @param {(band: BandTab) => unknown} choose */
export function bandTabs({ status, band: current, label }, choose) {
  const shown = BANDS.filter((band) => band !== "to_fix" || status.set_aside || current === band);
  return shown.map((band) =>
    h(
      "a",
      {
        class: `band ${band}`,
        href: linkTo({ screen: "review", band, label }),
        "aria-current": band === current ? "true" : null,
        onclick: inPlace(() => choose(band)),
      },
      h("b", {}, number(countOf(status, band))),
      h("span", { class: "name" }, t(`review.${band}`)),
      h("span", { class: "muted" }, contentText(band, status)),
    ),
  );
}

// `views`: the bands' views in Label Studio; `accept` accepts all of the band, `verify` by a sample of it, `judged` the
// tasks that only wait because of what was rejected.
/** @typedef {Record<"accept" | "judged", () => unknown> & { verify: import("./verify/choice.js").VerifyChoice }} BandActs */
/** @param {ReviewDesk} desk @param {Api.View[]} views @param {BandActs} acts */
export function bandHead({ status, band }, views, { accept, verify, judged }) {
  const view = views.find((one) => one.query === band);
  const scored = band === "high" || band === "medium"; // the ladder goes from the high band's edge to the medium one's
  const sampled = scored || band === "nothing_found";
  const all = band !== null && isBand(band) && countOf(status, band) > 0;
  return [
    h("h2", {}, t(`review.${band}`)),
    h("span", { class: "muted" }, t(`review.hint_${band}`)),
    h("span", { class: "grow" }),
    view ? h("a", { href: view.url, target: "_blank", rel: "noopener" }, t("review.open")) : "",
    all && scored ? verify.select : "",
    all && sampled ? actionButton(t("verify.open"), () => verify.start(band), { id: "verify-band", class: "primary" }) : "",
    all ? actionButton(t("review.acceptBand"), accept, { id: "accept-band" }) : "",
    all && sampled ? h("span", { class: "muted" }, t("review.notVerified")) : "",
    band === "to_fix" && status.set_aside
      ? actionButton(t("review.acceptJudged"), judged, { id: "accept-judged", class: "primary" })
      : "",
  ];
}

// What the number counts, the objects on these tasks, and their scores.
/** @param {BandTab} band @param {Api.ReviewStatus} status */
function contentText(band, status) {
  const { edges, objects: perBand } = status;
  const high = number(edges.high, 2),
    medium = number(edges.medium, 2);
  const objects = isBand(band) ? perBand[band] : 0;
  const text = {
    high: t("review.from", { low: high }),
    medium: t("review.range", { low: medium, high }),
    low: t("review.below", { high: medium }),
    nothing_found: "",
    check_first: "",
    to_fix: "",
    all: "",
  }[band];
  const count = objects ? t("review.objectCount", { n: objects, count: number(objects) }) : "";
  return [t("review.taskUnit", { n: countOf(status, band) }), count, text].filter(Boolean).join(" · ");
}
