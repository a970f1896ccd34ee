// What can be done with the selected object, and the tools that add one, by touch and by mouse; each names its key.
import { h, icon, put } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @typedef {"" | "draw" | "click"} Tool
 * @typedef {object} Acts
 * @property {(label: string) => unknown} label
 * @property {() => unknown} remove
 * @property {(tool: "draw" | "click") => unknown} tool
 * @property {() => unknown} undo
 * @property {() => unknown} save
 * @property {() => unknown} discard
 */

export class Toolbar {
  // `more`: buttons of the screen.
  /** @param {string[]} labels @param {Acts} acts */
  constructor(labels, acts) {
    const choose = (/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => acts.label(currentTarget.value);
    const options = labels.map((label, place) =>
      h("option", { value: label }, place < 9 ? `${place + 1} · ${label}` : label),
    );
    this.label = h("select", { class: "pick-label", "aria-label": t("picture.label"), onchange: choose }, options);
    const button = (/** @type {string} */ name, /** @type {string} */ key, /** @type {() => unknown} */ work, cls = "") => {
      const text = t(`picture.${name}`);
      const attributes = { type: "button", class: `${name} ${cls}`, "aria-label": text, title: text, onclick: work };
      return h(
        "button",
        { ...attributes, "aria-keyshortcuts": key },
        icon(name),
        h("span", {}, text),
        h("kbd", { "aria-hidden": "true" }, SHORT[key] ?? key),
      );
    };
    this.remove = button("delete", "Delete", acts.remove);
    this.draw = button("draw", "B", () => acts.tool("draw"));
    this.click = button("click", "S", () => acts.tool("click"));
    this.undo = button("undo", "Z", acts.undo);
    this.save = button("save", "Enter", acts.save, "primary");
    this.discard = button("discard", "Escape", acts.discard);
    this.more = h("span", { class: "more" });
    const edit = [this.label, this.remove, this.draw, this.click, this.undo];
    this.root = h(
      "div",
      { class: "edit-tools", role: "toolbar", "aria-label": t("picture.tools") },
      edit,
      h("span", { class: "grow" }),
      this.discard,
      this.save,
      this.more,
    );
  }

  // `label`: of the selected object, or of the next one that is added.
  /** @param {{ label: string, selected: boolean, dirty: boolean, canUndo: boolean, tool: Tool, busy: boolean }} now */
  show({ label, selected, dirty, canUndo, tool, busy }) {
    this.label.value = label;
    this.remove.disabled = !selected;
    this.undo.disabled = !canUndo || busy;
    this.save.disabled = !dirty || busy;
    this.discard.hidden = !dirty;
    this.draw.setAttribute("aria-pressed", String(tool === "draw"));
    this.click.setAttribute("aria-pressed", String(tool === "click"));
    this.click.setAttribute("aria-busy", String(busy && tool === "click"));
  }

  /** @param {Child[]} buttons */
  add(buttons) {
    put(this.more, buttons);
  }
}

/** @type {Record<string, string>} */
const SHORT = { Delete: "Del", Enter: "↵", Escape: "Esc" };
