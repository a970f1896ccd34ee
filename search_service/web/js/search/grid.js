// The hits as a grid: choosing by checkbox, click with Shift or Ctrl, and drag; arrow keys move, Space chooses, Enter opens.
import { around, h } from "../dom.js";
import { t } from "../i18n.js";
import { appearancesOf } from "./appearances.js";
import { RubberBand } from "./band.js";
import { addActions, makeCard, showJudged, tellPlace } from "./card.js";

/** @param {Api.Hit[]} hits */
export const tasksOf = (hits) => hits.map((hit) => hit.task);

export class HitGrid {
  hits = /** @type {Api.Hit[]} */ ([]); // all that are loaded
  order = /** @type {Api.Hit[]} */ ([]); // those that are shown
  /** @type {Map<number, import("./appearances.js").Appearance>} */
  #appearances = new Map(); // by the task that is shown for each; empty when all hits are
  /** @type {Map<number, import("./card.js").Card>} */
  #cards = new Map();
  #current = /** @type {number | null} */ (null); // the task whose card is in the order of Tab
  #anchor = /** @type {number | null} */ (null); // the place from which Shift chooses
  /** @type {(hit: Api.Hit) => boolean} */
  #passes = () => true;
  #grouped = false;

  /**
   * @param {object} given
   * @param {ScreenContext["selection"]} given.selection
   * @param {import("./card.js").HitActs & { open: (hit: Api.Hit) => unknown }} given.acts
   * @param {AbortSignal} given.signal
   */
  constructor({ selection, acts, signal }) {
    this.selection = selection;
    this.acts = acts;
    this.root = h("ol", { id: "grid", "aria-label": t("search.results") });
    this.band = new RubberBand({
      root: this.root,
      selection,
      signal,
      cells: () => this.#cells(),
      tasksAt: (places) => this.tasks(places.flatMap((place) => this.order[place] ?? [])),
    });
    // What can be done with a hit is added when somebody comes near it: 2,000 cards need not carry 8,000 buttons.
    this.root.addEventListener("pointerover", (event) => {
      const card = this.#cardAt(event);
      if (card) addActions(card, acts);
    });
    /** @type {[string, boolean][]} */
    const ends = [
      ["error", true],
      ["load", false],
    ];
    for (const [kind, broken] of ends)
      this.root.addEventListener(kind, (event) => around(event, ".hit")?.classList.toggle("broken", broken), true);
    this.root.addEventListener("click", (event) => this.#onclick(event));
    this.root.addEventListener("keydown", (event) => this.#onkey(event));
    selection.addEventListener("change", () => this.#showChosen(), { signal });
  }

  clear() {
    this.hits = [];
    this.order = [];
    this.#cards.clear();
    this.#current = this.#anchor = null;
    this.root.replaceChildren();
  }

  /** @param {Api.Hit[]} more */
  add(more) {
    const made = document.createDocumentFragment();
    for (const hit of more) {
      if (this.#cards.has(hit.task)) continue;
      const card = makeCard(hit, this.selection.has(hit.task));
      this.#cards.set(hit.task, card);
      this.hits.push(hit);
      made.append(card.item);
    }
    this.root.append(made);
    this.show(this.#passes, this.#grouped);
  }

  // Show the hits that pass, or of each appearance the best one; the others stay loaded.
  /** @param {(hit: Api.Hit) => boolean} passes */
  show(passes, grouped = false) {
    this.#passes = passes;
    this.#grouped = grouped;
    const passed = this.hits.filter(passes);
    this.#appearances = new Map((grouped ? appearancesOf(passed) : []).map((one) => [one.best.task, one]));
    this.order = grouped ? [...this.#appearances.values()].map((one) => one.best) : passed;
    const shown = new Set(tasksOf(this.order));
    for (const [task, card] of this.#cards) {
      card.item.hidden = !shown.has(task);
      tellPlace(card, this.#appearances.get(task));
    }
    if (this.order.length && !shown.has(this.#current ?? 0)) this.#reach(this.order[0].task, false);
  }

  // The tasks that are chosen with hits that are shown: with an appearance, all its frames.
  /** @param {Api.Hit[]} hits */
  tasks(hits) {
    return hits.flatMap((hit) => tasksOf(this.#appearances.get(hit.task)?.hits ?? [hit]));
  }

  // The task of the hit that has the focus.
  get held() {
    return Number(document.activeElement?.closest?.(".hit")?.getAttribute("data-task")) || null;
  }

  // Take the focus to a hit, if it is shown.
  /** @param {number} task */
  reach(task) {
    if (this.#placeOf(task) >= 0) this.#reach(task);
  }

  // The button with a task's picture, if it is among the hits.
  /** @param {number} task */
  opener(task) {
    return this.#cards.get(task)?.opener;
  }

  // Show what was said of a hit.
  /** @param {Api.Hit} hit */
  judged(hit) {
    const card = this.#cards.get(hit.task);
    if (card) showJudged(card);
  }

  /** @param {number} task */
  #placeOf(task) {
    return this.order.findIndex((hit) => hit.task === task);
  }

  /** @param {Event} event */
  #cardAt(event) {
    return this.#cards.get(Number(around(event, ".hit")?.dataset.task));
  }

  // One card is in the order of Tab; the arrow keys move it.
  /** @param {number} task */
  #reach(task, focus = true) {
    this.#cards.get(this.#current ?? 0)?.inTabOrder(false);
    this.#current = task;
    const card = this.#cards.get(task);
    if (!card) return;
    addActions(card, this.acts);
    card.inTabOrder(true);
    if (!focus) return;
    card.opener.focus();
    card.item.scrollIntoView({ block: "nearest" });
  }

  #showChosen() {
    for (const [task, { item, pick }] of this.#cards) {
      const on = this.selection.has(task);
      if (pick.checked !== on || item.classList.contains("chosen") !== on) {
        pick.checked = on;
        item.classList.toggle("chosen", on);
      }
    }
  }

  /** @param {number} a @param {number} b */
  #between(a, b) {
    return this.tasks(this.order.slice(Math.min(a, b), Math.max(a, b) + 1));
  }

  #cells() {
    const first = this.#cards.get(this.order[0]?.task);
    if (!first) return null;
    const gap = parseFloat(getComputedStyle(this.root).columnGap) || 0;
    const wide = first.item.offsetWidth + gap;
    const across = Math.max(1, Math.round(this.root.clientWidth / wide));
    return { wide, high: first.item.offsetHeight + gap, across };
  }

  /** @param {number} task @param {KeyboardEvent | MouseEvent} event */
  #choose(task, event) {
    const place = this.#placeOf(task);
    if (event.shiftKey && this.#anchor !== null) this.selection.set(this.#between(this.#anchor, place));
    else this.selection.set(this.tasks([this.order[place]]), !this.selection.has(task));
    this.#anchor = place;
  }

  /** @param {MouseEvent} event */
  #onclick(event) {
    const card = this.#cardAt(event);
    if (!card || around(event, ".actions")) return;
    const { task } = card.hit;
    this.#reach(task, false);
    if (this.band.dragged) return;
    if (around(event, ".pick") || event.shiftKey || event.ctrlKey || event.metaKey) {
      this.#choose(task, event);
      this.#showChosen();
    } else if (around(event, ".open")) this.acts.open(card.hit);
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    const card = this.#cards.get(this.#current ?? 0);
    if (!card || around(event, ".actions") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.#stepOf(event.key, this.#placeOf(card.hit.task));
    if (step !== null) this.#step(step, event);
    else if (event.key === " " && !around(event, ".pick")) this.#choose(card.hit.task, event);
    else if (event.key === "+") this.acts.like(card.hit);
    else if (event.key === "-") this.acts.unlike(card.hit);
    else return;
    event.preventDefault();
  }

  /** @param {string} key @param {number} place */
  #stepOf(key, place) {
    const row = this.#cells()?.across ?? 1;
    /** @type {Record<string, number>} */
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: row,
      ArrowUp: -row,
      Home: -place,
      End: this.order.length - 1 - place,
    };
    return steps[key] ?? null;
  }

  /** @param {number} step @param {KeyboardEvent} event */
  #step(step, event) {
    const place = this.#placeOf(this.#current ?? 0);
    const to = Math.min(Math.max(place + step, 0), this.order.length - 1);
    if (event.shiftKey) {
      this.#anchor ??= place;
      this.selection.set(this.#between(this.#anchor, to));
    } else this.#anchor = null;
    this.#reach(this.order[to].task);
  }
}
