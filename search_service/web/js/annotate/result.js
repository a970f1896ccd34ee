// What a run found, once it has ended: objects by label against the run before, images with nothing, a few pictures.
import { api, picture } from "../api.js";
import { h, inPlace, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { linkTo, go } from "../router.js";
import { drawn } from "../search/boxes.js";

export class RunResult {
  #shown = 0; // the run

  /** @param {{ project: Api.Project, signal: AbortSignal }} given */
  constructor({ project, signal }) {
    this.project = project;
    this.signal = signal;
    this.root = h("section", { class: "run-result", hidden: true, "aria-label": t("annotate.result") });
  }

  hide() {
    this.#shown = 0;
    this.root.hidden = true;
  }

  /** @param {number} run */
  async show(run) {
    if (this.#shown === run) return;
    this.#shown = run;
    const { signal } = this;
    /** @type {Api.RunResult} */
    const result = await api(`/runs/${run}/result`, { signal });
    const tasks = [...result.examples, ...result.nothing_examples.slice(0, 2)];
    /** @type {{ tasks: Api.BoxedTask[] }} */
    const boxes = tasks.length ? await api(`/projects/${this.project.id}/boxes?tasks=${tasks.join(",")}`, { signal }) : { tasks: [] };
    if (this.#shown !== run) return; // another run was chosen meanwhile
    const boxed = new Map(boxes.tasks.map((one) => [one.task, one]));
    put(
      this.root,
      h("h3", {}, t("annotate.result")),
      h("p", {}, summary(result)),
      this.#table(result),
      h("ul", { class: "result-pictures" }, tasks.map((task) => this.#picture(task, boxed.get(task)))),
    );
    this.root.hidden = !result.images;
  }

  /** @param {Api.RunResult} result */
  #table({ labels }) {
    const compared = labels.some(({ before }) => before);
    const names = ["label", "resultObjects", "resultBands", "resultImages", ...(compared ? ["resultBefore"] : [])];
    const row = (/** @type {Api.LabelResult} */ one) => {
      const dot = h("span", { class: "dot" });
      dot.style.background = colourOf(this.project.labels, one.label);
      const bands = t("annotate.bands", { high: number(one.high), medium: number(one.medium), low: number(one.low) });
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, dot, ` ${one.label}`),
        [number(one.objects), bands, number(one.images)].map((text) => h("td", {}, text)),
        compared && h("td", {}, one.before ? beforeText(one.before) : "–"),
      );
    };
    const head = h("tr", {}, names.map((name) => h("th", { scope: "col" }, t(`annotate.${name}`))));
    return h("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": t("annotate.result") }, h("table", {}, h("thead", {}, head), h("tbody", {}, labels.map(row))));
  }

  /** @param {number} task @param {Api.BoxedTask} [boxed] */
  #picture(task, boxed) {
    const image = h("img", { alt: "", width: "160", height: "100", loading: "lazy" });
    picture(image, task, 320);
    const n = boxed?.objects.length ?? 0;
    const name = `${t("common.task", { task })}: ${n ? t("annotate.foundHere", { n, count: number(n) }) : t("annotate.foundNone")}`;
    const to = { screen: "search", browse: "time", task: String(task) };
    const link = { href: linkTo(to), "aria-label": name, title: name, onclick: inPlace(() => go(to)) };
    return h("li", {}, h("a", link, image, boxed && drawn(boxed, this.project.labels)));
  }
}

/** @param {Api.RunResult} result */
const summary = ({ images, objects, images_with_nothing: nothing }) =>
  [
    t("annotate.resultSummary", { n: objects, count: number(objects), images, all: number(images) }),
    t("annotate.resultNothing", { n: nothing, count: number(nothing) }),
  ].join(" ");

// How many there were before, and how many more or fewer there are on the same images.
/** @param {Api.EarlierCount} before */
export function beforeText({ run, images, objects, objects_now: now }) {
  const change = now - objects;
  const key = change ? "before" : "beforeSame";
  const sign = change > 0 ? "+" : "−";
  return t(`annotate.${key}`, { run, n: images, images: number(images), then: number(objects), change: `${sign}${number(Math.abs(change))}` });
}
