// Thresholds as a picture: what is kept from each up, what those judged look like, how many were judged, and which
// thresholds are certified. What it looks like is a dashed line; only what is certified has a mark that is filled.
import { h, svg } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { percent } from "./scores.js";
import { edgeText } from "./telling.js";

const WIDE = 420,
  HIGH = 220,
  LEFT = 46,
  RIGHT = 14,
  TOP = 12,
  BOTTOM = 44,
  BAR = 40; // the tallest bar of judgements

/** @param {Api.SweepStep[]} steps from high to low */
export function scales(steps) {
  const least = steps[steps.length - 1].edge,
    most = Math.max(1, ...steps.map((step) => step.judged));
  return {
    x: (/** @type {number} */ edge) => LEFT + ((edge - least) / Math.max(0.01, 1 - least)) * (WIDE - LEFT - RIGHT),
    y: (/** @type {number} */ share) => TOP + (1 - share) * (HIGH - TOP - BOTTOM),
    bar: (/** @type {number} */ judged) => (judged / most) * BAR,
  };
}

/** @typedef {ReturnType<typeof scales>} Scales */

// The steps that somebody judged objects of: of the others nothing looks like anything.
/** @param {Api.SweepStep[]} steps */
export const seen = (steps) => steps.filter((step) => step.share !== null);

/** @param {Api.SweepStep} step */
const told = (step) =>
  t("scores.chart", {
    edge: edgeText(step.edge),
    kept: percent(step.kept),
    judged: number(step.judged),
    state: t(step.certified ? "scores.certified" : "scores.notCertified"),
  });

/** @param {Api.Sweep} sweep */
export function sweepChart({ steps, target }) {
  const to = scales(steps),
    ladder = steps.filter((step) => step.on_ladder);
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "sweep", role: "img", "aria-label": ladder.map(told).join(" ") },
    ...axes(to, target, steps),
    ...steps.map((step) => svg("path", { class: "judged", d: bar(to, step) })),
    svg("path", { class: "kept", d: line(steps.map((step) => [to.x(step.edge), to.y(step.kept)])) }),
    svg("path", { class: "band", d: band(to, seen(steps)) }),
    svg("path", { class: "looks", d: line(seen(steps).map((step) => [to.x(step.edge), to.y(step.share ?? 0)])) }),
    ...ladder.map((step) => mark(to, step)),
  );
  const names = ["kept", "right", "judged", "certified"];
  const legend = names.map((name) => h("li", { class: `key-${name}` }, t(`scores.${name}`)));
  return h("figure", { class: "sweep-figure" }, picture, h("ul", { class: "legend" }, legend));
}

/** @param {number[][]} points */
const line = (points) => (points.length ? `M${points.map(([x, y]) => `${x} ${y}`).join("L")}` : "");

/** @param {Scales} to @param {Api.SweepStep} step */
const bar = ({ x, bar: tall }, { edge, judged }) => `M${x(edge)} ${HIGH - BOTTOM}v${-tall(judged)}`;

/** @param {Scales} to @param {Api.SweepStep[]} steps */
function band({ x, y }, steps) {
  const above = steps.map((step) => [x(step.edge), y(step.high)]);
  const below = steps.map((step) => [x(step.edge), y(step.low)]).reverse();
  return steps.length ? `${line([...above, ...below])}Z` : "";
}

/** @param {Scales} to @param {Api.SweepStep} step */
const mark = ({ x, y }, step) =>
  svg(
    "circle",
    { class: step.certified ? "certified" : "open", cx: x(step.edge), cy: y(step.least_right ?? 0), r: 5 },
    svg("title", {}, told(step)),
  );

/** @param {Scales} to @param {number} target @param {Api.SweepStep[]} steps */
function axes({ x, y }, target, steps) {
  const low = HIGH - BOTTOM,
    edges = [...new Set([steps[steps.length - 1].edge, ...steps.filter((s) => s.on_ladder).map((s) => s.edge), 1])];
  const text = (/** @type {number} */ at, /** @type {number} */ up, /** @type {string} */ said, anchor = "middle") =>
    svg("text", { x: at, y: up, "text-anchor": anchor }, said);
  return [
    ...[0, 0.5, 1].map((share) => svg("path", { class: "grid", d: `M${LEFT} ${y(share)}H${WIDE - RIGHT}` })),
    ...[0, 0.5, 1].map((share) => text(LEFT - 6, y(share) + 4, `${number(share * 100)} %`, "end")),
    svg("path", { class: "target", d: `M${LEFT} ${y(target)}H${WIDE - RIGHT}` }),
    ...edges.map((edge) => text(x(edge), low + 17, edgeText(edge))),
    text((LEFT + WIDE - RIGHT) / 2, HIGH - 8, t("scores.axis")),
  ];
}
