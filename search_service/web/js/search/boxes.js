// Boxes over the thumbnails: what was annotated on an image, else what is predicted, in the labels' colours. One request a
// page of hits; whether they are shown is kept in this browser.
import { api } from "../api.js";
import { h, icon, svg } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";
import { colourOf } from "../pictures.js";

const KEY = "argus-boxes";
const MOST = 500; // tasks of a request

export class Boxes {
  /** @type {Set<number>} */
  #asked = new Set();

  /**
   * @param {object} given
   * @param {Api.Project} given.project
   * @param {import("./grid.js").HitGrid} given.grid
   * @param {AbortSignal} given.signal
   */
  constructor({ project, grid, signal }) {
    this.project = project;
    this.grid = grid;
    this.signal = signal;
    const help = { title: t("search.boxesHelp"), "aria-pressed": "false", "aria-keyshortcuts": "b" };
    this.button = h("button", { type: "button", id: "boxes", ...help, onclick: () => this.toggle() }, icon("annotate"), t("search.boxes"));
    this.#show(localStorage.getItem(KEY) === "on");
  }

  get on() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  toggle() {
    localStorage.setItem(KEY, this.on ? "off" : "on");
    this.#show(!this.on);
    this.add();
  }

  // Another answer begins.
  clear() {
    this.#asked.clear();
  }

  // Fetch and draw the boxes of those hits that have none yet.
  add() {
    if (!this.on) return;
    const tasks = this.grid.hits.map((hit) => hit.task).filter((task) => !this.#asked.has(task));
    for (let at = 0; at < tasks.length; at += MOST) attempt(() => this.#load(tasks.slice(at, at + MOST)));
  }

  /** @param {boolean} on */
  #show(on) {
    this.button.setAttribute("aria-pressed", String(on));
    this.grid.root.classList.toggle("boxed", on);
  }

  /** @param {number[]} ids */
  async #load(ids) {
    for (const task of ids) this.#asked.add(task);
    /** @type {{ tasks: Api.BoxedTask[] }} */
    const { tasks } = await api(`/projects/${this.project.id}/boxes?tasks=${ids.join(",")}`, { signal: this.signal });
    for (const one of tasks) {
      const opener = this.grid.opener(one.task);
      if (!opener) continue; // another question was asked meanwhile
      opener.querySelector(".boxes")?.remove();
      opener.append(drawn(one, this.project.labels));
      opener.title = counted(one.objects);
    }
  }
}

// The picture is cut to fill its card; the drawing is cut in the same way.
/** @param {Api.BoxedTask} task @param {string[]} labels */
export function drawn({ width, height, objects }, labels) {
  const place = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid slice" };
  const paths = objects.map(({ label, box }) => {
    const [x0, y0, x1, y1] = box.map((part, at) => part * (at % 2 ? height : width));
    const d = `M${x0} ${y0}H${x1}V${y1}H${x0}Z`;
    return [svg("path", { d, class: "rim" }), svg("path", { d, class: "line", stroke: colourOf(labels, label) })];
  });
  return svg("svg", { class: "boxes", "aria-hidden": "true", ...place }, paths);
}

// How many there are of each label.
/** @param {Api.BoxedTask["objects"]} objects */
export function counted(objects) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, n]) => t("search.labelCount", { label, n })).join(", ");
}
