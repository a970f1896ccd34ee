// What a search is narrowed by.
import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, t } from "../i18n.js";
import { choice, fillChoice, moment, seconds } from "./fields.js";

const BANDS = ["high", "medium", "low", "nothing_found"];
const TYPING = 1000; // ms in which somebody who types a time goes on

/** @type {(names: string[], prefix: string) => [string, string][]} */
const named = (names, prefix) => names.map((name) => [name, t(`search.${prefix}${name}`)]);

export class Filters {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  // Most projects have no videos, or no times of capture: their fields come when there are some.
  #known = { video: false, captured: false };

  // `changed(filters)` is called with the address's form of them.
  /** @param {{ project: Api.Project, changed: (filters: Record<string, string>) => unknown, signal: AbortSignal }} given */
  constructor({ project, changed, signal }) {
    this.project = project;
    this.changed = changed;
    this.video = choice("video", []);
    this.label = choice(
      "label",
      project.labels.map((label) => [label, label]),
    );
    this.labelIn = choice("label_in", named(["annotations", "predictions"], "in_"));
    /** @type {Record<string, import("./fields.js").Field>} */
    this.fields = {
      labelled: choice("labelled", named(["yes", "no"], "")),
      predicted: choice("predicted", named(["yes", "no"], "")),
      band: choice("band", named(BANDS, "band_")),
      flaw: choice("flaw", named(["dark", "blurred", "frozen"], "flaw_")),
      label: this.label,
      label_in: this.labelIn,
      captured_from: moment("captured_from"),
      captured_to: moment("captured_to"),
      video: this.video,
      video_from: seconds("video_from"),
      video_to: seconds("video_to"),
    };
    this.collapse = h("input", { type: "checkbox", name: "collapse" });
    this.rows = Object.fromEntries(Object.entries(this.fields).map(([name, { field }]) => [name, row(name, field)]));
    this.form = this.#makeForm();
    this.counted = h("span", { class: "count" });
    this.toggle = this.#makeToggle();
    this.#count();
    this.#learn(signal).catch(() => {});
    signal.addEventListener("abort", () => clearTimeout(this.#waiting));
  }

  /** @param {Record<string, string>} filters */
  show(filters) {
    for (const [name, field] of Object.entries(this.fields)) field.write(filters[name] ?? "");
    this.collapse.checked = filters.collapse === "yes";
    this.#count();
  }

  #makeForm() {
    const reset = () => {
      this.show({});
      this.#tell();
    };
    const form = h(
      "form",
      { id: "filters", class: "panel", hidden: true, "aria-label": t("search.filters") },
      Object.values(this.rows),
      h("label", { class: "check" }, this.collapse, t("search.filter_collapse")),
      h("button", { type: "button", onclick: reset }, t("search.resetFilters")),
    );
    // A browser calls every key in a time a change.
    form.addEventListener("change", ({ target }) => {
      clearTimeout(this.#waiting);
      const typing = target instanceof HTMLInputElement && target.type === "datetime-local";
      if (typing) this.#waiting = setTimeout(() => this.#tell(), TYPING);
      else this.#tell();
    });
    form.addEventListener("focusout", () => this.#waiting && this.#tell());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#waiting) this.#tell();
    });
    return form;
  }

  #makeToggle() {
    const turn = () => {
      this.form.hidden = !this.form.hidden;
      this.toggle.setAttribute("aria-expanded", String(!this.form.hidden));
    };
    const attributes = { id: "filter-toggle", "aria-expanded": "false", "aria-controls": "filters" };
    const text = h("span", {}, t("search.filters"));
    return h("button", { type: "button", ...attributes, onclick: turn }, icon("filter"), text, this.counted);
  }

  #values() {
    const read = Object.entries(this.fields).map(([name, field]) => [name, field.read()]);
    const all = [...read, ["collapse", this.collapse.checked ? "yes" : ""]];
    return Object.fromEntries(all.filter(([, value]) => value));
  }

  #tell() {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    if (!this.label.read()) this.labelIn.write("");
    this.#count();
    this.changed(this.#values());
  }

  #count() {
    const asked = this.#values(),
      n = Object.keys(asked).length;
    this.counted.textContent = n ? String(n) : "";
    this.toggle.setAttribute("aria-pressed", String(n > 0));
    this.rows.label_in.hidden = !asked.label && !asked.label_in;
    for (const [what, some] of Object.entries(this.#known)) {
      const names = Object.keys(this.fields).filter((name) => name.startsWith(what));
      for (const name of names) this.rows[name].hidden = !some && !names.some((other) => asked[other]);
    }
  }

  /** @param {AbortSignal} signal */
  async #learn(signal) {
    /** @type {{ videos: Api.Video[], captured: unknown }} */
    const { videos, captured } = await api(`/projects/${this.project.id}/videos`, { signal });
    const asked = this.video.read();
    fillChoice(
      this.video.field,
      videos.map((one) => [one.filter, videoName(one)]),
    );
    const meant = videos.find((one) => [one.filter, one.name, one.video_id].includes(asked)); // as an address may say it
    this.video.write(meant?.filter ?? asked);
    this.#known = { video: videos.length > 0, captured: captured !== null };
    this.#count();
  }
}

/** @param {string} name @param {HTMLElement} field */
const row = (name, field) =>
  h("div", { class: "row" }, h("label", { for: `filter-${name}` }, t(`search.filter_${name}`)), field);

/** @param {Api.Video} video */
const videoName = ({ name, frames, seconds: end }) => `${name} (${frames}${end === null ? "" : `, ${clock(end)}`})`;
