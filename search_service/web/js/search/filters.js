// What a search is narrowed by. `changed(filters)` is called with the address's form of them.
import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, t } from "../i18n.js";

const BANDS = ["high", "medium", "low", "nothing_found"];
const VIDEO = ["video", "video_from", "video_to"],
  CAPTURED = ["captured_from", "captured_to"];

export function makeFilters({ project, changed, signal }) {
  const option = ([value, text]) => h("option", { value }, text);
  const choice = (name, options) =>
    h("select", { id: `filter-${name}`, name }, option(["", t("search.any")]), options.map(option));
  const seconds = (name) =>
    h("input", { id: `filter-${name}`, name, type: "number", min: "0", step: "0.1", inputmode: "decimal" });
  const moment = (name) => h("input", { id: `filter-${name}`, name, type: "datetime-local" });
  const yesNo = ["yes", "no"].map((answer) => [answer, t(`search.${answer}`)]);
  const bands = BANDS.map((band) => [band, t(`search.band_${band}`)]);
  const labels = project.labels.map((label) => [label, label]);
  const places = ["annotations", "predictions"].map((place) => [place, t(`search.in_${place}`)]);
  const fields = {
    labelled: choice("labelled", yesNo),
    predicted: choice("predicted", yesNo),
    band: choice("band", bands),
    label: choice("label", labels),
    label_in: choice("label_in", places),
    captured_from: moment("captured_from"),
    captured_to: moment("captured_to"),
    video: choice("video", []),
    video_from: seconds("video_from"),
    video_to: seconds("video_to"),
  };
  const rows = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      h("div", { class: "row" }, h("label", { for: `filter-${name}` }, t(`search.filter_${name}`)), field),
    ]),
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
    Object.values(rows),
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
        .map(([name, field]) => [name, CAPTURED.includes(name) ? fromClock(field.value) : field.value])
        .filter(([, value]) => value),
    ),
    ...(collapse.checked ? { collapse: "yes" } : {}),
  });
  function tell() {
    if (!fields.label.value) fields.label_in.value = "";
    count();
    changed(values());
  }
  function count() {
    const n = Object.keys(values()).length;
    toggle.lastChild.textContent = n || "";
    toggle.setAttribute("aria-pressed", String(n > 0));
    rows.label_in.hidden = !fields.label.value;
  }

  function show(filters) {
    for (const [name, field] of Object.entries(fields)) {
      field.value = (CAPTURED.includes(name) ? toClock(filters[name]) : filters[name]) ?? "";
      if (field.value || !filters[name] || field.tagName === "INPUT") continue;
      field.append(option([filters[name], filters[name]])); // not known (yet): what is asked for is shown all the same
      field.value = filters[name];
    }
    collapse.checked = filters.collapse === "yes";
    count();
  }

  // Most projects have no videos, or no times of capture: their fields come when there are some.
  function showRows(names, some) {
    for (const name of names) rows[name].hidden = !some && !names.some((other) => fields[other].value);
  }
  async function loadVideos() {
    const { videos, captured } = await api(`/projects/${project.id}/videos`, { signal });
    const name = ({ video, frames, seconds: end }) => `${video} (${frames}${end === null ? "" : `, ${clock(end)}`})`;
    const { value } = fields.video;
    fields.video.replaceChildren(option(["", t("search.any")]), ...videos.map((one) => option([one.video, name(one)])));
    if (value && !videos.some((one) => one.video === value)) fields.video.append(option([value, value]));
    fields.video.value = value;
    for (const name of CAPTURED)
      Object.assign(fields[name], { min: toClock(captured?.[0]) ?? "", max: toClock(captured?.[1]) ?? "" });
    showRows(VIDEO, videos.length);
    showRows(CAPTURED, captured);
  }
  showRows([...VIDEO, ...CAPTURED], false);
  loadVideos().catch(() => {});

  form.addEventListener("change", tell);
  form.addEventListener("submit", (event) => event.preventDefault());
  return { toggle, form, show };
}

// A moment of the world, as the address and the service hold it (without a zone: UTC), and as a person's clock shows it.
function toClock(text) {
  const at = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(text ?? "") ? text : `${text}Z`);
  return Number.isNaN(at.getTime()) ? null : new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
const fromClock = (text) => (text ? new Date(text).toISOString() : "");
