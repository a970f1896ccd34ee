// One hit, large: the picture with what was predicted or drawn on it, which can be changed, its facts, and what can be done
// with it.
import { around, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { LargePicture } from "../picture/large.js";
import { hitFacts } from "./facts.js";
import { RegionFrame } from "./region.js";

export class Preview {
  #part = /** @type {number[] | null} */ (null); // of the picture
  #facts = /** @type {ReturnType<typeof hitFacts> | null} */ (null);

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
    this.selection = selection;
    this.order = order;
    this.acts = acts;
    this.large = new LargePicture({
      id: "hit-preview",
      project,
      signal,
      screen: {
        order: () => order().map((hit) => hit.task),
        more,
        facts: (task) => this.#tell(task),
        rest: leftOut,
        moved: acts.moved,
        onkey: (event) => this.#onkey(event),
        keys: t("search.keys"),
      },
    });
    const partActs = this.#partActs();
    this.region = new RegionFrame(this.large.frame, (box) => {
      this.#part = box;
      partActs.hidden = !box;
    });
    this.large.frame.append(partActs);
    selection.addEventListener("change", () => this.#facts?.showChosen(selection.has(this.large.task)), { signal });
  }

  /** @param {number} task */
  show(task) {
    if (this.#hit(task)) this.large.show(task);
  }

  close() {
    return this.large.close();
  }

  #partActs() {
    /** @type {(sign: "like" | "unlike", cls: string, text: string) => HTMLElement} */
    const act = (sign, cls, text) => {
      const work = () => this.#leave((hit) => this.acts[sign](hit, this.#part));
      return h("button", { type: "button", id: `${sign}-region`, class: `act ${cls}`, onclick: work }, icon(sign), text);
    };
    return h(
      "div",
      { class: "region-acts", hidden: true },
      act("like", "primary", t("search.similarRegion")),
      act("unlike", "", t("search.notSimilarRegion")),
    );
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.key !== " " || around(event, "button, a, input, select")) return false;
    this.#toggle();
    return true;
  }

  #toggle() {
    const { task } = this.large;
    this.selection.set([task], !this.selection.has(task));
  }

  // Close, and do something with the hit that was shown.
  /** @param {(hit: Api.Hit) => unknown} work */
  async #leave(work) {
    const hit = this.#hit(this.large.task);
    await this.large.close();
    if (hit && !this.large.dialog.open) work(hit);
  }

  /** @param {number} task */
  #hit(task) {
    return this.order().find((hit) => hit.task === task);
  }

  // What is known at once.
  /** @param {number} task */
  #tell(task) {
    const hit = this.#hit(task);
    if (!hit) return null;
    this.region.set(null);
    this.#facts = hitFacts(hit, this.selection.has(task), {
      like: () => this.#leave(this.acts.like),
      unlike: () => this.#leave(this.acts.unlike),
      region: () => this.region.start(),
      judge: (relevant) => this.acts.judge(hit, relevant),
      toggle: () => this.#toggle(),
    });
    return this.#facts.root;
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
