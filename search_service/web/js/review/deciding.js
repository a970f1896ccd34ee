// Not accepting: an object is rejected, a task is sent to be fixed, or put back.
import { number, t } from "../i18n.js";

/** @typedef {import("./crop.js").Crop} Crop */

/** @param {Crop[]} cards */
export const tasksOf = (cards) => [...new Set(cards.map((card) => card.object.task))];

export class Deciding {
  /** @param {ReviewDesk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  async reject() {
    const { band, grid } = this.desk;
    if (band === "nothing_found") return;
    const cards = grid.targets().filter(({ object }) => band !== "to_fix" || !object.verdict);
    if (cards.length) await this.#decide("rejected", cards);
  }

  // The window must be opened by the key press itself, or the browser blocks it.
  async fix() {
    const { band, grid, project } = this.desk,
      cards = grid.targets();
    if (!cards.length) return;
    window.open(`${project.label_studio}?task=${cards[0].object.task}`, "_blank", "noopener");
    if (band !== "to_fix") await this.#decide("fix", cards);
  }

  async back() {
    const { band, grid, done } = this.desk;
    if (band !== "to_fix") return;
    const tasks = tasksOf(grid.targets());
    for (const task of tasks) await this.desk.post("put-back", { task });
    grid.heard();
    grid.remove(tasks);
    done.textContent = t("review.backNow", { n: tasks.length, count: number(tasks.length) });
    await this.desk.reload();
  }

  /** @param {"rejected" | "fix"} verdict @param {Crop[]} cards */
  async #decide(verdict, cards) {
    for (const { object } of cards) {
      const about = verdict === "rejected" ? object.object : "";
      await this.desk.post("set-aside", { task: object.task, verdict, object: about });
    }
    this.desk.grid.heard();
    const tasks = tasksOf(cards);
    this.desk.done.textContent = t("review.asideNow", { n: tasks.length, count: number(tasks.length) });
    if (this.desk.band !== "to_fix") this.desk.grid.remove(tasks);
    else for (const card of cards) card.decide(verdict);
    await this.desk.reload();
  }
}
