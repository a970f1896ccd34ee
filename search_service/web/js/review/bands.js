// The bands to choose from, each with its count and its range of scores, and the head of the one that is shown.
import { h, inPlace } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { linkTo } from "../router.js";

export const BANDS = /** @type {const} */ (["high", "medium", "low", "nothing_found", "to_fix"]);

/** @param {Api.ReviewStatus} status @param {BandTab | null} band */
const countOf = ({ bands, set_aside }, band) => (band === null ? 0 : band === "to_fix" ? set_aside : bands[band]);

// The band with which the review begins: the surest that has something.
/** @param {Api.ReviewStatus} status @returns {BandTab} */
export const firstBand = (status) => BANDS.find((band) => band !== "to_fix" && status.bands[band]) ?? "high";

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
      h("span", { class: "muted" }, rangeText(band, status)),
    ),
  );
}

// `views`: the bands' views in Label Studio; `accept` accepts all of the band.
/** @param {ReviewDesk} desk @param {Api.View[]} views @param {() => unknown} accept */
export function bandHead({ status, band }, views, accept) {
  const view = views.find((one) => one.query === band);
  const cls = band === "high" || band === "nothing_found" ? "primary" : "";
  const all = band !== "to_fix" && countOf(status, band) > 0;
  return [
    h("h2", {}, t(`review.${band}`)),
    h("span", { class: "muted" }, t(`review.hint_${band}`)),
    h("span", { class: "grow" }),
    view ? h("a", { href: view.url, target: "_blank", rel: "noopener" }, t("review.open")) : "",
    all ? actionButton(t("review.acceptBand"), accept, { id: "accept-band", class: cls }) : "",
  ];
}

/** @param {BandTab} band @param {Api.ReviewStatus} status */
function rangeText(band, { edges, regions }) {
  const high = number(edges.high, 2),
    medium = number(edges.medium, 2);
  const objects = band === "to_fix" ? 0 : regions[band];
  const text = {
    high: t("review.from", { low: high }),
    medium: t("review.range", { low: medium, high }),
    low: t("review.below", { high: medium }),
    nothing_found: "",
    to_fix: "",
  }[band];
  const count = objects ? t("review.objectCount", { n: objects, count: number(objects) }) : "";
  return [text, count].filter(Boolean).join(" · ");
}
