// Accepting: objects one by one, the selected ones, or a whole band, always with the way back.
//
// `desk` is what the screen shares with its parts: project, post(path, json), band(), status(), grid, history, the lines
// `done` and `working`, refresh() for everything and reload() for the counts.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask } from "../messages.js";

const WATCH = 700;

// What the server is asked for by the name of a band: the scores between its edges, or the tasks without objects.
export const rangeOf = (band, { high, medium }) =>
  ({
    high: { min_score: high },
    medium: { min_score: medium, max_score: high },
    low: { min_score: 0, max_score: medium },
    nothing_found: { nothing_found: true },
  })[band];

export function accepting(desk) {
  // The objects are right. A task is accepted once all its objects are.
  async function right() {
    const cards = desk.grid.targets();
    if (!cards.length || desk.band() === "to_fix") return;
    for (const card of cards) {
      card.right = true;
      card.selected = false;
      desk.grid.mark(card);
    }
    const ready = [...new Set(cards.map((card) => card.object.task))].filter((task) => {
      const of = desk.grid.ofTask(task);
      return of.every((card) => card.right) && of.length >= of[0].object.of;
    });
    const waiting = cards.filter((card) => !ready.includes(card.object.task));
    if (waiting.length) {
      desk.done.textContent = t("review.waitsForOthers", {
        task: waiting[0].object.task,
        n: waiting[0].object.of,
      });
      desk.grid.step();
    }
    if (!ready.length) return;
    const asked = { task_ids: ready, nothing_found: desk.band() === "nothing_found" };
    if (ready.length > 1) {
      const plan = await desk.post("accept/plan", asked);
      if (!(await ask(question(plan), { yes: t("review.accept") }))) return;
    }
    sayAccepted(await desk.post("accept", asked));
    desk.grid.remove(ready);
    await desk.reload();
  }

  // A task as a whole, from its large picture.
  async function acceptTask(task) {
    sayAccepted(
      await desk.post("accept", { task_ids: [task], nothing_found: desk.band() === "nothing_found" }),
    );
    desk.grid.remove([task]);
    await desk.reload();
  }

  const question = (plan) =>
    t(plan.regions ? "review.confirm" : "review.confirmEmpty", {
      n: plan.tasks,
      tasks: number(plan.tasks),
      m: plan.regions,
      regions: number(plan.regions),
    }) +
    (plan.set_aside ? ` ${stayOut(plan)}` : "");
  const stayOut = (plan) => t("review.confirmAside", { n: plan.set_aside, count: number(plan.set_aside) });

  async function acceptBand() {
    const asked = rangeOf(desk.band(), desk.status().edges);
    const plan = await desk.post("accept/plan", asked);
    if (!plan.tasks) {
      desk.done.textContent = plan.set_aside ? stayOut(plan) : t("review.nothingLeft");
      await desk.refresh();
      return;
    }
    if (!(await ask(question(plan), { yes: t("review.accept") }))) return;
    desk.working.hidden = false;
    desk.working.removeAttribute("value");
    let going = true; // an answer may come after the last one
    const watching = setInterval(
      () =>
        desk.history
          .load()
          .then((found) => {
            if (going && found[0]?.state === "open") {
              desk.working.max = plan.tasks;
              desk.working.value = found[0].accepted;
              desk.done.textContent = t("review.acceptedSoFar", {
                done: number(found[0].accepted),
                all: number(plan.tasks),
              });
            }
          })
          .catch(() => {}),
      WATCH,
    );
    try {
      sayAccepted(await desk.post("accept", asked).finally(() => (going = false)));
    } finally {
      clearInterval(watching);
      desk.working.hidden = true;
      await desk.refresh();
    }
  }

  function sayAccepted(report) {
    const said =
      t("review.acceptedNow", {
        n: report.accepted_tasks,
        tasks: number(report.accepted_tasks),
        m: report.accepted_regions,
        regions: number(report.accepted_regions),
      }) +
      (report.skipped ? ` ${t("review.leftOut", { n: report.skipped, count: number(report.skipped) })}` : "");
    desk.done.replaceChildren(
      h("span", {}, said),
      report.acceptance && report.accepted_tasks
        ? desk.history.undoButton(report.acceptance, 1, { id: "undo" })
        : "",
    );
  }

  function sayUndone(report) {
    desk.done.replaceChildren(
      h("span", {}, t("review.undoneNow", { n: report.undone, count: number(report.undone) })),
      ...report.left
        .slice(0, 20)
        .map((one) =>
          h(
            "a",
            { href: `${desk.project.label_studio}?task=${one.task}`, target: "_blank", rel: "noopener" },
            t("review.leftAsIs", { task: one.task, reason: one.reason }),
          ),
        ),
    );
  }

  return { right, acceptBand, acceptTask, sayUndone };
}
