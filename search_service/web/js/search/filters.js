// What a search is narrowed by. `changed(filters)` is called with the address's form of them.
import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, t } from "../i18n.js";

const BANDS = ["high", "medium", "low", "nothing_found"];
const TYPING = 1000; // ms in which somebody who types a time goes on

export function makeFilters({ project, changed, signal }) {
  const option = ([value, text]) => h("option", { value }, text);
  const choice = (name, options) =>
    plain(h("select", { id: `filter-${name}`, name }, option(["", t("search.any")]), options.map(option)));
  const seconds = (name) =>
    plain(h("input", { id: `filter-${name}`, name, type: "number", min: "0", step: "0.1", inputmode: "decimal" }));
  const moment = (name) => clocked(h("input", { id: `filter-${name}`, name, type: "datetime-local" }));
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
    Object.entries(fields).map(([name, { field }]) => [
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
        .map(([name, field]) => [name, field.read()])
        .filter(([, value]) => value),
    ),
    ...(collapse.checked ? { collapse: "yes" } : {}),
  });
  function tell() {
    clearTimeout(waiting);
    waiting = 0;
    if (!fields.label.read()) fields.label_in.write("");
    count();
    changed(values());
  }
  function count() {
    const asked = values(),
      n = Object.keys(asked).length;
    toggle.lastChild.textContent = n || "";
    toggle.setAttribute("aria-pressed", String(n > 0));
    rows.label_in.hidden = !asked.label && !asked.label_in;
    // Most projects have no videos, or no times of capture: their fields come when there are some.
    for (const [what, some] of Object.entries(known)) {
      const names = Object.keys(fields).filter((name) => name.startsWith(what));
      for (const name of names) rows[name].hidden = !some && !names.some((other) => asked[other]);
    }
  }

  function show(filters) {
    for (const [name, field] of Object.entries(fields)) field.write(filters[name] ?? "");
    collapse.checked = filters.collapse === "yes";
    count();
  }

  const known = { video: false, captured: false };
  let waiting = 0;
  async function learn() {
    const { videos, captured } = await api(`/projects/${project.id}/videos`, { signal });
    const name = ({ name, frames, seconds: end }) => `${name} (${frames}${end === null ? "" : `, ${clock(end)}`})`;
    const asked = fields.video.read();
    fields.video.field.replaceChildren(
      option(["", t("search.any")]),
      ...videos.map((one) => option([one.filter, name(one)])),
    );
    const meant = videos.find((one) => [one.filter, one.name, one.video_id].includes(asked)); // as an address may say it
    fields.video.write(meant?.filter ?? asked);
    Object.assign(known, { video: videos.length > 0, captured: captured !== null });
    count();
  }
  count();
  learn().catch(() => {});

  // A browser calls every key in a time a change.
  form.addEventListener("change", (event) => {
    clearTimeout(waiting);
    if (event.target.type === "datetime-local") waiting = setTimeout(tell, TYPING);
    else tell();
  });
  form.addEventListener("focusout", () => waiting && tell());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (waiting) tell();
  });
  signal.addEventListener("abort", () => clearTimeout(waiting));
  return { toggle, form, show };
}

// A field whose value is what the address holds.
function plain(field) {
  function write(value) {
    field.value = value;
    if (field.value || !value || field.tagName === "INPUT") return;
    field.append(h("option", { value }, value)); // not known (yet): what is asked for is shown all the same
    field.value = value;
  }
  return { field, read: () => field.value, write };
}

// A moment of the world, which the address holds as ISO 8601 (without a zone: UTC), on the person's own clock. What it
// was given comes back as it was, unless the person changed it.
function clocked(field) {
  let given = "",
    shown = "";
  const read = () => (field.value === shown ? given : field.value && new Date(field.value).toISOString());
  function write(text) {
    if (text === read()) return; // somebody may be typing
    const at = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
    field.value = Number.isNaN(at.getTime())
      ? ""
      : new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    [given, shown] = [text, field.value];
  }
  return { field, read, write };
}
