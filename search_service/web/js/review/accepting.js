// Accepting: objects one by one, the selected ones, or a whole band, always with the way back.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask } from "../messages.js";
import { tasksOf } from "./deciding.js";
import { LeftPanel } from "./to_fix.js";

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

const JUDGED = ["right", "rejected", "relabelled", "moved"];

// The tasks of which all unsure objects, also those that are not shown, were judged. On a task without an unsure object
// all of them must have been. The server decides; this tells what to take away.
/** @param {import("./crop.js").Crop[]} cards @param {(task: number) => import("./crop.js").Crop[]} ofTask */
export const readyTasks = (cards, ofTask) =>
  tasksOf(cards).filter((task) => {
    const judged = ofTask(task).filter(({ object }) => JUDGED.includes(object.verdict));
    const { unsure, of } = ofTask(task)[0].object;
    return unsure ? judged.filter(({ object }) => !object.sure).length >= unsure : judged.length >= of;
  });

/** @param {Api.AcceptPlan} plan */
const stayOut = ({ set_aside: n }) => t("review.confirmAside", { n, count: number(n) });

/** @param {Api.AcceptPlan} plan */
const question = (plan) => {
  const counts = { n: plan.tasks, tasks: number(plan.tasks), m: plan.objects, objects: number(plan.objects) };
  const asked = t(plan.objects ? "review.confirm" : "review.confirmEmpty", counts);
  const rejected = { n: plan.rejected, count: number(plan.rejected) };
  const corrected = { n: plan.corrected, count: number(plan.corrected) };
  const said = [
    asked,
    plan.rejected && t("review.confirmRejected", rejected),
    plan.corrected && t("review.confirmCorrected", corrected),
    plan.set_aside && stayOut(plan),
  ];
  return said.filter(Boolean).join(" ");
};

export class Accepting {
  /** @param {ReviewDesk} desk */
  constructor(desk) {
    this.desk = desk;
    this.left = new LeftPanel(desk);
  }

  // The objects are right; once more takes that back. A task is accepted once all its unsure objects were judged.
  async right() {
    const { grid, band } = this.desk,
      cards = grid.targets().filter(({ object: { verdict } }) => !verdict || verdict === "right");
    if (!cards.length) return;
    const back = cards.every((card) => card.object.verdict === "right");
    for (const card of cards) {
      if (band !== "nothing_found") await this.#say(card, back);
      card.selected = false;
      card.mark();
    }
    if (back) return;
    const ready = band === "nothing_found" ? tasksOf(cards) : readyTasks(cards, (task) => grid.ofTask(task));
    const waiting = cards.find((card) => !ready.includes(card.object.task));
    if (waiting) {
      const { task, unsure, of } = waiting.object;
      this.desk.done.textContent = t(unsure ? "review.waitsForUnsure" : "review.waitsForOthers", {
        task,
        n: unsure || of,
      });
      grid.step();
    }
    if (ready.length === 1 || (ready.length && (await this.#agreed(ready)))) await this.#accept(ready);
  }

  // Store that an object is right, or take that back.
  /** @param {import("./crop.js").Crop} card @param {boolean} back */
  async #say(card, back) {
    const about = { task: card.object.task, object: card.object.object };
    if (back) await this.desk.post("verdicts/take-back", about);
    else if (!card.object.verdict) await this.desk.post("verdicts", { ...about, verdict: "right" });
    this.desk.grid.heard();
    card.object.verdict = back ? "" : "right"; // the object may be another one than before: the grid was loaded anew
  }

  // All tasks that were judged and only wait because of what was rejected, without these objects.
  async judged() {
    const { desk } = this,
      asked = { judged: true };
    /** @type {Api.AcceptPlan} */
    const plan = await desk.post("accept/plan", asked);
    if (!plan.tasks) desk.done.textContent = t("review.noneJudged");
    else if (await ask(question(plan), { yes: t("review.accept") })) await this.#acceptAll(asked, plan.tasks);
  }

  // A task as a whole, from its large picture.
  /** @param {number} task */
  async task(task) {
    await this.#accept([task], false);
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
    await this.#acceptAll(asked, plan.tasks);
  }

  /** @param {object} asked @param {number} tasks how many it takes */
  async #acceptAll(asked, tasks) {
    const { desk } = this,
      stop = this.#watch(tasks);
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

  /** @param {number[]} tasks @param {boolean} judged whether their objects were judged */
  #asked(tasks, judged = true) {
    const nothing = this.desk.band === "nothing_found";
    return { task_ids: tasks, nothing_found: nothing, judged: judged && !nothing };
  }

  /** @param {number[]} tasks */
  async #agreed(tasks) {
    const plan = await this.desk.post("accept/plan", this.#asked(tasks));
    return ask(question(plan), { yes: t("review.accept") });
  }

  /** @param {number[]} tasks @param {boolean} judged */
  async #accept(tasks, judged = true) {
    this.#sayAccepted(await this.desk.post("accept", this.#asked(tasks, judged)));
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
  #sayAccepted({ accepted_tasks: n, accepted_objects: m, skipped, acceptance }) {
    const said = [t("review.acceptedNow", { n, tasks: number(n), m, objects: number(m) })];
    if (skipped) said.push(t("review.leftOut", { n: skipped, count: number(skipped) }));
    const undo = acceptance && n ? this.desk.history.undoButton(acceptance, 1, { id: "undo" }) : "";
    this.desk.done.replaceChildren(h("span", {}, said.join(" ")), undo);
  }
}
