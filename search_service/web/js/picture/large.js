// One picture, large: its objects, which can be changed, and beside it what the screen tells of it. Search, the preview of
// a run and Review show theirs with it.
import { picture } from "../api.js";
import { h, icon, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { likeThis } from "../references.js";
import { PictureEditor } from "./editor.js";
import { ObjectList } from "./object_list.js";
import { baseOf, details } from "./server.js";
import { Strip } from "./strip.js";

const WIDTH = 1600; // pixels of the picture
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 1, PageUp: -1 };

/**
 * @typedef {object} Screen what a screen adds
 * @property {() => number[]} order its tasks
 * @property {() => Promise<unknown>} [more] loads further ones
 * @property {(task: number) => Child} [facts] what it knows of a task at once
 * @property {(known: Api.TaskDetails) => Child} [rest] and what it tells once all is known
 * @property {(task: number) => Api.Region[]} [objects] only these are shown, and nothing can be changed
 * @property {(task: number | null, left?: number) => unknown} [moved] what is shown now, and what was before
 * @property {(edited: Api.Edited) => unknown} [saved]
 * @property {(task: number) => unknown} [undone]
 * @property {(task: number) => unknown} [opened] its objects are there, and can be changed
 * @property {() => unknown} [changed]
 * @property {(event: KeyboardEvent) => boolean} [onkey]
 * @property {string} [keys] a line that names its keys
 */

export class LargePicture {
  #tasks = /** @type {number[]} */ ([]);
  #at = -1;
  #aside = /** @type {number | null} */ (null); // a neighbour in time that is none of the screen's tasks
  #shows = 0;
  /** @type {Map<number, Promise<Api.TaskDetails>>} */
  #known = new Map();

