// A picture whose objects can be changed: deleted, relabelled, moved, added by a drawn box or a click, and saved.
import { around } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask } from "../messages.js";
import { colourOf } from "../pictures.js";
import { drawObjects, shadeOfPicture } from "../regions.js";
import { between, hitAt, moveEdges, nudged } from "./edges.js";
import { EditState } from "./edit_state.js";
import { Finder } from "./finder.js";
import { commandOf } from "./keys.js";
import { Overlay } from "./overlay.js";
import { Said } from "./said.js";
import * as server from "./server.js";
import { Toolbar } from "./toolbar.js";

const CLICK = 5; // pixels that a press may wander and still be a click

/** @typedef {import("./edit_state.js").Item} Item */
/**
 * @typedef {object} Acts
 * @property {() => unknown} changed objects, or which is selected
 * @property {(edited: Api.Edited) => unknown} saved
 * @property {(task: number) => unknown} undone a saved edit was taken back
 */

export class PictureEditor {
  state = new EditState([]);
  task = 0;
  #base = /** @type {import("./server.js").Base | null} */ (null); // null: only looked at
  #least = 0; // scores below are not shown
  #tool = /** @type {import("./toolbar.js").Tool} */ ("");
  #label;
  #named = false; // somebody chose the label of what is added next
  #saved = /** @type {number | null} */ (null); // the last edit, which can be taken back
  #saving = false;
  #opened = 0;

