// All suspicions at once, the strongest first, weak ones too, for which no task waits. Those that are so are chosen by a click
// or Space; A answers all that are shown: what was chosen is added, or rejected, and at the others nothing is. Z takes it back.
import { api, show } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { drawObjects } from "../regions.js";
import { Choice } from "./choice.js";
import { contextOf } from "./verify/telling.js";

const PAGE = 60,
  SIZE = 320; // pixels of a picture's longer side
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

export class CheckWall {
  #open = /** @type {Api.Suspicion[]} */ ([]);
  #choice = /** @type {Choice<number>} */ (new Choice());
  #cards = /** @type {HTMLButtonElement[]} */ ([]);
  #last = /** @type {number[][]} */ ([]); // what was answered together, the last at the end
  #busy = false;
  #loads = 0;

  // `changed`: tasks went to a band, or came from one.
  /** @param {{ project: Api.Project, signal: AbortSignal, changed: () => Promise<unknown> }} given */
  constructor({ project, signal, changed }) {
    this.project = project;
    this.signal = signal;
    this.changed = changed;
    this.path = `/projects/${project.id}/review/check-first`;
    this.list = h("ul", { class: "crops suspicions", "aria-label": t("review.checkAll") });
    this.said = h("p", { role: "status" });
    this.answer = actionButton("", () => this.#answer(), { id: "check-answer", class: "primary", "aria-keyshortcuts": "A" });
    this.undo = actionButton([t("review.checkBack"), h("kbd", { "aria-hidden": "true" }, "Z")], () => this.#back(), {
      id: "check-all-back",
      "aria-keyshortcuts": "Z",
    });
    const hint = h("p", { class: "muted" }, t("review.checkAllHint"));
    const tools = h("div", { class: "toolbar check-tools", role: "toolbar", "aria-label": t("review.actions") }, this.answer, this.undo);
    this.root = h("div", { class: "check-wall", hidden: true }, hint, this.said, this.list, tools);
    this.list.addEventListener("keydown", (event) => this.#onkey(event));
  }

  // While answers are sent nothing is loaded: what is still open then is seen when they are stored.
  async load() {
    if (!this.#busy) await this.#load();
  }

  async #load() {
    const mine = ++this.#loads;
    /** @type {Api.SuspicionWall} */
    const { suspicions, left } = await api(`${this.path}/wall?limit=${PAGE}`, { signal: this.signal });
    if (mine !== this.#loads) return;
    const at = this.#cards.findIndex((card) => card === document.activeElement),
      focused = this.#open[at]?.id;
    this.#open = suspicions;
    this.#choice.keep(suspicions.map((one) => one.id)); // somebody else's work loads it anew, too
    this.#cards = suspicions.map((one) => this.#card(one));
    this.list.replaceChildren(...this.#cards.map((card) => h("li", { class: "crop" }, card)));
    this.said.textContent = left ? t("review.checkLeft", { n: left, count: number(left) }) : t("review.checkNone");
    this.root.dataset.left = String(left);
    this.#cards[suspicions.findIndex((one) => one.id === focused)]?.focus({ preventScroll: true });
    this.#show();
  }

  /** @param {Api.Suspicion} suspicion */
  #card(suspicion) {
    const { id, task, label, score, kind, lacking } = suspicion;
    const text = h("span", { class: "facts" }, score === null ? "" : h("b", {}, number(score, 2)), h("span", {}, label));
    const mark = h("span", { class: "mark" }, t(lacking ? "review.checkIsThere" : "review.checkIsWrong"));
    const name = [t(`review.kind_${kind}`), label, t("common.task", { task })].filter(Boolean).join(", ");
    const attributes = { type: "button", class: "face", "data-suspicion": id, "aria-label": name, title: name };
    const card = h("button", { ...attributes, onclick: () => this.#toggle(id) }, this.#picture(suspicion), text, mark);
    return card;
  }

  /** @param {Api.Suspicion} suspicion */
  #picture({ task, label, box }) {
    const [x, y, width, height] = (box ?? [0, 0, 100, 100]).map((value) => value / 100);
    const { shown, inside } = contextOf([x, y, x + width, y + height]);
    const image = h("img", { alt: "", loading: "lazy" }),
      layer = h("span", { class: "regions" });
    if (box) drawObjects(layer, [{ label: "", score: null, box: inside, colour: "#2754d0" }], this.project.labels);
    show(image, `/images/${task}/crop?box=${shown.join(",")}&size=${SIZE}&margin=0`);
    return h("span", { class: "frame", title: label }, image, layer);
  }

  /** @param {number} id */
  #toggle(id) {
    this.#choice.toggle(id);
    this.#show();
  }

  #show() {
    for (const [place, card] of this.#cards.entries()) {
      const chosen = this.#choice.has(this.#open[place].id);
      card.setAttribute("aria-pressed", String(chosen));
      card.parentElement?.classList.toggle("selected", chosen);
    }
    const n = this.#open.length;
    const counts = { so: number(this.#choice.size), not: number(n - this.#choice.size) };
    this.answer.replaceChildren(t("review.checkAnswer", counts), h("kbd", { "aria-hidden": "true" }, "A"));
    this.answer.disabled = !n;
    this.undo.hidden = !this.#last.length;
  }

  async #answer() {
    const answers = this.#open.map(({ id, lacking }) => ({
      suspicion: id,
      verdict: this.#choice.has(id) ? (lacking ? "add" : "reject") : "nothing_there",
    }));
    if (!answers.length || this.#busy) return;
    await this.#send(() => api(`${this.path}/answers`, { json: { answers } }));
    this.#last.push(answers.map((one) => one.suspicion));
    this.#show();
  }

  async #back() {
    const last = this.#last.at(-1);
    if (!last || this.#busy) return;
    await this.#send(async () => {
      while (last.length) {
        await api(`${this.path}/undo`, { json: { suspicion: last.at(-1) } });
        last.pop();
      }
    });
    this.#last.pop();
    this.#show();
  }

  /** @param {() => Promise<unknown>} work */
  async #send(work) {
    this.#busy = true;
    this.#loads += 1; // what is being loaded is of before
    try {
      await work();
    } finally {
      const changed = this.changed();
      await this.#load().finally(() => (this.#busy = false));
      await changed;
      if (!this.list.contains(document.activeElement)) this.#cards[0]?.focus({ preventScroll: true });
    }
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const at = this.#cards.findIndex((card) => card === document.activeElement);
    if (key in STEPS) this.#cards[Math.max(0, Math.min(this.#cards.length - 1, at + STEPS[key]))]?.focus();
    else if (key === "a") attempt(() => this.#answer());
    else if (key === "z") attempt(() => this.#back());
    else return;
    event.preventDefault();
  }
}
