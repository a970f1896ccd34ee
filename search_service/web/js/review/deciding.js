// Not accepting: an object is rejected, a task is sent to be fixed, or put back. `desk` as in `accepting.js`.
import { number, t } from "../i18n.js";

export function deciding(desk) {
  async function decide(verdict, cards) {
    for (const card of cards) {
      await desk.post("set-aside", {
        task: card.object.task,
        verdict,
        object: verdict === "rejected" ? card.object.object : "",
      });
    }
    const tasks = [...new Set(cards.map((card) => card.object.task))];
    desk.done.textContent = t("review.asideNow", { n: tasks.length, count: number(tasks.length) });
    if (desk.band() !== "to_fix") desk.grid.remove(tasks);
    await desk.reload();
  }

  async function reject() {
    if (desk.band() !== "to_fix" && desk.band() !== "nothing_found")
      await decide("rejected", desk.grid.targets());
  }

  // The window must be opened by the key press itself, or the browser blocks it.
  async function fix() {
    const cards = desk.grid.targets();
    if (!cards.length) return;
    window.open(`${desk.project.label_studio}?task=${cards[0].object.task}`, "_blank", "noopener");
    if (desk.band() !== "to_fix") await decide("fix", cards);
  }

  async function back() {
    if (desk.band() !== "to_fix") return;
    const tasks = [...new Set(desk.grid.targets().map((card) => card.object.task))];
    for (const task of tasks) await desk.post("put-back", { task });
    desk.grid.remove(tasks);
    desk.done.textContent = t("review.backNow", { n: tasks.length, count: number(tasks.length) });
    await desk.reload();
  }

  return { reject, fix, back };
}
