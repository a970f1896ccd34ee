// What an export would hold: how many images and objects, in which splits, of which labels.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

export const heading = () => h("h2", { id: "e-preview" }, t("export.preview"));

/** @type {(found: Api.ExportPreview, source: string) => Child[]} */
export function previewOf(found, source) {
  if (!found.images) return [h("p", {}, t(`export.nothing_${source}`))];
  return [h("p", { class: "big" }, countsText(found)), splits(found), labels(found.objects)];
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
    emptySplits(parts),
  ];
}

// Splits that no video is left for, in words.
/** @param {[string, { images: number, videos: number }][]} parts */
function emptySplits(parts) {
  const names = parts.filter(([, { images }]) => !images).map(([name]) => `“${name}”`);
  const videos = parts.reduce((sum, [, one]) => sum + one.videos, 0);
  const said = { names: names.join(", "), n: names.length, k: videos, count: number(videos) };
  return names.length > 0 && h("p", { class: "possible" }, t("export.emptySplit", said));
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