  // `frame` lies exactly over the picture, `layer` inside it, for the boxes.
  /** @param {{ project: Api.Project, frame: HTMLElement, layer: HTMLElement, acts: Acts }} given */
  constructor({ project, frame, layer, acts }) {
    this.project = project;
    this.layer = layer;
    this.acts = acts;
    this.#label = project.labels[0] ?? "";
    this.said = new Said();
    this.finder = new Finder(this);
    this.overlay = new Overlay(frame, {
      drag: (edges, x, y, gesture) => this.#drag(edges, x, y, gesture),
      drawing: (from, to) => this.overlay.outline(this.#tool === "draw" ? between(from, to) : null),
      drawn: (from, to) => this.#drawn(from, to),
    });
    this.tools = new Toolbar(project.labels, {
      label: (label) => this.#relabel(label),
      remove: () => this.#remove(),
      tool: (tool) => this.use(this.#tool === tool ? "" : tool),
      undo: () => this.undo(),
      save: () => this.save(),
      discard: () => this.#discard(),
    });
    this.#selectByClick(frame);
  }

  get dirty() {
    return this.state.dirty;
  }

  get editable() {
    return this.#base !== null;
  }

  // The objects that are shown.
  get shown() {
    return this.state.items.filter((one) => one.score === null || one.score >= this.#least || !one.was);
  }

  // Nothing is known of the task yet.
  /** @param {number} task */
  clear(task) {
    this.task = task;
    this.finder.stop();
    this.said.tell("");
    this.open([], null);
  }

  // Show objects; with a base they can be changed.
  /** @param {Api.Region[]} objects @param {import("./server.js").Base | null} base @param {string} [select] an object's name */
  open(objects, base, select = "") {
    this.state = new EditState(objects);
    this.#base = base;
    this.#opened = Date.now();
    this.#tool = "";
    for (const [place, { mask, box, label }] of objects.entries())
      if (mask) this.state.items[place].shade = shadeOfPicture(mask, box, colourOf(this.project.labels, label));
    const named = select && this.state.items.find((one) => one.was?.object === select);
    this.state.select(named ? named.key : null);
    this.redraw();
  }

  /** @param {number} least */
  from(least) {
    this.#least = least;
    this.redraw();
  }

  /** @param {number | null} key */
  select(key) {
    this.state.select(key);
    this.redraw();
  }

  /** @param {import("./toolbar.js").Tool} tool */
  use(tool) {
    this.#tool = this.editable ? tool : "";
    this.said.tell(tool ? t(`picture.hint_${tool}`) : "");
    this.redraw();
  }

  redraw() {
    const { current, selected } = this.state,
      labels = this.project.labels;
    const drawn = this.shown.map((one) => ({
      ...one,
      rings: sameShape(one) ? one.rings : [],
      chosen: one.key === selected,
    }));
    drawObjects(this.layer, drawn.sort((one, other) => Number(one.chosen) - Number(other.chosen)), labels);
    this.overlay.show(current, this.editable);
    this.overlay.use(this.#tool);
    this.tools.root.classList.toggle("only-look", !this.editable);
    this.tools.show({
      label: current?.label ?? this.#label,
      selected: Boolean(current),
      dirty: this.dirty,
      canUndo: this.state.canUndo || this.#saved !== null,
      tool: this.#tool,
      busy: this.finder.busy || this.#saving,
    });
    this.acts.changed();
  }

  // Whether the key was for the picture. A button that has the focus keeps Enter; the list of objects does not.
  /** @param {KeyboardEvent} event */
  onkey(event) {
    if (!this.editable || around(event, "select, input")) return false;
    const command = commandOf(event, this.project.labels);
    if (!command || (command.name === "nudge" && !this.state.current)) return false;
    if (command.name === "save" && (!this.dirty || around(event, ".edit-tools, .top, .act, a"))) return false;
    this.#do(command, event);
    return true;
  }

  /** @param {import("./keys.js").Command} command @param {KeyboardEvent} event */
  #do(command, event) {
    if (command.name === "nudge") this.#nudge(event);
    else if (command.name === "label") this.#relabel(command.label);
    else if (command.name === "remove") this.#remove();
    else if (command.name === "undo") this.undo();
    else if (command.name === "save") this.save();
    else if (command.name === "tool") this.use(this.#tool === command.tool ? "" : command.tool);
    else if (command.name === "step") {
      this.state.step(command.by, this.shown);
      this.redraw();
    }
  }

  // Esc: the tool goes first, then the changes, then the selection; false when there is nothing of these.
  escape() {
    if (this.finder.busy) this.finder.stop();
    else if (this.#tool) this.use("");
    else if (this.dirty) this.#discard();
    else if (this.state.current && this.editable) this.select(null);
    else return false;
    return true;
  }

  // Whether another picture may be shown: nothing is changed here, or it may be thrown away.
  async leave() {
    if (this.#saving) return false;
    return !this.dirty || ask(t("picture.leave"), { yes: t("picture.discard"), danger: true });
  }

  /** @param {KeyboardEvent} event */
  #nudge(event) {
    const { current } = this.state;
    if (!current) return;
    const held = { shift: event.shiftKey, ctrl: event.ctrlKey };
    if (current.movable) this.state.place(nudged(current.box, event.key, held), `keys ${held.shift} ${held.ctrl}`);
    else this.said.tell(t("picture.notMovable"), true);
    this.redraw();
  }

  /** @param {import("./edges.js").Edge | ""} edges @param {number} x @param {number} y @param {string} gesture */
  #drag(edges, x, y, gesture) {
    const { current } = this.state;
    if (current && edges) this.state.place(moveEdges(current.box, edges, x, y), gesture);
    else this.state.move(x, y, gesture);
    this.redraw();
  }

  #remove() {
    const gone = this.editable && this.state.remove();
    if (!gone) return;
    this.said.tell(t("picture.deleted", { label: gone.label }));
    this.redraw();
  }

  // Of the selected object, else of what is added next.
  /** @param {string} label */
  #relabel(label) {
    this.#label = label;
    this.#named = true;
    const done = this.state.relabel(label);
    if (done) this.said.tell(t("picture.relabelled", { label }));
    if (done?.shade) done.shade = null; // in the colour of the old label
    this.redraw();
  }

  #discard() {
    if (this.state.reset()) this.said.tell(t("picture.discarded"));
    this.redraw();
  }

  /** @param {import("./overlay.js").Point} from @param {import("./overlay.js").Point} to */
  #drawn(from, to) {
    const box = between(from, to);
    if (this.#tool === "click") {
      this.finder.find(to, this.#named ? this.#label : "");
      return;
    }
    if (!box) this.said.tell(t("picture.tooSmall"), true);
    else {
      this.state.add({ label: this.#label, box });
      this.said.tell(t("picture.added", { label: this.#label }));
    }
    this.redraw();
  }

  async save() {
    if (!this.#base || !this.dirty || this.#saving) return;
    const seconds = (Date.now() - this.#opened) / 1000;
    const json = { ...this.#base.names, ...this.state.request(), seconds: Math.min(seconds, 3600) };
    await this.#work(async () => {
      const edited = await server.save(this.project.id, this.task, json);
      this.#saved = edited.edit;
      this.state = new EditState([]); // saved: nothing would be lost
      await this.acts.saved(edited);
      const { deleted, relabelled, moved, added } = edited.counts;
      const numbers = { task: edited.task, deleted: number(deleted), relabelled: number(relabelled) };
      this.said.tell(t("picture.saved", { ...numbers, moved: number(moved), added: number(added) }));
    });
  }

  // The last change; when there is none, the last edit that was saved.
  async undo() {
    if (this.state.undo()) this.said.tell("");
    else if (this.#saved !== null && !this.#saving) {
      const edit = this.#saved;
      await this.#work(async () => {
        const { task } = await server.undoSaved(edit);
        this.#saved = null;
        await this.acts.undone(task);
        this.said.tell(t("picture.undone", { task }));
      });
    }
    this.redraw();
  }

  /** @param {() => Promise<unknown>} work */
  async #work(work) {
    this.#saving = true;
    this.said.tell(t("picture.saving"));
    this.redraw();
    try {
      await work();
    } catch (error) {
      this.said.fail(error);
    } finally {
      this.#saving = false;
      this.redraw();
    }
  }

  /** @param {HTMLElement} frame */
  #selectByClick(frame) {
    let from = { x: 0, y: 0 };
    frame.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => (from = { x, y }), { capture: true });
    frame.addEventListener("click", (event) => {
      const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y) > CLICK;
      if (moved || this.#tool || around(event, "button, .region") || event.detail === 0) return;
      const hit = hitAt(this.shown, this.overlay.at(/** @type {PointerEvent} */ (event)));
      this.select(hit?.key ?? null);
    });
  }
}

/** @param {Item} one */
const sameShape = (one) => {
  const first = one.was?.box ?? one.found?.box;
  return !first || first.every((side, place) => side === one.box[place]);
};
