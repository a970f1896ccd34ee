// What a search is narrowed by. `changed(filters)` is called with the address's form of them.
import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, t } from "../i18n.js";

const BANDS = ["high", "medium", "low", "nothing_found"];

export async function makeFilters({ project, changed, signal }) {
  const choice = (name, options) =>
    h(
      "select",
      { id: `filter-${name}`, name },
      h("option", { value: "" }, t("search.any")),
      options.map(([value, text]) => h("option", { value }, text)),
    );
  const yesNo = [
    ["yes", t("search.yes")],
    ["no", t("search.no")],
  ];
  const videos = await api(`/projects/${project.id}/videos`, { signal }).then(
    (found) => found.videos,
    () => [],
  );
  const seconds = (name) =>
    h("input", { id: `filter-${name}`, name, type: "number", min: "0", step: "0.1", inputmode: "decimal" });
  const fields = {
    labelled: choice("labelled", yesNo),
    predicted: choice("predicted", yesNo),
    band: choice(
      "band",
      BANDS.map((band) => [band, t(`search.band_${band}`)]),
    ),
    label: choice(
      "label",
      project.labels.map((label) => [label, label]),
    ),
    ...(videos.length
      ? {
          video: choice(
            "video",
            videos.map(({ video, frames, seconds: end }) => [
              video,
              `${video} (${frames}${end === null ? "" : `, ${clock(end)}`})`,
            ]),
          ),
          video_from: seconds("video_from"),
          video_to: seconds("video_to"),
        }
      : {}),
  };
  const collapse = h("input", { type: "checkbox", name: "collapse" });
  const reset = h(
    "button",
    {
      type: "button",
      onclick: () => {
        show({});
        tell();
      },
    },
    t("search.resetFilters"),
  );
  const form = h(
    "form",
    { id: "filters", class: "panel", hidden: true, "aria-label": t("search.filters") },
    Object.entries(fields).map(([name, field]) =>
      h("div", { class: "row" }, h("label", { for: `filter-${name}` }, t(`search.filter_${name}`)), field),
    ),
    h("label", { class: "check" }, collapse, t("search.filter_collapse")),
    reset,
  );
  const toggle = h(
    "button",
    {
      type: "button",
      id: "filter-toggle",
      "aria-expanded": "false",
      "aria-controls": "filters",
      onclick: () => {
        form.hidden = !form.hidden;
        toggle.setAttribute("aria-expanded", String(!form.hidden));
      },
    },
    icon("filter"),
    h("span", {}, t("search.filters")),
    h("span", { class: "count" }),
  );

  const values = () => ({
    ...Object.fromEntries(
      Object.entries(fields)
        .map(([name, field]) => [name, field.value])
        .filter(([, value]) => value),
    ),
    ...(collapse.checked ? { collapse: "yes" } : {}),
  });
  function tell() {
    count();
    changed(values());
  }
  function count() {
    const n = Object.keys(values()).length;
    toggle.lastChild.textContent = n || "";
    toggle.setAttribute("aria-pressed", String(n > 0));
  }

  function show(filters) {
    for (const [name, field] of Object.entries(fields)) field.value = filters[name] ?? "";
    collapse.checked = filters.collapse === "yes";
    count();
  }

  form.addEventListener("change", tell);
  form.addEventListener("submit", (event) => event.preventDefault());
  return { toggle, form, show };
}
