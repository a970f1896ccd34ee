// The pictures of an evaluation: figures by label, the table of confusions, calibration, and the lists of errors.
import { h, svg } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { cropInto } from "../pictures.js";
import { openView } from "../search/view_tab.js";

/** @typedef {{ base: string, project: Api.Project }} Place */

const HEIGHT = 60; // of the picture of the calibration, which is 100 wide

/** @type {(value: number | null) => string} */
const figure = (value) => (value === null ? "–" : number(value, 3));

/** @param {string} name @param {string[]} columns @param {Child[][]} rows */
function table(name, columns, rows) {
  const row = (/** @type {Child[]} */ [first, ...rest]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, first),
      rest.map((cell) => (cell instanceof Element ? cell : h("td", {}, cell))),
    );
  const head = h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text)));
  const body = h("tbody", {}, rows.map(row));
  // It can be wider than its panel: then it is scrolled, also by keyboard.
  return h(
    "div",
    { class: "scroll", tabIndex: 0, role: "region", "aria-label": name },
    h("table", { class: "label-splits" }, h("caption", {}, name), h("thead", {}, head), body),
  );
}

/** @param {Api.ModelFigures[]} models */
export function figuresOf(models) {
  const names = /** @type {const} */ (["ap50", "ap", "ar"]);
  const one = models.length === 1;
  const columns = models.flatMap(({ model_version: version }) =>
    names.map((name) => (one ? t(`evaluate.${name}`) : `${t(`evaluate.${name}`)} ${version}`)),
  );
  /** @type {(name: string, of: (model: Api.ModelFigures) => Api.Figures | null | undefined) => Child[]} */
  const row = (name, of) => [
    name,
    number(of(models[0])?.objects ?? 0),
    ...models.flatMap((model) => names.map((key) => figure(of(model)?.[key] ?? null))),
  ];
  const [{ labels, sizes }] = models;
  return table(t("evaluate.figures"), [t("evaluate.label"), t("evaluate.objects"), ...columns], [
    row(t("evaluate.all"), (model) => model),
    ...labels.map(({ label }, place) => row(label, (model) => model.labels[place])),
    ...sizes.map(({ size }, place) => row(t(`evaluate.size_${size}`), (model) => model.sizes[place])),
    ...(models.some(({ shapes }) => shapes) ? [row(t("evaluate.outlines"), ({ shapes }) => shapes)] : []),
  ]);
}

// Labels of which there is nothing have no row and column.
/** @param {Api.Confusion} found @param {number} score */
export function confusionOf({ labels, rows }, score) {
  const last = labels.length;
  const kept = [...labels.keys()].filter((place) => rows[place].some(Boolean) || rows.some((row) => row[place]));
  const places = [...kept, last];
  const cellOf = (/** @type {number} */ place, /** @type {number} */ column) => {
    const count = rows[place][column];
    const text = place === last && column === last ? "" : number(count);
    const cell = h("td", { class: place === column ? "right" : "wrong" }, text);
    cell.style.setProperty("--share", String(count / Math.max(1, ...rows[place])));
    return cell;
  };
  const lines = places.map((place) => [
    place === last ? t("evaluate.false") : labels[place],
    ...places.map((column) => cellOf(place, column)),
  ]);
  const columns = [t("evaluate.annotated"), ...kept.map((place) => labels[place]), t("evaluate.missed")];
  return h(
    "section",
    { class: "confusion" },
    table(t("evaluate.confusion"), columns, lines),
    h("p", { class: "muted" }, t("evaluate.confusionHint", { score: number(score, 2) })),
  );
}

/** @param {Api.Calibration} found */
export function calibrationOf({ bins }) {
  const said = bins
    .filter((bin) => bin.detections)
    .map(({ low, high, detections: n, share }) => {
      const range = { low: number(low, 1), high: number(high, 1) };
      return t("evaluate.bin", { n, count: number(n), ...range, share: percent(share ?? 0) });
    });
  const bars = bins.map(({ low, share }) => {
    const height = HEIGHT * (share ?? 0);
    return svg("rect", { x: 100 * low + 1, width: 8, y: HEIGHT - height, height, class: "fill" });
  });
  const line = svg("line", { x1: 0, y1: HEIGHT, x2: 100, y2: 0 });
  const picture = { viewBox: `0 0 100 ${HEIGHT}`, role: "img", "aria-label": said.join("; ") || t("evaluate.none") };
  return h(
    "section",
    { class: "calibration" },
    h("h3", {}, t("evaluate.calibration")),
    h("p", { class: "muted" }, t("evaluate.calibrationHint")),
    svg("svg", picture, bars, line),
    h("ul", { class: "muted" }, said.map((text) => h("li", {}, text))),
  );
}

/** @param {Api.Evaluation} found @param {"false_positives" | "misses" | "confusions"} kind @param {Place} place */
export function errorsOf(found, kind, { base, project }) {
  const { count, tasks, boxes } = found.model[kind];
  const title = t(`evaluate.${kind}_view`, { version: found.model.model_version, on: found.on });
  const open = () => openView(base, { title: title.slice(0, 120), task_ids: tasks });
  const details = h(
    "details",
    { class: "judged-list", "data-kind": kind },
    h("summary", {}, t(`evaluate.${kind}`, { n: count, count: number(count) })),
    count > 0 && actionButton(t("evaluate.openView", { n: tasks.length, images: number(tasks.length) }), open),
    !count && h("p", { class: "muted" }, t("evaluate.none")),
    boxes.length < count && h("p", { class: "muted" }, t("evaluate.first", { n: boxes.length })),
  );
  const draw = () => {
    if (!details.open || details.querySelector("ul")) return;
    details.append(h("ul", { class: "judged-boxes" }, boxes.map((one) => boxOf(one, project))));
  };
  details.addEventListener("toggle", draw); // pictures are fetched when they are looked at
  return details;
}

/** @param {Api.JudgedBox} one @param {Api.Project} project */
function boxOf({ task, label, annotated, score, box }, project) {
  const name = annotated ? t("evaluate.instead", { label, annotated }) : label;
  const image = h("img", { alt: name, loading: "lazy" });
  cropInto(image, task, box);
  const link = { href: `${project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
  const said = [score !== null && h("b", {}, `${number(score, 2)} `), name, " ", h("a", link, t("common.task", { task }))];
  return h("li", { "data-task": task }, image, h("p", {}, said));
}
