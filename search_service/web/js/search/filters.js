// What a search is narrowed by. `changed(filters)` is called with the address's form of them.
import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, t } from "../i18n.js";

const BANDS = ["high", "medium", "low", "nothing_found"];

export function makeFilters({ project, changed, signal }) {
  const option = ([value, text]) => h("option", { value }, text);
  const choice = (name, options) =>
    h("select", { id: `filter-${name}`, name }, option(["", t("search.any")]), options.map(option));
  const seconds = (name) =>
    h("input", { id: `filter-${name}`, name, type: "number", min: "0", step: "0.1", inputmode: "decimal" });
  const yesNo = ["yes", "no"].map((answer) => [answer, t(`search.${answer}`)]);
  const bands = BANDS.map((band) => [band, t(`search.band_${band}`)]);
  const labels = project.labels.map((label) => [label, label]);
  const fields = {
    labelled: choice("labelled", yesNo),
    predicted: choice("predicted", yesNo),
    band: choice("band", bands),
    label: choice("label", labels),
    video: choice("video", []),
    video_from: seconds("video_from"),
    video_to: seconds("video_to"),
  };
  const rows = Object.entries(fields).map(([name, field]) =>
    h("div", { class: "row" }, h("label", { for: `filter-${name}` }, t(`search.filter_${name}`)), field),
  );
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
    rows,
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
    for (const [name, field] of Object.entries(fields)) {
      field.value = filters[name] ?? "";
      if (field.value || !filters[name]) continue;
      field.append(option([filters[name], filters[name]])); // not known (yet): what is asked for is shown all the same
      field.value = filters[name];
    }
    collapse.checked = filters.collapse === "yes";
    count();
  }

  // Most projects have no videos: their fields come when there are some.
  async function loadVideos() {
    const { videos } = await api(`/projects/${project.id}/videos`, { signal });
    const name = ({ video, frames, seconds: end }) => `${video} (${frames}${end === null ? "" : `, ${clock(end)}`})`;
    const { value } = fields.video;
    fields.video.replaceChildren(option(["", t("search.any")]), ...videos.map((one) => option([one.video, name(one)])));
    if (value && !videos.some((one) => one.video === value)) fields.video.append(option([value, value]));
    fields.video.value = value;
    for (const row of rows.slice(-3)) row.hidden = !videos.length && !value;
  }
  for (const row of rows.slice(-3)) row.hidden = true;
  loadVideos().catch(() => {});

  form.addEventListener("change", tell);
  form.addEventListener("submit", (event) => event.preventDefault());
  return { toggle, form, show };
}
