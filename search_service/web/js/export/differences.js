// How two versions differ: counts, objects by label, and the images that differ with what changed on them.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { cropInto } from "../pictures.js";

/** @param {Api.VersionDiff} found @returns {Child[]} */
export function differences(found) {
  const { before, after, images, next_task: next } = found;
  const labels = [...new Set([...Object.keys(found.objects_before), ...Object.keys(found.objects_after)])].sort();
  const columns = [t("export.label"), ...[before, after].map((version) => t("export.version", { version }))];
  const row = (/** @type {string} */ label) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      [found.objects_before, found.objects_after].map((counts) => h("td", {}, number(counts[label] ?? 0))),
    );
  const kinds = /** @type {const} */ (["added", "removed", "changed", "moved", "same"]);
  return [
    h("h3", {}, t("export.differences", { before, after })),
    h("p", {}, kinds.map((kind) => t(`export.images_${kind}`, { n: found[kind], images: number(found[kind]) })).join(" · ")),
    h(
      "table",
      { class: "label-splits" },
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, labels.map(row)),
    ),
    h("ul", { class: "changes" }, images.map(change)),
    next !== null && h("p", { class: "muted" }, t("export.moreChanges", { n: images.length })),
  ];
}

/** @param {Api.ImageChange} one */
function change({ task, file_name: name, kind, split, was_split: was, other_file: file, objects }) {
  const said = [
    kind !== "changed" && t(`export.image_${kind}`),
    kind === "changed" && split !== was && `${was || t("export.noSplit")} → ${split || t("export.noSplit")}`,
    file && t("export.otherFile"),
    ...(kind === "changed" ? objects : []).map(objectText),
  ];
  const image = h("img", { alt: t("common.task", { task }) });
  const around = [["was", "was_box"], ["now", "box"]].map(([name, key]) =>
    objects.map((object) => boxOf(object[/** @type {"box" | "was_box"} */ (key)], name)));
  cropInto(image, task, [0, 0, 1, 1], 320);
  return h(
    "li",
    { "data-task": task, class: kind },
    h("div", { class: "boxed" }, image, around),
    h("p", {}, h("strong", {}, name), " ", said.filter(Boolean).join(", ")),
  );
}

/** @param {Api.ObjectChange} object */
const objectText = ({ kind, label, was_label: was }) =>
  kind === "relabelled" ? `${was} → ${label}` : t(`export.object_${kind}`, { label });

// A box over the picture: of the earlier version dashed, of the later one solid.
/** @type {(box: number[] | null | undefined, name: string) => Child} */
function boxOf(box, name) {
  if (!box) return null;
  const [x0, y0, x1, y1] = box;
  const shown = h("span", { class: `outline ${name}` });
  const inset = [y0, 1 - x1, 1 - y1, x0].map((side) => `${100 * side}%`);
  shown.style.inset = inset.join(" ");
  return shown;
}
