// One hit, large: the picture with what was predicted or drawn on it, its facts, and what can be done with it.
import { api, picture } from "../api.js";
import { around, h, icon, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { hitFacts } from "./facts.js";
import { RegionFrame } from "./region.js";
import { HitRegions } from "./regions.js";

const WIDTH = 1600; // pixels of the picture

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class Preview {
  #at = -1;
  #shows = 0;
  #hits = /** @type {Api.Hit[]} */ ([]);
  #part = /** @type {number[] | null} */ (null); // of the picture
  #facts = /** @type {ReturnType<typeof hitFacts> | null} */ (null);
  /** @type {Map<number, Promise<Api.TaskDetails>>} */
  #known = new Map();

  // `order()` is the grid's list, `more()` loads on; `acts.moved(task, left)` hears what is shown now and what was before.
  /**
   * @typedef {{ moved: (task: number | null, left?: number) => unknown }} Moved
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {ScreenContext["selection"]} given.selection
   * @param {() => Api.Hit[]} given.order
   * @param {() => Promise<unknown>} given.more
   * @param {import("./card.js").HitActs & Moved} given.acts
   * @param {AbortSignal} given.signal
   */
  constructor({ project, selection, order, more, acts, signal }) {
    this.project = project;
    this.selection = selection;
    this.order = order;
    this.more = more;
    this.acts = acts;
    this.signal = signal;
    this.image = h("img", { alt: "", draggable: "false" });
    this.layer = h("div", { class: "regions" });
    const frame = h("div", { class: "frame" }, this.image, this.layer);
    this.region = new RegionFrame(frame, (box) => {
      this.#part = box;
      partActs.hidden = !box;
    });
    const partActs = this.#partActs();
    frame.append(partActs);
    this.side = h("div", { class: "side" });
    this.place = h("span", { class: "muted", "aria-live": "polite" });
    this.dialog = this.#makeDialog(h("div", { class: "stage" }, frame));
    selection.addEventListener("change", () => this.#facts?.showChosen(selection.has(this.#hit?.task)), { signal });
    signal.addEventListener("abort", () => this.dialog.remove());
  }

  get #hit() {
    return this.#hits[this.#at];
  }

  /** @param {number} task */
  show(task) {
    this.#hits = this.order();
    this.#at = this.#hits.findIndex((hit) => hit.task === task);
    if (this.#at < 0) return;
    this.place.textContent = t("search.placeOf", { at: number(this.#at + 1), n: number(this.#hits.length) });
    this.image.alt = t("common.task", { task });
    put(this.layer);
    this.region.set(null);
    this.image.removeAttribute("src");
    picture(this.image, task, WIDTH);
    this.#tell(this.#hit);
    if (!this.dialog.open) {
      document.body.append(this.dialog);
      this.dialog.showModal();
    }
    this.acts.moved(task);
    for (const next of [this.#hits[this.#at + 1], this.#hits[this.#at - 1]])
      if (next) picture(new Image(), next.task, WIDTH);
  }

  close() {
    this.dialog.close();
  }

  #partActs() {
    /** @type {(sign: "like" | "unlike", cls: string, text: string) => HTMLElement} */
    const act = (sign, cls, text) => {
      const work = () => this.#leave((hit) => this.acts[sign](hit, this.#part));
      return h("button", { type: "button", id: `${sign}-region`, class: cls, onclick: work }, icon(sign), text);
    };
    return h(
      "div",
      { class: "region-acts", hidden: true },
      act("like", "primary", t("search.similarRegion")),
      act("unlike", "", t("search.notSimilarRegion")),
    );
  }

  /** @param {HTMLElement} stage */
  #makeDialog(stage) {
    /** @type {(sign: string, key: string, work: () => unknown) => HTMLElement} */
    const button = (sign, key, work) => {
      const said = t(`search.${key}`);
      const attributes = { type: "button", class: `quiet ${key}`, "aria-label": said, title: said };
      return h("button", { ...attributes, onclick: work }, icon(sign));
    };
    const top = h(
      "div",
      { class: "top" },
      button("left", "previous", () => this.#step(-1)),
      button("right", "next", () => this.#step(1)),
      this.place,
      h("span", { class: "grow" }),
      h("span", { class: "muted keys" }, t("search.keys")),
      button("close", "close", () => this.close()),
    );
    const body = h("div", { class: "body" }, stage, this.side);
    const dialog = h("dialog", { id: "hit-preview", "aria-label": t("search.preview") }, top, body);
    dialog.addEventListener("close", () => this.acts.moved(null, this.#hit?.task));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => this.#onkey(event));
    return dialog;
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (around(event, "input[type=range]")) return;
    if (event.key in STEPS) this.#step(STEPS[event.key]);
    else if (event.key === " " && !around(event, "button, a, input")) this.#toggle();
    else return;
    event.preventDefault();
  }

  #toggle() {
    const { task } = this.#hit;
    this.selection.set([task], !this.selection.has(task));
  }

  /** @param {number} by */
  async #step(by) {
    if (this.#at + by >= this.#hits.length) {
      await this.more();
      this.#hits = this.order();
    }
    const to = Math.min(Math.max(this.#at + by, 0), this.#hits.length - 1);
    if (to !== this.#at) this.show(this.#hits[to].task);
  }

  // Close, and do something with the hit that was shown.
  /** @param {(hit: Api.Hit) => unknown} work */
  #leave(work) {
    const hit = this.#hit;
    this.dialog.close();
    work(hit);
  }

  // The facts beside the picture: what is known at once, then what has to be asked for.
  /** @param {Api.Hit} hit */
  async #tell(hit) {
    const mine = ++this.#shows;
    const { root } = (this.#facts = hitFacts(hit, this.selection.has(hit.task), {
      like: () => this.#leave(this.acts.like),
      unlike: () => this.#leave(this.acts.unlike),
      region: () => this.region.start(),
      judge: (relevant) => this.acts.judge(hit, relevant),
      toggle: () => this.#toggle(),
    }));
    const rest = h("p", { class: "muted" }, t("common.loading"));
    put(this.side, root, rest);
    try {
      const known = await this.#details(hit.task);
      if (mine !== this.#shows) return;
      const found = new HitRegions({ known, labels: this.project.labels, layer: this.layer });
      put(this.side, root, leftOut(known), found.root, toTask(known));
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      if (mine === this.#shows) rest.replaceWith(h("p", { class: "bad" }, text));
    }
  }

  /** @param {number} task */
  #details(task) {
    const before = this.#known.get(task);
    if (before) return before;
    /** @type {Promise<Api.TaskDetails>} */
    const asked = api(`/projects/${this.project.id}/tasks/${task}`, { signal: this.signal });
    this.#known.set(task, asked);
    asked.catch(() => this.#known.delete(task));
    return asked;
  }
}

// What its data hold that could not be taken over.
/** @param {Api.TaskDetails} known */
const leftOut = ({ notes }) =>
  h(
    "div",
    {},
    notes.map(({ key, reason }) => h("p", { class: "muted" }, t("search.leftOut", { key, reason }))),
  );

/** @param {Api.TaskDetails} known */
const toTask = ({ label_studio: href }) =>
  h("p", {}, h("a", { href, target: "_blank", rel: "noopener" }, t("search.openTask"), " ", icon("link")));
