// What an export would hold: how many images and objects, in which splits, of which labels.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

export const heading = () => h("h2", { id: "e-preview" }, t("export.preview"));

/** @type {(found: Api.ExportPreview, source: string, masks: boolean) => Child[]} */
export function previewOf(found, source, masks) {
  if (!found.images) return [h("p", {}, t(`export.nothing_${source}`))];
  const perSplit = Object.keys(found.splits).length ? labelsOfSplits(found) : labels(found.objects);
  const counts = h("p", { class: "big" }, countsText(found));
  return [counts, masks && boxesOnly(found), splits(found), refusal(found), stripsOf(found), perSplit];
}

// Why outlines would be no more than boxes, and what to do.
/** @param {Api.ExportPreview} found */
function boxesOnly({ outlines }) {
  return !outlines && h("p", { class: "possible", id: "export-boxes" }, t("export.boxesOnly"));
}

/** @param {Api.ExportPreview} found */
function countsText({ images, counted, objects }) {
  const all = Object.values(objects).reduce((sum, n) => sum + n, 0);
  const more = counted < images ? "+" : ""; // of a large project, the first images
  return t("export.counts", { n: images, images: number(images), k: all, objects: number(all) + more });
}

/** @param {Api.ExportPreview} found @returns {Child} */
function splits(found) {
  const parts = Object.entries(found.splits);
  if (!parts.length) return null;
  const bars = parts.map(([, one], place) => {
    const part = h("span", { class: `part-${place}` });
    part.style.flexGrow = String(one.images);
    return part;
  });
  const lines = parts.map(([name, { images, videos }], place) => {
    const text = t("export.split", { n: images, images: number(images), k: videos, videos: number(videos) });
    return h("li", {}, h("span", { class: `dot part-${place}` }), h("strong", {}, name), " ", text);
  });
  return [
    h("div", { class: "split-bar", "aria-hidden": "true" }, bars),
    h("ul", { class: "splits" }, lines),
    leftOut(found.left_out ?? []),
  ];
}

/** @param {{ reason: string, count: number }[]} reasons */
function leftOut(reasons) {
  const all = reasons.reduce((sum, { count }) => sum + count, 0);
  const text = t("export.inNone", { n: all, images: number(all) });
  const lines = reasons.map(({ reason, count }) => h("li", {}, `${number(count)}: ${reason}`));
  return all > 0 && h("details", { class: "in-none" }, h("summary", {}, text), h("ul", {}, lines));
}

// Why such splits would be refused, and what to do.
/** @param {Api.ExportPreview} found */
function refusal({ refused }) {
  return refused && h("p", { class: "possible", id: "export-refused" }, `${refused.message} ${refused.hint}`);
}

// A strip for each video: which part of it is in which split.
/** @param {Api.ExportPreview} found */
function stripsOf({ strips, splits: names, gap }) {
  if (!strips?.length) return null;
  const places = Object.keys(names);
  const lines = strips.map(({ video, parts }) => {
    const pieces = parts.map(({ split, frames, start, end }) => {
      const title = t("export.piece", { split: split || t("export.noSplit"), frames: number(frames), start, end });
      const piece = h("span", { class: split ? `part-${places.indexOf(split)}` : "part-none", title });
      piece.style.flexGrow = String(frames);
      return piece;
    });
    const said = parts.map(({ split, frames }) => `${split || t("export.noSplit")} ${frames}`).join(", ");
    const strip = h("div", { class: "split-bar", role: "img", "aria-label": said }, pieces);
    return h("li", {}, h("span", { class: "name", title: video }, video), strip);
  });
  return h(
    "section",
    { class: "strips" },
    h("h3", {}, t("export.strips")),
    h("p", { class: "muted" }, t("export.gap", { gap })),
    h("ul", {}, lines),
  );
}

// Objects of each label, a column for each split.
/** @param {Api.ExportPreview} found */
function labelsOfSplits({ splits: parts, objects }) {
  const names = Object.keys(parts);
  const head = [t("export.label"), ...names].map((name) => h("th", { scope: "col" }, name));
  const row = (/** @type {string} */ label) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      names.map((name) => h("td", {}, number(parts[name].objects[label] ?? 0))),
    );
  return h(
    "table",
    { class: "label-splits" },
    h("caption", {}, t("export.perSplit")),
    h("thead", {}, h("tr", {}, head)),
    h("tbody", {}, Object.keys(objects).map(row)),
  );
}

/** @param {Record<string, number>} objects by label */
function labels(objects) {
  const most = Math.max(1, ...Object.values(objects));
  const line = (/** @type {[string, number]} */ [label, n]) => {
    const bar = h("span", { class: "fill" });
    bar.style.inlineSize = `${(100 * n) / most}%`;
    const track = h("span", { class: "track", "aria-hidden": "true" }, bar);
    return h("li", {}, h("span", { class: "name" }, label), track, h("span", { class: "n" }, number(n)));
  };
  const lines = Object.entries(objects).map(line);
  return lines.length > 0 && h("ul", { class: "bars" }, lines);
}
