// The spread of the scores that are left, with the band edges to drag; what the bands would hold shows at once.
import { api } from "../api.js";
import { h, renew } from "../dom.js";
import { Histogram } from "../histogram.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt, notice } from "../messages.js";

const GAP = 0.01,
  PAUSE = 500; // milliseconds

/** @param {number[]} counts */
const sum = (counts) => counts.reduce((all, n) => all + n, 0);

// Which band a score belongs to: an edge belongs to the band above it.
/** @type {(score: number, edges: Api.Edges) => "high" | "medium" | "low"} */
export const bandOf = (score, { high, medium }) => (score >= high ? "high" : score >= medium ? "medium" : "low");

// What the bands hold. Exact: the bins are hundredths, and so are the edges.
/** @param {Pick<Api.ScoreSpread, "bins" | "tasks" | "objects">} spread @param {Api.Edges} edges */
export function bandSums({ bins, tasks, objects }, edges) {
  const high = Math.round(edges.high * bins),
    medium = Math.round(edges.medium * bins);
  /** @type {[string, number, number][]} */
  const bands = [
    ["high", high, bins],
    ["medium", medium, high],
    ["low", 0, medium],
  ];
  return bands.map(([band, from, to]) => ({
    band,
    tasks: sum(tasks.slice(from, to)),
    objects: sum(objects.slice(from, to)),
  }));
}

export class EdgesPanel {
  #spread = /** @type {Api.ScoreSpread | null} */ (null);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  #saving = 0;

  // `onlabel(name or null)`: another label is looked at, or the one that was has no scores left.
  /**
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {string | null} given.label
   * @param {(name: string | null) => void} given.onlabel
   * @param {() => unknown} given.onmoved the edges have moved
   * @param {AbortSignal} given.signal
   */
  constructor({ project, label, onlabel, onmoved, signal }) {
    this.project = project;
    this.label = label;
    this.onlabel = onlabel;
    this.onmoved = onmoved;
    this.signal = signal;
    this.edges = project.bands;
    this.labels = h("div", { class: "chips", role: "group", "aria-label": t("review.byLabel") });
    this.sums = h("p", { id: "edge-sums", class: "muted", role: "status" });
    this.plot = this.#makePlot();
    const reset = actionButton(t("review.defaultEdges"), () => this.#save(null, null), { class: "quiet" });
    const space = h("span", { class: "grow" });
    const head = h("div", { class: "bar" }, h("h2", {}, t("review.histogram")), this.labels, space, reset);
    const hint = h("p", { class: "muted" }, t("review.histogramHint"));
    const name = { "aria-label": t("review.histogram") };
    this.root = h("section", { class: "panel edges", ...name }, head, this.plot.root, this.sums, hint);
  }

  async load() {
    const spread = (this.#spread = /** @type {Api.ScoreSpread} */ (
      await api(`/projects/${this.project.id}/review/histogram`, { signal: this.signal })
    ));
    this.#place(spread.edges);
    const names = Object.keys(spread.labels).filter((name) => spread.labels[name].some(Boolean));
    const gone = this.label !== null && !names.includes(this.label);
    if (gone) this.label = null;
    const count = (/** @type {string} */ name) => `${name} ${number(sum(spread.labels[name]))}`;
    const choice = names.length > 1 || this.label; // a way back from the label, even when it is the last one with scores
    const chips = choice ? [this.#chip(null, t("review.allLabels")), ...names.map((name) => this.#chip(name, count(name)))] : [];
    renew(this.labels, chips); // a press that has begun is not lost
    this.#draw();
    if (gone) this.onlabel(null);
  }

  /** @param {string | null} name */
  choose(name) {
    if (name && !this.#spread?.labels[name]?.some(Boolean)) return; // an address from when there were some
    this.label = name;
    for (const button of this.labels.children)
      button.setAttribute("aria-pressed", String(button.getAttribute("data-label") === name));
    this.#draw();
    this.onlabel(name);
  }

  #makePlot() {
    const value = (/** @type {string} */ id) => plot.value(id);
    const { high, medium } = this.edges;
    /** @type {import("../histogram.js").Edge[]} */
    const edges = [
      { id: "medium", name: t("review.mediumEdge"), value: medium, least: () => GAP, most: () => value("high") },
      { id: "high", name: t("review.highEdge"), value: high, least: () => value("medium"), most: () => 1 },
    ];
    /** @type {Histogram} */
    const plot = new Histogram({
      title: t("review.histogram"),
      zone: (score) => bandOf(score, this.#placed()),
      edges,
      onmove: () => this.#tell(),
      onset: () => this.#keepSoon(),
    });
    return plot;
  }

  // The edges as they stand in the plot.
  #placed() {
    return { high: this.plot.value("high"), medium: this.plot.value("medium") };
  }

  // The last of several key presses counts: an answer to an earlier one must not move the edge back.
  #keepSoon() {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      const { high, medium } = this.#placed();
      attempt(() => this.#save(high, medium));
    }, PAUSE);
  }

  // Null for both: those that the settings say.
  /** @param {number | null} high @param {number | null} medium */
  async #save(high, medium) {
    const before = this.edges;
    if (!this.#saving && high === before.high && medium === before.medium) return;
    this.#saving += 1;
    try {
      const asked = { method: "PUT", json: { high, medium } };
      const answer = api(`/projects/${this.project.id}/review/bands`, asked);
      const { edges } = await answer.finally(() => (this.#saving -= 1));
      this.project.bands = edges;
      this.#place(edges);
    } catch (error) {
      this.#place(before);
      throw error;
    }
    const kept = this.edges;
    notice(t("review.edgesKept", { high: number(kept.high, 2), medium: number(kept.medium, 2) }));
    await this.onmoved();
  }

  /** @param {Api.Edges} next */
  #place(next) {
    this.edges = next;
    if (this.#waiting || this.#saving) return;
    this.plot.move("high", next.high);
    this.plot.move("medium", next.medium);
    this.#tell();
  }

  #tell() {
    if (!this.#spread) return;
    this.sums.textContent = bandSums(this.#spread, this.#placed())
      .map(({ band, tasks, objects }) =>
        t("review.bandSum", {
          band: t(`review.${band}`),
          n: tasks,
          tasks: number(tasks),
          m: objects,
          objects: number(objects),
        }),
      )
      .join(" · ");
  }

  /** @param {string | null} name @param {string} text */
  #chip(name, text) {
    const pressed = { "data-label": name, "aria-pressed": String(name === this.label) };
    return h("button", { type: "button", ...pressed, onclick: () => this.choose(name) }, text);
  }

  #draw() {
    const spread = this.#spread;
    if (!spread) return;
    const rows = this.label ? [spread.labels[this.label]] : Object.values(spread.labels);
    this.plot.draw(Array.from({ length: spread.bins }, (_, bin) => sum(rows.map((counts) => counts[bin]))));
  }
}
