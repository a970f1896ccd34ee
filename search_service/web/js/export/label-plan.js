// What an import of labels would write, and what it would not, with the reasons.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

const FORMATS = { coco: "COCO", yolo: "YOLO", "label-studio": "Label Studio" };
const sum = (/** @type {number[]} */ counts) => counts.reduce((all, one) => all + one, 0);

/** @param {Api.LabelImportPlan} plan */
export function planOf(plan) {
  const objects = sum(Object.values(plan.objects));
  const counts = { n: objects, objects: number(objects), k: plan.tasks, images: number(plan.tasks) };
  return h(
    "div",
    { class: "label-plan" },
    h("p", { class: "big" }, plan.tasks ? t("labels.wouldWrite", counts) : t("labels.nothing")),
    h("p", { class: "muted" }, facts(plan).filter(Boolean).join(" · ")),
    objects > 0 && table([t("labels.label"), t("labels.objects")], counted(plan.objects)),
    group("problems", plan.problem_count, problems(plan)),
    group("lacking", sum(Object.values(plan.lacking)), table([t("labels.label"), t("labels.objects")], counted(plan.lacking))),
    group("left", sum(plan.left_alone.map(({ count }) => count)), reasons(plan.left_alone)),
    group("losses", sum(plan.losses.map(({ count }) => count)), reasons(plan.losses)),
  );
}

/** @param {Api.LabelImportPlan} plan */
function facts({ format, images, matched, new_images: brought, there_already: there, splits }) {
  const of = (/** @type {number} */ n) => ({ n, images: number(n) });
  const found = Object.entries(splits).map(([split, n]) => `${split} ${number(n)}`);
  return [
    t("labels.inFile", { format: FORMATS[format], ...of(images) }),
    ...Object.entries(matched).map(([way, n]) => t(`labels.by_${way}`, of(n))),
    brought > 0 && t("labels.new", of(brought)),
    there > 0 && t("labels.there", of(there)),
    found.length > 0 && t("labels.splitsFound", { splits: found.join(", ") }),
  ];
}

// Folded, with its count in its head; nothing where there is none.
/** @param {string} name @param {number} n @param {Child} content */
function group(name, n, content) {
  const shown = number(n);
  const head = t(`labels.${name}`, { n, objects: shown, images: shown, problems: shown });
  return n > 0 && h("details", { "data-told": name }, h("summary", {}, head), content);
}

/** @param {Api.LabelImportPlan} plan */
function problems({ problems: told, problem_count: all }) {
  const rows = told.map(({ file, entry, reason }) => [file, entry, reason]);
  const more = all > told.length && h("p", { class: "muted" }, t("labels.firstProblems", { n: number(told.length) }));
  return h("div", {}, table([t("labels.where"), t("labels.entry"), t("labels.reason")], rows), more);
}

/** @param {Api.Told[]} told */
function reasons(told) {
  const line = (/** @type {Api.Told} */ { reason, count, examples }) =>
    t(examples.length ? "labels.examples" : "labels.told", {
      reason,
      count: number(count),
      examples: examples.join(", ") + (count > examples.length ? ", …" : ""),
    });
  return h("ul", {}, told.map((one) => h("li", {}, line(one))));
}

/** @type {(counts: Record<string, number>) => string[][]} */
const counted = (counts) => Object.entries(counts).map(([label, n]) => [label, number(n)]);

/** @param {string[]} heads @param {string[][]} rows */
function table(heads, rows) {
  const head = h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map((cells) => h("tr", {}, cells.map((text) => h("td", {}, text))));
  const made = h("table", {}, h("thead", {}, head), h("tbody", {}, body));
  return h("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": heads.join(", ") }, made);
}
