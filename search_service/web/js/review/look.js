// A task of the grid in large: its objects can be changed and saved as its annotation, or accepted as they are. What is
// decided makes way for the next task.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { LargePicture } from "../picture/large.js";
import { undoSaved } from "../picture/server.js";

export class Look {
  /** @param {ReviewDesk} desk */
  constructor(desk) {
    this.desk = desk;
    this.accept = h(
      "button",
      { type: "button", class: "act accept", "aria-keyshortcuts": "A", onclick: () => this.#accept() },
      t("review.acceptTask"),
      h("kbd", { "aria-hidden": "true" }, "A"),
    );
    this.large = new LargePicture({
      id: "object-look",
      project: desk.project,
      signal: desk.signal,
      screen: {
        order: () => [...new Set(desk.cards.all().map((card) => card.object.task))],
        more: () => desk.cards.loadMore(),
        moved: (task) => task !== null && this.#showAccept(),
        opened: (task) => this.#apply(task),
        changed: () => this.#showAccept(),
        saved: (edited) => this.#saved(edited),
        undone: (task) => this.#undone(task),
        onkey: (event) => this.#onkey(event),
      },
    });
    this.large.dialog.classList.add("look");
    this.large.editor.tools.add([this.accept]);
  }

  /** @param {import("./crop.js").Crop} card */
  show({ object }) {
    this.large.show(object.task, object.object);
  }

  // What was said of its objects in the grid is done to them: what is left is to look and to save.
  /** @param {number} task */
  #apply(task) {
    const { editor } = this.large;
    const said = this.desk.cards.ofTask(task).map(({ object }) => object);
    const n = said.filter(({ object, verdict, new_label }) => {
      const label = verdict === "rejected" ? null : new_label;
      return label !== undefined && label !== "" && editor.state.apply(object, label);
    }).length;
    if (!n) return;
    editor.said.tell(t("picture.applied", { n, count: number(n) }));
    editor.redraw();
  }

  #showAccept() {
    const { task, editor, screen } = this.large;
    this.accept.hidden = this.desk.band === "to_fix" || editor.dirty || !screen.order().includes(task);
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    const { key, repeat, ctrlKey, altKey, metaKey } = event;
    if (key.toLowerCase() !== "a" || repeat || ctrlKey || altKey || metaKey) return false;
    if (!this.accept.hidden) this.#accept();
    return true;
  }

  async #accept() {
    const { task, editor } = this.large;
    if (this.accept.disabled) return; // one is under way
    this.accept.disabled = true;
    try {
      await this.#onwards(task, async () => {
        await this.desk.accepting.task(task);
        this.desk.cards.remove([task]);
      });
    } catch (error) {
      editor.said.fail(error);
    } finally {
      this.accept.disabled = false;
    }
    this.#showAccept();
  }

  /** @param {Api.Edited} edited */
  async #saved({ task, edit }) {
    const { desk } = this;
    const undo = async () => {
      await undoSaved(edit);
      desk.done.replaceChildren(t("picture.undone", { task }));
      await desk.refresh();
    };
    await this.#onwards(task, async () => {
      desk.cards.remove([task]);
      await desk.reload();
    });
    const button = actionButton(t("review.undo"), undo, { id: "undo" });
    desk.done.replaceChildren(h("span", {}, t("review.editedNow", { task })), button);
  }

  // To the next task, once this one is done with; without one, back to the grid.
  /** @param {number} task @param {() => Promise<unknown>} done */
  async #onwards(task, done) {
    const order = this.large.screen.order(),
      at = order.indexOf(task);
    await done();
    if (at < 0) {
      this.large.show(task); // a neighbour in time, none of the grid's
      return;
    }
    const left = this.large.screen.order();
    const next = [...order.slice(at + 1), ...order.slice(0, Math.max(at, 0)).reverse()].find((one) => left.includes(one));
    if (next === undefined) this.large.dialog.close();
    else this.large.show(next, this.desk.cards.ofTask(next)[0]?.object.object);
  }

  /** @param {number} task */
  async #undone(task) {
    await this.desk.refresh();
    this.large.show(task);
  }
}
