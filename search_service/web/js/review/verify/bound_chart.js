// The bound as a picture: judgements to the right, the least share of right objects upwards, and what is still needed.
import { h, svg } from "../../dom.js";
import { number } from "../../i18n.js";
import { edgeText, lineOf, say, targetText } from "./telling.js";

const WIDE = 420,
  HIGH = 210,
  LEFT = 52,
  RIGHT = 14,
  TOP = 14,
  BOTTOM = 44,
  LOWEST = 0.5; // below it the line runs along the axis
const FEWEST = 20; // judgements that the axis reaches to at least

/** @param {number} judgements up to which the axis goes */
export const placing = (judgements) => ({
  x: (/** @type {number} */ judged) => LEFT + (judged / judgements) * (WIDE - LEFT - RIGHT),
  y: (/** @type {number} */ share) =>
    TOP + ((1 - Math.max(LOWEST, Math.min(1, share))) / (1 - LOWEST)) * (HIGH - TOP - BOTTOM),
});

// The course with where it stands now at its end; what was taken back is gone from it.
/** @param {Api.SamplePoint[]} points @param {Api.SampleStep} step @returns {Api.SamplePoint[]} */
export const upTo = (points, { judged, wrong, least_right }) => [
  ...points.filter((point) => point.judged < judged && point.wrong <= wrong),
  { judged, wrong, least_right },
];

export class BoundChart {
  #points = /** @type {Api.SamplePoint[]} */ ([]);

  constructor() {
    this.line = h("p", { id: "verify-line", role: "status" });
    this.picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "bound", role: "img" });
    this.root = h("figure", { class: "bound-figure" }, h("figcaption", {}, this.line), this.picture);
  }

  // Another course: of another threshold, or from the server.
  /** @param {Api.SamplePoint[]} points */
  begin(points) {
    this.#points = points;
  }

  /** @param {Api.Sample} sample @param {Api.SampleStep} step */
  show(sample, step) {
    this.#points = upTo(this.#points, step);
    const line = lineOf(sample, step);
    this.line.textContent = line;
    this.picture.setAttribute("aria-label", say(sample, "chart", { edge: edgeText(step.edge), line }));
    const goal = step.judged + Math.min(step.more, step.objects - step.judged);
    const place = placing(Math.max(FEWEST, goal) * 1.06);
    this.picture.replaceChildren(
      ...axes(place, sample, goal),
      ...rest(place, sample.target, step, goal),
      ...course(place, this.#points),
    );
  }
}

/** @typedef {ReturnType<typeof placing>} Placing */

/** @param {number} x @param {number} y @param {string} said @param {string} anchor */
const text = (x, y, said, anchor) => svg("text", { x, y, "text-anchor": anchor }, said);

/** @param {Placing} place @param {Api.Sample} sample @param {number} goal */
function axes({ x, y }, sample, goal) {
  const { target } = sample,
    low = HIGH - BOTTOM,
    levels = [LOWEST, 0.75, 1];
  return [
    ...levels.map((share) => svg("path", { class: "grid", d: `M${LEFT} ${y(share)}H${WIDE - RIGHT}` })),
    ...levels
      .filter((share) => Math.abs(y(share) - y(target)) > 14)
      .map((share) => text(LEFT - 6, y(share) + 4, targetText(share), "end")),
    svg("path", { class: "target", d: `M${LEFT} ${y(target)}H${WIDE - RIGHT}` }),
    svg("text", { class: "goal", x: LEFT - 6, y: y(target) + 4, "text-anchor": "end" }, targetText(target)),
    text(LEFT, low + 17, "0", "middle"),
    goal > 0 && text(x(goal), low + 17, number(goal), "middle"),
    text((LEFT + WIDE - RIGHT) / 2, HIGH - 8, say(sample, "axis"), "middle"),
  ].filter((part) => part instanceof Element);
}

// What is still needed: from where it stands to the target, if all further ones are right.
/** @param {Placing} place @param {number} target @param {Api.SampleStep} step @param {number} goal */
function rest({ x, y }, target, { judged, more, least_right }, goal) {
  if (!more) return [];
  const to = `M${x(judged)} ${y(least_right)}L${x(goal)} ${y(target)}`;
  return [svg("path", { class: "todo", d: to }), svg("circle", { class: "todo", cx: x(goal), cy: y(target), r: 4 })];
}

/** @param {Placing} place @param {Api.SamplePoint[]} points */
function course({ x, y }, points) {
  const now = points[points.length - 1],
    low = HIGH - BOTTOM;
  const line = points.map((point) => `${x(point.judged)} ${y(point.least_right)}`).join("L");
  const wrong = points.filter((point, at) => point.wrong > (points[at - 1]?.wrong ?? 0));
  return [
    svg("path", { class: "curve", d: `M${line}` }),
    ...wrong.map((point) => svg("path", { class: "wrong", d: `M${x(point.judged)} ${low}v-9` })),
    svg("circle", { class: "now", cx: x(now.judged), cy: y(now.least_right), r: 5 }),
  ];
}
