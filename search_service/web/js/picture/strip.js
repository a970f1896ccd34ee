// The frames of the video before and after the one that is shown, to look at how a thing comes and goes.
import { api, picture } from "../api.js";
import { h, icon, put } from "../dom.js";
import { clock, number, t } from "../i18n.js";

const WIDTH = 160; // pixels of a thumbnail

/** @type {Record<string, (strip: Strip) => number | null | undefined>} */
const KEYS = {
  ",": (strip) => strip.beside(-1),
  ".": (strip) => strip.beside(1),
  "<": (strip) => strip.known?.previous_change,
  ">": (strip) => strip.known?.next_change,
};

export class Strip {
  #task = 0;
  known = /** @type {Api.Neighbours | null} */ (null);

  /** @param {{ project: Api.Project, signal: AbortSignal, open: (task: number) => unknown }} given */
  constructor({ project, signal, open }) {
    this.project = project;
    this.signal = signal;
    this.open = open;
    this.frames = h("ol", {});
    this.previous = this.#jump("<", "previousChange", "left");
    this.next = this.#jump(">", "nextChange", "right");
    const name = { "aria-label": t("picture.neighbours") };
    this.root = h("div", { class: "strip", role: "group", hidden: true, ...name }, this.previous, this.frames, this.next);
  }

  /** @param {number} task */
  async show(task) {
    this.#task = task;
    this.known = null; // keys do nothing until it is known
    try {
      const known = await api(`/projects/${this.project.id}/tasks/${task}/neighbours`, { signal: this.signal });
      if (task === this.#task) this.#draw(known);
    } catch {
      if (task === this.#task) this.root.hidden = true; // the picture itself says what is wrong
    }
  }

  // The task of the frame so many places away.
  /** @param {number} by */
  beside(by) {
    const frames = this.known?.frames ?? [];
    return frames[frames.findIndex((one) => one.task === this.#task) + by]?.task;
  }

  // Whether the key is one of the strip's.
  /** @param {KeyboardEvent} event */
  onkey({ key, ctrlKey, altKey, metaKey }) {
    if (this.root.hidden || ctrlKey || altKey || metaKey || !Object.hasOwn(KEYS, key)) return false;
    const task = KEYS[key](this);
    if (task) this.open(task);
    return true;
  }

  /** @param {Api.Neighbours} known */
  #draw(known) {
    this.known = known;
    this.root.hidden = known.frames.length < 2;
    const focused = this.root.contains(document.activeElement);
    this.previous.disabled = !known.previous_change;
    this.next.disabled = !known.next_change;
    const here = known.frames.find((one) => one.task === this.#task);
    put(
      this.frames,
      known.frames.map((one) => this.#frame(one, one.video_time - (here?.video_time ?? 0))),
    );
    const current = /** @type {HTMLElement | null} */ (this.frames.querySelector("[aria-current]"));
    current?.scrollIntoView({ block: "nearest", inline: "center" });
    // What had the focus may be gone, or have nowhere to lead now.
    if (focused && !this.root.querySelector("button:focus:enabled")) current?.focus({ preventScroll: true });
  }

  /** @param {Api.Neighbour} one @param {number} away seconds */
  #frame(one, away) {
    const current = one.task === this.#task,
      image = h("img", { alt: "", draggable: "false" });
    picture(image, one.task, WIDTH);
    const attributes = {
      type: "button",
      "aria-label": t(one.same ? "picture.frameAlike" : "picture.frameAt", { time: clock(one.video_time) }),
      "aria-current": current ? "true" : null,
      onclick: () => current || this.open(one.task),
    };
    const seconds = (away > 0 ? "+" : "−") + number(Math.abs(away), Number.isInteger(away) ? 0 : 1);
    const text = current ? clock(one.video_time) : t("picture.away", { seconds });
    return h("li", { class: one.same ? "same" : "" }, h("button", attributes, image, h("span", {}, text)));
  }

  /** @param {string} key @param {string} name @param {string} sign */
  #jump(key, name, sign) {
    const said = t(`picture.${name}`);
    const attributes = { type: "button", class: `quiet ${name}`, "aria-label": said, title: said, "aria-keyshortcuts": key };
    return h("button", { ...attributes, onclick: () => this.onkey(new KeyboardEvent("keydown", { key })) }, icon(sign));
  }
}