  /** @param {{ id: string, project: Api.Project, screen: Screen, signal: AbortSignal }} given */
  constructor({ id, project, screen, signal }) {
    this.project = project;
    this.screen = screen;
    this.signal = signal;
    this.image = h("img", { alt: "", draggable: "false" });
    this.layer = h("div", { class: "regions" });
    const help = h("p", { class: "help muted", id: `${id}-help` }, t(screen.objects ? "picture.helpLook" : "picture.help"));
    this.frame = h("div", {
      class: "frame",
      tabIndex: 0,
      role: "group",
      "aria-describedby": help.id,
      autofocus: true,
    });
    this.frame.append(this.image, this.layer);
    for (const event of ["load", "error"]) this.image.addEventListener(event, () => this.#arrived());
    const acts = {
      changed: () => this.#changed(),
      saved: (/** @type {Api.Edited} */ edited) => this.#stored(edited.task, () => screen.saved?.(edited)),
      undone: (/** @type {number} */ task) => this.#stored(task, () => screen.undone?.(task)),
    };
    this.editor = new PictureEditor({ project, frame: this.frame, layer: this.layer, acts });
    this.like = actionButton(t("like.like"), () => this.#like(), { class: "like-this", disabled: true });
    this.editor.tools.undo.after(this.like);
    this.list = new ObjectList(this.editor, project.labels);
    this.side = h("div", { class: "side", tabIndex: 0, role: "region", "aria-label": t("picture.about") });
    this.place = h("span", { class: "muted", "aria-live": "polite" });
    this.strip = new Strip({ project, signal, open: (task) => this.#turnTo(task) });
    this.dialog = this.#makeDialog(id, help);
    signal.addEventListener("abort", () => this.dialog.remove());
  }

  get task() {
    return this.#aside ?? this.#tasks[this.#at];
  }

  // `select`: the name of the object that is chosen at once.
  /** @param {number} task @param {string} [select] */
  show(task, select = "") {
    this.#find(task);
    const place = { at: number(this.#at + 1), n: number(this.#tasks.length) };
    this.place.textContent = t(this.#aside ? "picture.placeNear" : "picture.placeOf", place);
    this.image.alt = t("common.task", { task });
    this.image.removeAttribute("src");
    this.frame.classList.add("waiting"); // boxes have no place before the picture has its size
    picture(this.image, task, WIDTH);
    this.editor.clear(task);
    this.#tell(task, select);
    if (!this.dialog.open) {
      document.body.append(this.dialog);
      this.dialog.showModal();
    }
    this.screen.moved?.(task);
    if (!this.screen.objects) this.strip.show(task);
    for (const next of [this.#tasks[this.#at + 1], this.#tasks[this.#at - 1]])
      if (next !== undefined) picture(new Image(), next, WIDTH);
  }

  /** @param {number} task */
  #find(task) {
    const order = this.screen.order(),
      known = order.includes(task);
    this.#aside = !known && this.dialog.open ? task : null;
    if (this.#aside) return;
    this.#tasks = known ? order : [task];
    this.#at = this.#tasks.indexOf(task);
  }

  async close() {
    if (await this.editor.leave()) this.dialog.close();
  }

  /** @param {number} by */
  async step(by) {
    if (!(await this.editor.leave())) return;
    if (this.#at + by >= this.#tasks.length) {
      await this.screen.more?.();
      this.#tasks = this.screen.order();
    }
    const to = this.#tasks[Math.min(Math.max(this.#at + by, 0), this.#tasks.length - 1)];
    if (to !== undefined && to !== this.task) this.show(to);
  }

  /** @param {number} task */
  async #turnTo(task) {
    if (await this.editor.leave()) this.show(task);
  }

  #arrived() {
    this.frame.classList.remove("waiting");
    this.editor.redraw();
  }

  // What Label Studio has of a task; asked for once.
  /** @param {number} task */
  details(task) {
    const before = this.#known.get(task);
    if (before) return before;
    const asked = details(this.project.id, task, this.signal);
    this.#known.set(task, asked);
    asked.catch(() => this.#known.delete(task));
    return asked;
  }

  // The picture as it is stored now: an edit was saved, or taken back.
  /** @param {number} task @param {() => unknown} tell */
  async #stored(task, tell) {
    this.#known.delete(task);
    if (task === this.task) await this.#tell(task, "");
    await tell();
  }

  // What is known at once, then what has to be asked for.
  /** @param {number} task @param {string} select */
  async #tell(task, select) {
    const mine = ++this.#shows,
      { screen } = this,
      rest = h("p", { class: "muted" }, t("common.loading")),
      facts = screen.facts?.(task) ?? h("h2", {}, t("common.task", { task }));
    put(this.side, facts, rest);
    if (screen.objects) {
      this.editor.open(screen.objects(task), null);
      put(this.side, facts, this.list.root);
      return;
    }
    try {
      const known = await this.details(task);
      if (mine !== this.#shows) return;
      this.list.show(known, baseOf(known), select);
      put(this.side, facts, this.list.root, screen.rest?.(known), toTask(known));
      screen.opened?.(task);
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      if (mine === this.#shows) rest.replaceWith(h("p", { class: "bad" }, text));
    }
  }

  // Everything like the selected object, drawn or found, is to be labelled.
  async #like() {
    const one = this.editor.state.current;
    if (one) await likeThis(this.project, [{ task: this.task, box: one.box }], one.label);
  }

  #changed() {
    if (this.like) this.like.disabled = !this.editor.state.current;
    const n = this.editor.shown.length;
    this.frame.setAttribute("aria-label", t("picture.frame", { task: this.editor.task, n, count: number(n) }));
    this.screen.changed?.();
    this.list?.redraw(); // the editor draws once before there is a list
    // What had the focus may be gone with an object.
    if (this.dialog?.open && !this.dialog.contains(document.activeElement)) this.frame.focus({ preventScroll: true });
  }

  /** @param {string} id @param {HTMLElement} help */
  #makeDialog(id, help) {
    /** @type {(sign: string, key: string, work: () => unknown) => HTMLElement} */
    const button = (sign, key, work) => {
      const said = t(`picture.${key}`);
      const attributes = { type: "button", class: `quiet ${key}`, "aria-label": said, title: said };
      return h("button", { ...attributes, onclick: work }, icon(sign));
    };
    const top = h(
      "div",
      { class: "top" },
      button("left", "previous", () => this.step(-1)),
      button("right", "next", () => this.step(1)),
      this.place,
      h("span", { class: "grow" }),
      this.screen.keys ? h("span", { class: "muted keys" }, this.screen.keys) : "",
      button("close", "close", () => this.close()),
    );
    const shown = h("div", { class: "shown" }, h("div", { class: "stage" }, this.frame), this.strip.root);
    const body = h("div", { class: "body" }, shown, this.side);
    const told = h("div", { class: "told" }, this.editor.said.root, help);
    const foot = h("div", { class: "foot" }, this.editor.tools.root, told);
    const dialog = h("dialog", { id, class: "large", "aria-label": t("picture.title") }, top, body, foot);
    dialog.addEventListener("close", () => this.screen.moved?.(null, this.task));
    dialog.addEventListener("cancel", (event) => {
      if (this.editor.escape()) event.preventDefault();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) this.close();
    });
    dialog.addEventListener("keydown", (event) => this.#onkey(event));
    return dialog;
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.target instanceof HTMLInputElement && event.target.type === "range") return;
    if (this.editor.onkey(event) || this.screen.onkey?.(event) || this.strip.onkey(event)) event.preventDefault();
    else if (event.key in STEPS && !event.ctrlKey && !event.altKey && !(event.target instanceof HTMLSelectElement)) {
      event.preventDefault();
      this.step(STEPS[event.key]);
    }
  }
}

/** @param {Api.TaskDetails} known */
const toTask = ({ label_studio: href }) =>
  h("p", {}, h("a", { href, target: "_blank", rel: "noopener" }, t("picture.openTask"), " ", icon("link")));
