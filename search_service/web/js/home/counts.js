// How many images are how far, what is found of each label, and what is under way.
import { h, inPlace } from "../dom.js";
import { number, percent, some, t } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { go, linkTo } from "../router.js";

const BANDS = ["check_first", "high", "medium", "low", "nothing_found", "to_fix"];
/** @type {Record<string, { screen: string, run?: string }>} */
const PLACES = {
  run: { screen: "annotate" },
  upload: { screen: "search" },
  label_import: { screen: "export" },
  evaluation: { screen: "export" },
  export: { screen: "export" },
};

/** @param {Record<string, string>} to @param {string} text */
const link = (to, text) => h("a", { href: linkTo(to), onclick: inPlace(() => go(to)) }, text);

// Each state that has images, the ones of a band below those with predictions.
/** @param {Api.HomeStates} states */
export function stateRows(states) {
  const line = (/** @type {Child} */ name, /** @type {number} */ n, cls = "") => n > 0 && h("li", { class: cls }, h("span", {}, name), h("strong", {}, number(n)));
  return [
    line(link({ screen: "search", browse: "time" }, t("home.images")), states.images),
    line(t("home.embedded"), states.embedded, "within"),
    line(t("home.embeddingWaits"), states.waiting, "within"),
    line(link({ screen: "setup" }, t("home.failed")), states.failed, "within bad"),
    line(link({ screen: "annotate", from: "unlabelled" }, t("home.untouched")), states.untouched),
    line(t("home.withPredictions"), states.predicted),
    BANDS.map((band) => line(link({ screen: "review", band }, t(`review.${band}`)), states.bands[band] ?? 0, "within")),
    line(link({ screen: "search", browse: "time", labelled: "yes" }, t("home.annotated")), states.annotated),
    line(t("home.acceptedInBulk"), states.accepted, "within"),
    line(t("home.skipped"), states.skipped),
  ];
}

/** @param {Api.HomeLabel[]} labels */
export function labelTable(labels) {
  if (!labels.length) return h("p", { class: "muted" }, t("home.noLabels"));
  const names = labels.map(({ label }) => label),
    most = Math.max(...labels.map(({ objects }) => objects), 1);
  const head = ["label", "objects", "onImages", "drawn"].map((key) => h("th", { scope: "col" }, t(`home.${key}`)));
  const row = (/** @type {Api.HomeLabel} */ { label, objects, images, annotated }) => {
    const bar = h("span", { class: "label-bar", "aria-hidden": "true" });
    bar.style.inlineSize = `${(100 * objects) / most}%`;
    bar.style.background = colourOf(names, label);
    const to = { screen: "search", browse: "time", label };
    return h("tr", {}, h("th", { scope: "row" }, link(to, label)), h("td", { class: "with-bar" }, number(objects), bar), h("td", {}, number(images)), h("td", {}, number(annotated)));
  };
  const table = h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, labels.map(row)));
  return h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("home.labels") }, table);
}

// Nothing when nothing is under way.
/** @param {Api.Home} home */
export function workRows({ under_way: work, states }) {
  const row = (/** @type {Child} */ name, /** @type {number} */ progress, queued = false, said = "") =>
    h(
      "li",
      {},
      h("span", {}, name),
      h("progress", { max: "1", value: String(progress), "aria-label": said }),
      h("span", { class: "muted" }, queued ? t("home.waiting") : percent(progress)),
    );
  const rows = work.map(({ kind, id, names, queued, progress }) => {
    const said = t(`home.work_${kind}`, { id, names: some(names) });
    return row(link(kind === "run" ? { ...PLACES.run, run: id } : PLACES[kind], said), progress, queued, said);
  });
  const embedding = t("home.work_embedding");
  if (states.waiting) rows.push(row(embedding, states.embedded / states.images, false, embedding));
  return rows;
}
