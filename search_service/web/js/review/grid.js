// A band's objects as crops, lowest score first. The arrow keys walk, Space selects, A says the object is right, R that
// it is wrong, F opens its task to be fixed.
//
// Label Studio accepts a task as a whole. So an object that was found right waits until all objects of its task were.
import { api } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { Crop, keyOf } from "./crop.js";

const PAGE = 60;

/** @typedef {{ objects: Api.ReviewObject[], next: string | null }} Page */
/** @typedef {Record<"accept" | "reject" | "fix" | "back" | "changed", () => unknown> & { look: (crop: Crop) => unknown }} Acts */

export class CropGrid {
  #cards = /** @type {Crop[]} */ ([]);
  #current = 0; // the place of the card in the order of Tab
  #next = /** @type {string | null} */ (null); // where the next page begins
  #loads = 0;
  #said = 0; // verdicts that were stored
  #band = /** @type {BandTab} */ ("low");
  #label = /** @type {string | null} */ (null);

  /** @param {{ project: Api.Project, signal: AbortSignal, act: Acts }} given */
  constructor({ project, signal, act }) {
    this.path = `/projects/${project.id}/review/objects`;
    this.signal = signal;
    this.act = act;
    this.list = h("ul", { class: "crops", "aria-label": t("review.objects") });
    this.empty = h("p", { class: "muted" });
    this.more = actionButton(t("review.more"), () => this.#load(false), { hidden: true });
    this.root = h("div", { class: "crop-area" }, this.empty, this.list, this.more);
    // A screen reader, or a script, moves the focus by itself.
    this.list.addEventListener("focusin", ({ target }) => {
      const place = this.#cards.findIndex((card) => target instanceof Node && card.root.contains(target));
      if (place >= 0 && place !== this.#current) this.#focus(place, false);
    });
    this.list.addEventListener("keydown", (event) => this.#onkey(event));
  }

  /** @param {BandTab} band @param {string | null} label */
  async open(band, label = null) {
    if (band !== this.#band || label !== this.#label) {
      this.#cards = []; // a key pressed meanwhile must not decide on what another band showed
      this.list.replaceChildren();
    }
    this.#band = band;
    this.#label = label;
    this.#next = "";
    await this.#load(true);
  }

  all() {
    return this.#cards;
  }

  selected() {
    return this.#cards.filter((card) => card.selected).length;
  }

  /** @param {number} task */
  ofTask(task) {
    return this.#cards.filter((card) => card.object.task === task);
  }

  // Whether only the first page is shown.
  loaded() {
    return this.#cards.length <= PAGE;
  }

  async loadMore() {
    if (this.#next) await this.#load(false);
  }

  // A verdict was stored: what was asked for before does not know it.
  heard() {
    this.#said += 1;
  }

  // What an action is about: the selected cards, else the current one.
  targets() {
    const selected = this.#cards.filter((card) => card.selected);
    return selected.length ? selected : this.#cards.slice(this.#current, this.#current + 1);
  }

  // To the next object.
  step() {
    this.#focus(this.#current + 1, this.#focused());
  }

  /** @param {boolean} on */
  toggleAll(on) {
    for (const card of this.#cards) {
      card.selected = on;
      card.mark();
    }
    this.act.changed();
  }

  // Take the objects of tasks away that were decided on.
  /** @param {number[]} tasks */
  remove(tasks) {
    const gone = new Set(tasks),
      focused = this.#focused();
    const stays = (/** @type {Crop} */ card) => !gone.has(card.object.task);
    const before = this.#cards.slice(0, this.#current).filter(stays).length;
    for (const card of this.#cards) if (!stays(card)) card.root.remove();
    this.#cards = this.#cards.filter(stays);
    this.#focus(before, focused);
    if (!this.#cards.length) this.empty.textContent = t("review.bandEmpty");
  }

  /** @param {boolean} fresh from the beginning @returns {Promise<void>} */
  async #load(fresh) {
    const mine = ++this.#loads,
      said = this.#said,
      band = this.#band,
      label = this.#label;
    const asked = new URLSearchParams({ band, limit: String(PAGE) });
    if (label) asked.set("label", label);
    if (!fresh) asked.set("after", this.#next ?? "");
    /** @type {Page} */
    const page = await api(`${this.path}?${asked}`, { signal: this.signal });
    if (mine !== this.#loads) return;
    if (said !== this.#said) return this.#load(fresh);
    const focused = this.#focused(),
      at = this.#cards[this.#current]?.key;
    const found = this.#cardsOf(page.objects);
    this.#cards = fresh ? found : [...this.#cards, ...found];
    this.#next = page.next;
    this.list.replaceChildren(...this.#cards.map((card) => card.root));
    this.more.hidden = !page.next;
    this.empty.textContent = this.#cards.length ? "" : t(band === "to_fix" ? "review.noneToFix" : "review.bandEmpty");
    const place = this.#cards.findIndex((card) => card.key === at);
    this.#focus(place >= 0 ? place : this.#current, focused);
    this.act.changed();
  }

  // The cards of objects: those that are there already stay, with what was said of them.
  /** @param {Api.ReviewObject[]} objects */
  #cardsOf(objects) {
    const kept = new Map(this.#cards.map((card) => [card.key, card]));
    return objects.map((object) => {
      const card = kept.get(keyOf(object)) ?? this.#make(object);
      card.object = object;
      card.mark(this.#band);
      return card;
    });
  }

  /** @param {Api.ReviewObject} object */
  #make(object) {
    return new Crop(object, {
      onselect: () => this.act.changed(),
      onreach: (card) => this.#focus(this.#cards.indexOf(card)),
      onlook: (card) => this.act.look(card),
    });
  }

  #focused() {
    return this.list.contains(document.activeElement);
  }

  /** @param {number} place */
  #focus(place, really = true) {
    const cards = this.#cards;
    cards[this.#current]?.face.setAttribute("tabindex", "-1");
    this.#current = Math.max(0, Math.min(cards.length - 1, place));
    const card = cards[this.#current];
    if (!card) return;
    card.face.setAttribute("tabindex", "0");
    if (really) {
      card.face.focus({ preventScroll: true });
      card.root.scrollIntoView({ block: "nearest" });
    }
    this.act.changed();
  }

  #perRow() {
    const top = this.#cards[0]?.root.offsetTop;
    return Math.max(
      1,
      this.#cards.findIndex((card) => card.root.offsetTop !== top),
    );
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.#perRow(),
      all = this.#cards.length,
      current = this.#cards[this.#current];
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -all, End: all, n: 1, p: -1 };
    const { accept, reject, fix, back, look } = this.act;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      a: accept,
      r: reject,
      f: fix,
      b: back,
      Enter: () => look(current),
      " ": () => this.#toggle(current),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in steps) this.#focus(this.#current + steps[key]);
    else if (key in keys && (event.target === current?.face || key !== " ")) keys[key]();
    else return;
    event.preventDefault();
  }

  /** @param {Crop} card */
  #toggle(card) {
    card.selected = !card.selected;
    card.mark();
    this.act.changed();
  }
}
