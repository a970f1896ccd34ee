// The answer to a question: how many there are, which of them are shown and selected, and the grid.
import { Problem } from "../api.js";
import { h, icon } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { change } from "../router.js";
import { GAP } from "./appearances.js";
import { Boxes } from "./boxes.js";
import { nothingFound } from "./friendly.js";
import { HitGrid, tasksOf } from "./grid.js";
import { isLikely, summaryOf } from "./summary.js";
import { openView } from "./view_tab.js";

/** @type {Record<string, (hit: Api.Hit) => boolean>} */
const SHOWN = {
  unlikely: () => true,
  possible: (hit) => hit.relevance !== "unlikely",
  likely: isLikely,
};

export class Results {
  /** @type {import("./answer.js").Answer | null} */
  #answer = null;
  #held = /** @type {number | null} */ (null); // the hit that had the focus before the answer was replaced

  /**
   * @typedef {{ title: () => string, annotate: () => unknown }} BarActs
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {ScreenContext["selection"]} given.selection
   * @param {import("./card.js").HitActs & BarActs & { open: (hit: Api.Hit) => unknown }} given.acts
   * @param {(label: string) => unknown} given.chooseLabel
   * @param {() => unknown} given.onend the end of the grid comes near
   * @param {AbortSignal} given.signal
   */
  constructor({ project, selection, acts, chooseLabel, onend, signal }) {
    this.project = project;
    this.selection = selection;
    this.chooseLabel = chooseLabel;
    this.grid = new HitGrid({ selection, signal, acts });
    this.boxes = new Boxes({ project, grid: this.grid, signal });
    this.summary = h("span", { id: "summary", role: "status" });
    this.chosen = h("span", { id: "chosen", role: "status" });
    const options = Object.keys(SHOWN).map((band) => h("option", { value: band }, t(`search.show_${band}`)));
    this.shown = h("select", { id: "shown", "aria-label": t("search.show"), onchange: () => this.#onband() }, options);
    const help = { title: t("search.groupedHelp", { seconds: GAP }), "aria-pressed": "false" };
    this.grouped = h("button", { type: "button", id: "grouped", ...help, onclick: () => this.#ongroup() }, t("search.grouped"));
    this.buttons = this.#makeButtons(acts);
    this.bar = this.#makeBar();
    this.friendly = h("div", { class: "friendly", hidden: true });
    const sentinel = h("div", { class: "sentinel", "aria-hidden": "true" });
    const name = { "aria-label": t("search.results") };
    this.root = h("section", { hidden: true, ...name }, this.bar, this.friendly, this.grid.root, sentinel);
    const near = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && onend(), {
      rootMargin: "1500px",
    });
    near.observe(sentinel);
    selection.addEventListener("change", () => this.#showChosen(), { signal });
  }

  // Make ready for the answer to another question.
  /** @param {import("./answer.js").Answer} answer */
  begin(answer) {
    this.#answer = answer;
    this.#held = this.grid.held;
    this.grid.clear();
    this.boxes.clear();
    this.grid.root.classList.toggle("no-text", !answer.ask.text.trim());
  }

  // Show another page of the answer.
  /** @param {Api.Found} found */
  add(found) {
    const answer = this.#answer;
    if (!answer) return;
    this.root.hidden = false;
    this.grid.add(found.hits);
    this.boxes.add();
    const { hits } = this.grid;
    const judged = hits.some((hit) => hit.relevance);
    this.summary.textContent = summaryOf(found, hits, answer.more);
    const nothing = found.nothing_found ?? (judged && hits.every((hit) => hit.relevance === "unlikely"));
    this.friendly.hidden = !nothing && found.total > 0;
    const { project, chooseLabel } = this,
      { text } = answer.ask;
    const told = this.friendly.hidden ? [] : nothingFound(found.total, { project, text, chooseLabel });
    this.friendly.replaceChildren(...told);
    this.shown.hidden = this.buttons.likely.hidden = !judged; // likelihood is computed for words alone
    this.#filter();
    this.#showChosen();
    if (this.#held) this.grid.reach(this.#held);
    this.#held = null;
  }

  // Show only the hits of a band and better, one by one or as appearances.
  /** @param {Params} params */
  showAs({ show: band = "unlikely", group }) {
    this.shown.value = Object.hasOwn(SHOWN, band) ? band : "unlikely";
    this.grouped.setAttribute("aria-pressed", String(group === "appearances"));
    if (this.#answer?.found) this.#filter();
  }

  selectShown() {
    this.selection.set(this.grid.tasks(this.grid.order));
  }

  /** @param {string} title */
  async #openView(title) {
    if (!this.selection.size) throw new Problem(t("search.chooseFirst"));
    await openView(`/projects/${this.project.id}`, { title, task_ids: this.#bestFirst() });
  }

  // The selection in the order of the hits, and behind them what was selected elsewhere: a small view keeps it.
  #bestFirst() {
    const hits = tasksOf(this.grid.hits).filter((task) => this.selection.has(task)),
      known = new Set(hits);
    return [...hits, ...this.selection.list().filter((task) => !known.has(task))];
  }

  async #selectEvery() {
    const tasks = await this.#answer?.every();
    if (tasks) this.selection.set(tasks);
  }

  async #selectLikely() {
    await this.#answer?.loadWhile(() => this.grid.hits.at(-1)?.relevance === "likely");
    const likely = tasksOf(this.grid.hits.filter(isLikely));
    if (!likely.length) throw new Problem(t("search.noneLikelyHere"));
    this.selection.replace(likely);
  }

  /** @param {BarActs} acts */
  #makeButtons(acts) {
    return {
      likely: actionButton(t("search.allLikely"), () => this.#selectLikely(), { id: "likely" }),
      all: actionButton("", () => this.selectShown(), { id: "all" }),
      every: actionButton("", () => this.#selectEvery(), { id: "every" }),
      none: actionButton(t("search.none"), () => this.selection.replace([]), { id: "none" }),
      view: actionButton([icon("view"), t("search.view")], () => this.#openView(acts.title()), { id: "view" }),
      annotate: actionButton([icon("annotate"), t("search.annotate")], acts.annotate, {
        id: "to-annotate",
        class: "primary",
      }),
    };
  }

  #makeBar() {
    const { likely, all, every, none, view, annotate } = this.buttons;
    const space = h("span", { class: "grow" });
    const acts = h("span", { class: "bar acts" }, view, annotate);
    return h("div", { class: "bar results-bar" }, this.summary, this.shown, this.grouped, this.boxes.button, space, this.chosen, likely, all, every, none, acts);
  }

  #onband() {
    change({ show: this.shown.value === "unlikely" ? null : this.shown.value }, { quiet: true });
    this.#filter();
  }

  #ongroup() {
    const on = this.grouped.getAttribute("aria-pressed") !== "true";
    change({ group: on ? "appearances" : null }, { quiet: true });
    this.grouped.setAttribute("aria-pressed", String(on));
    this.#filter();
  }

  // Hits that were not judged are all shown: nothing stands there to choose by.
  #filter() {
    const band = this.shown.hidden ? "unlikely" : this.shown.value;
    const { all, every } = this.buttons,
      end = this.#answer?.end ?? 0;
    this.grouped.hidden = this.grid.hits.every((hit) => hit.video_time === null);
    this.grid.show(SHOWN[band], !this.grouped.hidden && this.grouped.getAttribute("aria-pressed") === "true");
    const here = this.grid.tasks(this.grid.order).length;
    all.textContent = t(here < end ? "search.allShown" : "search.all", { n: here, count: number(here) });
    every.hidden = band !== "unlikely" || here >= end;
    every.textContent = t("search.all", { n: end, count: number(end) });
  }

  #showChosen() {
    const { size } = this.selection;
    this.chosen.textContent = size ? t("search.chosenCount", { n: size, count: number(size) }) : "";
    this.buttons.annotate.disabled = this.buttons.view.disabled = !size;
    this.bar.classList.toggle("some", size > 0);
  }
}
