// Accepting: objects one by one, the selected ones, or a whole band, always with the way back.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask } from "../messages.js";

const WATCH = 700;

// What the server is asked for by the name of a band: the scores between its edges, or the tasks without objects.
/** @param {string | null} band @param {Api.Edges} edges */
export const rangeOf = (band, { high, medium }) =>
  band === "high"
    ? { min_score: high }
    : band === "medium"
      ? { min_score: medium, max_score: high }
      : band === "low"
        ? { min_score: 0, max_score: medium }
        : { nothing_found: true };

// The tasks of which all objects, also those that are not shown, were found right.
/** @param {import("./crop.js").Crop[]} cards @param {(task: number) => import("./crop.js").Crop[]} ofTask */
export const readyTasks = (cards, ofTask) =>
  [...new Set(cards.map((card) => card.object.task))].filter((task) => {
    const of = ofTask(task);
    return of.every((card) => card.right) && of.length >= of[0].object.of;
  });

/** @param {Api.AcceptPlan} plan */
const stayOut = ({ set_aside: n }) => t("review.confirmAside", { n, count: number(n) });

/** @param {Api.AcceptPlan} plan */
const question = (plan) => {
  const counts = { n: plan.tasks, tasks: number(plan.tasks), m: plan.regions, regions: number(plan.regions) };
  const asked = t(plan.regions ? "review.confirm" : "review.confirmEmpty", counts);
  return plan.set_aside ? `${asked} ${stayOut(plan)}` : asked;
};

export class Accepting {
  /** @param {ReviewDesk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  // The objects are right. A task is accepted once all its objects are.
  async right() {
    const { grid, band } = this.desk,
      cards = grid.targets();
    if (!cards.length || band === "to_fix") return;
    for (const card of cards) {
      card.right = true;
      card.selected = false;
      card.mark();
    }
    const ready = readyTasks(cards, (task) => grid.ofTask(task));
    const waiting = cards.find((card) => !ready.includes(card.object.task));
    if (waiting) {
      const { task, of } = waiting.object;
      this.desk.done.textContent = t("review.waitsForOthers", { task, n: of });
      grid.step();
    }
    if (ready.length === 1 || (ready.length && (await this.#agreed(ready)))) await this.#accept(ready);
  }

  // A task as a whole, from its large picture.
  /** @param {number} task */
  async task(task) {
    await this.#accept([task]);
  }

  async band() {
    const { desk } = this,
      asked = rangeOf(desk.band, desk.status.edges);
    /** @type {Api.AcceptPlan} */
    const plan = await desk.post("accept/plan", asked);
    if (!plan.tasks) {
      desk.done.textContent = plan.set_aside ? stayOut(plan) : t("review.nothingLeft");
      await desk.refresh();
      return;
    }
    if (!(await ask(`${question(plan)} ${t("review.notLookedAt")}`, { yes: t("review.accept") }))) return;
    const stop = this.#watch(plan.tasks);
    try {
      this.#sayAccepted(await desk.post("accept", asked).finally(stop));
    } finally {
      desk.working.hidden = true;
      await desk.refresh();
    }
  }

  /** @param {Api.UndoReport} report */
  sayUndone({ undone, left }) {
    const { done, project } = this.desk;
    const link = (/** @type {Api.UndoReport["left"][0]} */ { task, reason }) => {
      const to = { href: `${project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
      return h("a", to, t("review.leftAsIs", { task, reason }));
    };
    const said = h("span", {}, t("review.undoneNow", { n: undone, count: number(undone) }));
    done.replaceChildren(said, ...left.slice(0, 20).map(link));
  }

  /** @param {number[]} tasks */
  #asked(tasks) {
    return { task_ids: tasks, nothing_found: this.desk.band === "nothing_found" };
  }

  /** @param {number[]} tasks */
  async #agreed(tasks) {
    const plan = await this.desk.post("accept/plan", this.#asked(tasks));
    return ask(question(plan), { yes: t("review.accept") });
  }

  /** @param {number[]} tasks */
  async #accept(tasks) {
    this.#sayAccepted(await this.desk.post("accept", this.#asked(tasks)));
    this.desk.grid.remove(tasks);
    await this.desk.reload();
  }

  // Tell how far it is until it is stopped. Returns what stops it.
  /** @param {number} all tasks */
  #watch(all) {
    const { working, history, done } = this.desk;
    working.hidden = false;
    working.removeAttribute("value");
    let going = true; // an answer may come after the last one
    const look = async () => {
      const [found] = await history.load();
      if (!going || found?.state !== "open") return;
      working.max = all;
      working.value = found.accepted;
      done.textContent = t("review.acceptedSoFar", { done: number(found.accepted), all: number(all) });
    };
    const watching = setInterval(() => look().catch(() => {}), WATCH);
    return () => {
      going = false;
      clearInterval(watching);
    };
  }

  /** @param {Api.AcceptReport} report */
  #sayAccepted({ accepted_tasks: n, accepted_regions: m, skipped, acceptance }) {
    const said = [t("review.acceptedNow", { n, tasks: number(n), m, regions: number(m) })];
    if (skipped) said.push(t("review.leftOut", { n: skipped, count: number(skipped) }));
    const undo = acceptance && n ? this.desk.history.undoButton(acceptance, 1, { id: "undo" }) : "";
    this.desk.done.replaceChildren(h("span", {}, said.join(" ")), undo);
  }
}
