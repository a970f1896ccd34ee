// Labels that were computed after a task was annotated: what they would add to the annotation that is there, a row a
// band, and adding it. Never a second annotation. `desk` as in `accepting.js`.
import { h, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask, attempt } from "../messages.js";
import { cropInto } from "../pictures.js";
import { rangeOf } from "./accepting.js";

const SHOWN = 6; // objects a row

export function additionsPanel(desk, refresh) {
  const rows = h("ul", { class: "additions" });
  const root = h(
    "section",
    { id: "additions", class: "panel", hidden: true, "aria-labelledby": "r-additions" },
    h("h2", { id: "r-additions" }, t("review.additions")),
    h("p", { class: "muted" }, t("review.additionsHint")),
    rows,
  );

  async function load() {
    const plan = await desk.post("additions/plan", { min_score: 0 });
    root.hidden = !plan.tasks;
    put(
      rows,
      Object.entries(plan.bands)
        .filter(([, found]) => found.tasks)
        .map(([band, found]) => row(band, found)),
    );
  }

  function row(band, found) {
    const button = h(
      "button",
      { type: "button", class: "add", onclick: () => attempt(() => addAll(band, found), button) },
      t("review.addLabels"),
    );
    return h(
      "li",
      { "data-band": band },
      h(
        "div",
        { class: "bar" },
        h("strong", {}, t(`review.${band}`)),
        h("span", { class: "grow" }, t("review.addable", counts(found.tasks, found.regions))),
        button,
      ),
      h("div", { class: "addable" }, found.examples.slice(0, SHOWN).map(example)),
    );
  }

  function example(object) {
    const text = `${object.label}${object.score === null ? "" : ` ${number(object.score, 2)}`}`,
      image = h("img", { alt: `${text}, ${t("common.task", { task: object.task })}`, loading: "lazy" });
    cropInto(image, object.task, object.box);
    return h(
      "a",
      { href: `${desk.project.label_studio}?task=${object.task}`, target: "_blank", rel: "noopener" },
      image,
      h("span", { "aria-hidden": "true" }, text),
    );
  }

  async function addAll(band, found) {
    if (!(await ask(t("review.addSure", counts(found.tasks, found.regions)), { yes: t("review.addLabels") }))) return;
    const report = await desk.post("additions", rangeOf(band, desk.status().edges));
    desk.done.replaceChildren(
      h("span", {}, t("review.addedNow", counts(report.added_tasks, report.added_regions))),
      report.skipped ? t("review.leftOut", { n: report.skipped, count: number(report.skipped) }) : "",
      report.added_tasks ? desk.history.undoButton(report.acceptance, 1, { id: "undo" }) : "",
    );
    desk.done.scrollIntoView({ block: "nearest" });
    await refresh();
  }

  return { root, load };
}

const counts = (tasks, objects) => ({ n: tasks, tasks: number(tasks), m: objects, objects: number(objects) });
