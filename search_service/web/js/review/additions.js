// Labels that were computed after a task was annotated: what they would add to the annotation that is there, a row a
// band, and adding it. Never a second annotation.
import { h, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, ask } from "../messages.js";
import { cropInto } from "../pictures.js";
import { rangeOf } from "./accepting.js";

const SHOWN = 6; // objects a row

export class AdditionsPanel {
  /** @param {ReviewDesk} desk @param {() => Promise<unknown>} refresh */
  constructor(desk, refresh) {
    this.desk = desk;
    this.refresh = refresh;
    this.rows = h("ul", { class: "additions" });
    this.root = h(
      "section",
      { id: "additions", class: "panel", hidden: true, "aria-labelledby": "r-additions" },
      h("h2", { id: "r-additions" }, t("review.additions")),
      h("p", { class: "muted" }, t("review.additionsHint")),
      this.rows,
    );
  }

  async load() {
    /** @type {{ tasks: number, bands: Record<string, Api.Addable> }} */
    const plan = await this.desk.post("additions/plan", { min_score: 0 });
    const filled = Object.entries(plan.bands).filter(([, found]) => found.tasks);
    this.root.hidden = !plan.tasks;
    put(
      this.rows,
      filled.map(([band, found]) => this.#row(band, found)),
    );
  }

  /** @param {string} band @param {Api.Addable} found */
  #row(band, found) {
    const examples = found.examples.slice(0, SHOWN).map((object) => this.#example(object));
    return h(
      "li",
      { "data-band": band },
      h(
        "div",
        { class: "bar" },
        h("strong", {}, t(`review.${band}`)),
        h("span", { class: "grow" }, t("review.addable", counts(found.tasks, found.objects))),
        actionButton(t("review.addLabels"), () => this.#add(band, found), { class: "add" }),
      ),
      h("div", { class: "addable" }, examples),
    );
  }

  /** @param {Api.Addable["examples"][0]} object */
  #example({ task, label, score, box }) {
    const text = `${label}${score === null ? "" : ` ${number(score, 2)}`}`,
      image = h("img", { alt: `${text}, ${t("common.task", { task })}`, loading: "lazy" });
    cropInto(image, task, box);
    const link = { href: `${this.desk.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
    return h("a", link, image, h("span", { "aria-hidden": "true" }, text));
  }

  /** @param {string} band @param {Api.Addable} found */
  async #add(band, found) {
    const { desk } = this;
    const question = t("review.addSure", counts(found.tasks, found.objects));
    if (!(await ask(question, { yes: t("review.addLabels") }))) return;
    const report = await desk.post("additions", rangeOf(band, desk.status.edges));
    desk.done.replaceChildren(
      h("span", {}, t("review.addedNow", counts(report.added_tasks, report.added_objects))),
      report.skipped ? t("review.leftOut", { n: report.skipped, count: number(report.skipped) }) : "",
      report.added_tasks ? desk.history.undoButton(report.acceptance, 1, { id: "undo" }) : "",
    );
    desk.done.scrollIntoView({ block: "nearest" });
    await this.refresh();
  }
}

/** @param {number} tasks @param {number} objects */
const counts = (tasks, objects) => ({ n: tasks, tasks: number(tasks), m: objects, objects: number(objects) });
