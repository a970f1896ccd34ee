// The objects of a label over all bands. Many are chosen at once, and one key says what they are; what
// was said is stored at once, and Z takes it back.
import { api } from "../api.js";
import { around, h, renew } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { Choice } from "./choice.js";
import { Crop, likeCards } from "./crop.js";
import { WallOrders } from "./wall_orders.js";
import { labelChips, sum, wallTools } from "./wall_tools.js";

const PAGE = 200;
/** @type {Record<string, WallVerdict>} */
const KEYS = { a: "right", r: "wrong", u: "unsure" };
// How a card shows what was said.
/** @type {Record<string, string>} */
const MARKS = { wrong: "rejected", moved: "right" };

/**
 * @typedef {import("./wall_tools.js").WallVerdict} WallVerdict
 * @typedef {{ verdicts: number[], before: Map<string, { verdict: string, new_label: string }> }} Said what undo takes back
 */

export class Wall {
  #cards = /** @type {Crop[]} */ ([]);
  #choice = /** @type {Choice<string>} */ (new Choice());
  #current = 0;
  #next = /** @type {string | null} */ (null);
  #counts = /** @type {Record<string, number>} */ ({});
  #past = /** @type {Said[]} */ ([]);
  #loads = 0;
  #label = "";

  /** @param {{ project: Api.Project, signal: AbortSignal, look: (crop: Crop) => unknown, changed: () => unknown, chosen: (label: string | null) => unknown }} given */
  constructor({ project, signal, look, changed, chosen }) {
    this.project = project;
    this.path = `/projects/${project.id}/review/wall`;
    this.signal = signal;
    this.orders = new WallOrders({ project, signal, chosen: () => (this.#clear(), this.open(this.#label)) });
    this.look = look;
    this.changed = changed;
    this.chosen = chosen;
    this.labels = h("div", { class: "chips", role: "group", "aria-label": t("review.byLabel") });
    this.said = h("p", { class: "wall-said", role: "status" });
    this.list = h("ul", { class: "crops", "aria-label": t("wall.objects") });
    this.empty = h("p", { class: "muted" });
    this.more = actionButton(t("review.more"), () => this.loadMore(), { hidden: true });
    this.tools = h("div", { class: "toolbar wall-tools", role: "toolbar", "aria-label": t("review.actions") });
    const hint = h("p", { class: "muted" }, t("wall.hint"));
    this.root = h("div", { class: "wall" }, this.labels, this.orders.root, hint, this.said, this.empty, this.list, this.more, this.tools);
    this.list.addEventListener("keydown", (event) => this.#onkey(event));
    this.list.addEventListener("click", (event) => this.#onclick(event));
    this.list.addEventListener("focusin", (event) => this.#focus(this.#placeOf(event), false)); // by Tab, or a reader
  }

  /** @param {string | null} label */
  async open(label) {
    if ((label ?? "") !== this.#label) this.#clear();
    this.#label = label ?? "";
    this.#choice.clear();
    await this.#load(true);
  }

  #clear() {
    this.#cards = [];
    this.#past = [];
    this.list.replaceChildren();
  }

  all = () => this.#cards;

  /** @param {number} task */
  ofTask(task) {
    return this.#cards.filter((card) => card.object.task === task);
  }

  async loadMore() {
    if (this.#next) await this.#load(false);
  }

  // Whether nothing would be lost if it were loaded anew.
  loaded() {
    return this.#cards.length <= PAGE && !this.#choice.size && !this.#past.length;
  }

  // The tasks are annotated now.
  /** @param {number[]} tasks */
  remove(tasks) {
    for (const card of this.#cards) if (tasks.includes(card.object.task)) card.root.remove();
    this.#cards = this.#cards.filter((card) => !tasks.includes(card.object.task));
    this.#choice.keep(this.#keys());
    this.#focus(this.#current, false);
    this.#show();
  }

  #keys = () => this.#cards.map((card) => card.key);

  /** @param {boolean} fresh from the beginning @returns {Promise<void>} */
  async #load(fresh) {
    const mine = ++this.#loads,
      said = this.#past.length;
    const { shown, next, objects } = await this.orders.page(this.#label, (!fresh && this.#next) || "");
    if (mine !== this.#loads) return;
    if (said !== this.#past.length) return this.#load(fresh);
    const found = shown.map((one) => this.#make(one)),
      there = new Set(fresh ? [] : this.#keys()); // what was taken back is asked about again
    this.#cards = [...(fresh ? [] : this.#cards), ...found.filter(({ key }) => !there.has(key))];
    this.#next = next;
    this.#counts = objects;
    this.list.replaceChildren(...this.#cards.map((card) => card.root));
    this.#focus(fresh ? 0 : this.#current, false);
    this.#show();
  }

  /** @param {Api.WallObject} one */
  #make(one) {
    const { task, object, label, score, box, verdict, new_label } = one;
    const shown = { task, object, label, score, box, of: 1, unsure: 0, sure: false, verdict: "" };
    const card = new Crop(shown, { onselect: () => {}, onreach: () => {}, onlook: (one) => this.look(one) });
    this.#mark(card, { verdict, new_label, label });
    return card;
  }

  // Show what was said of an object.
  /** @param {Crop} card @param {{ verdict: string, new_label: string, label?: string }} said */
  #mark(card, { verdict, new_label, label = card.object.label.split(" → ")[0] }) {
    card.object.verdict = MARKS[verdict] ?? verdict;
    Object.assign(card.object, { new_label, label: new_label ? `${label} → ${new_label}` : label });
    card.mark("low");
  }

  async #all() {
    while (this.#next) await this.#load(false);
    this.#choice.add(this.#keys());
    this.#show();
  }

  // What a verdict is about: the chosen objects, else the current one.
  #targets() {
    const chosen = this.#cards.filter((card) => this.#choice.has(card.key));
    return chosen.length ? chosen : this.#cards.slice(this.#current, this.#current + 1);
  }

  /** @param {WallVerdict} verdict @param {string} [label] */
  async #say(verdict, label = "") {
    const cards = this.#targets();
    if (!cards.length) return;
    const one = !this.#choice.size;
    const objects = cards.map(({ object: { task, object } }) => ({ task, object }));
    const before = new Map(cards.map(({ key, object: { verdict, new_label = "" } }) => [key, { verdict, new_label }]));
    const { verdicts } = await api(`${this.path}/verdicts`, { json: { verdict, label, objects }, signal: this.signal });
    this.#past.push({ verdicts, before });
    for (const card of this.#cards) if (before.has(card.key)) this.#mark(card, { verdict, new_label: label });
    this.said.textContent = t(`wall.said_${verdict}`, { n: cards.length, count: number(cards.length), label });
    this.#choice.clear();
    if (one) this.#focus(this.#current + 1);
    this.#show();
    await this.changed();
    if (this.orders.teaches && !this.#unsaid().length) await this.#follow();
  }

  // All that was asked about is answered: ask about the next ones.
  async #follow() {
    const asked = this.#cards.length;
    await this.#load(false);
    this.#focus(asked); // the list was made anew
  }

  async #undo() {
    const last = this.#past.at(-1);
    if (!last) return;
    await api(`${this.path}/take-back`, { json: { verdicts: last.verdicts }, signal: this.signal });
    this.#past.pop();
    for (const card of this.#cards) {
      const was = last.before.get(card.key);
      if (was) this.#mark(card, was);
    }
    this.said.textContent = t("wall.undone", { n: last.verdicts.length, count: number(last.verdicts.length) });
    this.#show();
    await this.changed();
  }

  #show() {
    for (const card of this.#cards) {
      card.selected = this.#choice.has(card.key);
      card.mark();
    }
    this.more.hidden = !this.#next || this.orders.teaches;
    this.empty.textContent = this.#cards.length ? "" : t("wall.empty");
    this.#showLabels();
    this.#showTools();
  }

  #showLabels() {
    renew(this.labels, labelChips(this.#counts, this.#label, this.chosen)); // a press that has begun is not lost
  }

  #showTools() {
    const total = this.#label ? (this.#counts[this.#label] ?? 0) : sum(this.#counts);
    renew(
      this.tools,
      ...wallTools({
        labels: this.project.labels,
        shown: this.#cards.length,
        total: this.#next && !this.orders.teaches ? total : 0,
        selected: this.#choice.size,
        unsaid: this.#unsaid().length,
        said: this.#past.length > 0,
        say: (verdict, label) => this.#say(verdict, label),
        rest: () => this.#rest(),
        undo: () => this.#undo(),
        like: () => likeCards(this.project, this.#targets()),
        selectShown: () => this.#choose((choice) => choice.add(this.#keys())),
        selectAll: () => this.#all(),
        selectNone: () => this.#choose((choice) => choice.clear()),
      }),
    );
  }

  // Of what was looked at, as it is shown.
  #unsaid = () => this.#cards.filter((card) => !card.object.verdict).map((card) => card.key);

  // Everything shown of which nothing was said is right.
  async #rest() {
    this.#choice.clear();
    this.#choice.add(this.#unsaid());
    await this.#say("right");
  }

  /** @param {(choice: Choice<string>) => unknown} work */
  #choose(work) {
    work(this.#choice);
    this.#show();
  }

  /** @param {number} place */
  #focus(place, really = true) {
    this.#cards[this.#current]?.face.setAttribute("tabindex", "-1");
    this.#current = Math.max(0, Math.min(this.#cards.length - 1, place));
    const card = this.#cards[this.#current];
    card?.face.setAttribute("tabindex", "0");
    if (really) card?.face.focus();
  }

  #perRow() {
    const top = this.#cards[0]?.root.offsetTop;
    return Math.max(1, this.#cards.findIndex((card) => card.root.offsetTop !== top));
  }

  /** @param {Event} event */
  #placeOf({ target }) {
    return this.#cards.findIndex((card) => target instanceof Node && card.root.contains(target));
  }

  /** @param {MouseEvent} event */
  #onclick(event) {
    const place = this.#placeOf(event);
    if (place < 0 || event.detail > 1) return; // the second of a double click opens it
    const { key } = this.#cards[place];
    this.#focus(place);
    this.#choose((choice) => (event.shiftKey ? choice.extend(key, this.#keys()) : choice.toggle(key)));
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.altKey || event.metaKey || around(event, "input")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key,
      row = this.#perRow(),
      all = this.#cards.length;
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -all, End: all };
    const label = /^[1-9]$/.test(key) ? this.project.labels[Number(key) - 1] : undefined;
    if (key in steps) this.#walk(steps[key], event.shiftKey);
    else if (event.ctrlKey) {
      if (key !== "a" && key !== "z") return;
      if (key === "a") this.#choose((choice) => choice.add(this.#keys()));
      else attempt(() => this.#undo());
    } else if (key in KEYS && !event.repeat) attempt(() => this.#say(KEYS[key]));
    else if (label !== undefined && !event.repeat) attempt(() => this.#say("relabelled", label));
    else if (key === "z") attempt(() => this.#undo());
    else if (key === "o" && !event.repeat && this.#unsaid().length) attempt(() => this.#rest());
    else if (key === "Enter") this.look(this.#cards[this.#current]);
    else if (key === " ") this.#choose((choice) => choice.toggle(this.#cards[this.#current].key));
    else if (key === "Escape") this.#choose((choice) => choice.clear());
    else return;
    event.preventDefault();
  }

  // With Shift what lies between is chosen, too.
  /** @param {number} by @param {boolean} choosing */
  #walk(by, choosing) {
    const from = this.#cards[this.#current]?.key;
    if (choosing && from && !this.#choice.size) this.#choice.toggle(from);
    this.#focus(this.#current + by);
    const to = this.#cards[this.#current]?.key;
    if (choosing && to) this.#choose((choice) => choice.extend(to, this.#keys()));
  }
}
