// Asks the model which object lies at a point of the picture.
import { isAbort } from "../api.js";
import { t } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { shadeOfPicture } from "../regions.js";
import * as server from "./server.js";

export class Finder {
  #asking = /** @type {AbortController | null} */ (null);

  /** @param {import("./editor.js").PictureEditor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  get busy() {
    return this.#asking !== null;
  }

  stop() {
    this.#asking?.abort();
  }

  // `label`: of what is found; "": the model names it. What is there already is not found again.
  /** @param {import("./overlay.js").Point} point @param {string} label */
  async find(point, label) {
    if (this.#asking) return;
    const { editor } = this,
      { state, said, task } = editor,
      asking = (this.#asking = new AbortController());
    said.tell(t("picture.finding"));
    editor.redraw();
    const json = { points: [point], label, existing: state.items.map((one) => one.box) };
    try {
      const found = await server.segment(editor.project.id, task, json, asking.signal);
      if (state === editor.state) this.#add(found);
    } catch (error) {
      if (isAbort(error)) said.tell("");
      else said.fail(error);
    } finally {
      this.#asking = null;
      editor.redraw();
    }
  }

  /** @param {Api.Segment} found */
  #add({ segment, object }) {
    const { said, state, project } = this.editor;
    if (!segment || !object) {
      said.tell(t("picture.foundNothing"), true);
      return;
    }
    const { label, box, rings, movable, mask } = object;
    const shade = mask ? shadeOfPicture(mask, box, colourOf(project.labels, label)) : null;
    state.add({ label, box, rings, movable, shade, found: { segment, box } });
    said.tell(t("picture.added", { label }));
  }
}
