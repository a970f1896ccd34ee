// A model on many images: which images, which model, which labels, a look at what it would find, and the run.
import { EngineForm } from "../annotate/engine.js";
import { LabelForm } from "../annotate/labels.js";
import { PreviewPanel } from "../annotate/preview.js";
import { duration, RunPanel } from "../annotate/runs.js";
import { SourceForm } from "../annotate/source.js";
import { api, Problem } from "../api.js";
import { h } from "../dom.js";
import { number, short, some, t } from "../i18n.js";
import { actionButton, ask } from "../messages.js";
import { change, toNames } from "../router.js";

const PAUSE = 500,
  WRITING = 200; // milliseconds without a change until the address follows

/** @param {ScreenContext} context @returns {Promise<OpenedScreen>} */
export async function open(context) {
  const { root, project, params, signal } = context;
  root.append(h("h1", {}, t("annotate.title")));
  if (!project.labels.length) {
    root.append(noLabels(project));
    return {};
  }
  const [sources, recipe, engine, references] = await Promise.all([
    api(`/projects/${project.id}/sources`, { signal }),
    api(`/projects/${project.id}/recipe`, { signal }),
    api(`/projects/${project.id}/engine`, { signal }),
    api(`/projects/${project.id}/references`, { signal }),
  ]);
  const screen = new AnnotateScreen(context, sources, recipe, engine, references.labels);
  await Promise.all([screen.runs.adopt(Number(params.run) || null), screen.estimate()]);
  return {};
}

/** @param {Api.Project} project */
function noLabels(project) {
  const href = project.label_studio.replace(/\/data$/, "/settings/labeling");
  const link = h("a", { class: "button", target: "_blank", rel: "noopener", href }, t("annotate.openConfig"));
  return h("div", { class: "panel empty" }, h("p", {}, t("annotate.noLabels")), link);
}

class AnnotateScreen {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #estimating;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #writing;

  /**
   * @param {ScreenContext} context
   * @param {Api.Sources} sources
   * @param {Api.Recipe} recipe
   * @param {Api.Engine} engine
   * @param {Api.LabelReferences[]} references
   */
  constructor({ root, project, selection, params, signal }, sources, recipe, engine, references) {
    this.path = `/projects/${project.id}`;
    this.signal = signal;
    this.cost = h("p", { id: "estimate", class: "muted", role: "status" });
    const onchange = () => this.#changed();
    const estimate = () => this.estimate();
    this.source = new SourceForm({ sources, selection, params, onchange });
    const onkept = () => change({ labels: null, recipe: null }); // opens the screen anew
    this.engine = new EngineForm({ engine, path: this.path, signal, onkept });
    this.labels = new LabelForm({
      recipe,
      mapping: this.engine.mapping,
      chosen: params.labels ? toNames(params.labels) : null,
      drafts: draftsIn(params.recipe),
      path: this.path,
      references,
      onchange,
      onthreshold: () => {
        this.preview.redraw();
        this.#remember();
      },
    });
    const { source, labels, cost } = this;
    this.preview = new PreviewPanel({ project, source, labels, signal, ondone: estimate });
    this.runs = new RunPanel({ project, signal, onend: estimate });
    const start = actionButton(t("annotate.start"), () => this.#run(), { id: "annotate", class: "primary" });
    const left = h("div", {}, source.root, this.engine.root, labels.root, h("div", { class: "panel go" }, cost, start));
    const right = h("div", {}, this.runs.root, this.preview.root, this.runs.history);
    root.append(h("div", { class: "columns" }, left, right));
  }

  // An estimate is a help, not a condition: what is wrong is said when the run is started.
  async estimate() {
    const { cost, labels, signal } = this;
    const json = this.#request();
    if (!json) {
      cost.textContent = t(labels.labels().length ? "annotate.nothing" : "annotate.noLabel");
      return;
    }
    try {
      /** @type {Api.Estimate} */
      const found = await api(`${this.path}/runs/estimate`, { json, signal });
      cost.textContent = `${some(json.labels)}: ${estimateText(found)}`;
      cost.title = json.labels.join(", ");
      cost.classList.toggle("bad", !found.workers);
    } catch (error) {
      if (error instanceof Problem) cost.textContent = error.message;
    }
  }

  // A dragged threshold changes at every pixel, and a browser stops a page that writes its address too often.
  #remember() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => {
      if (!this.signal.aborted) change({ ...this.source.state(), ...this.labels.state() }, { quiet: true });
    }, WRITING);
  }

  #changed() {
    this.#remember();
    clearTimeout(this.#estimating);
    this.#estimating = setTimeout(() => {
      if (!this.signal.aborted) this.estimate();
    }, PAUSE);
  }

  #request() {
    const images = this.source.body(),
      labels = this.labels.labels();
    return images && labels.length ? { ...images, labels } : null;
  }

  async #run() {
    const asked = this.#request();
    if (!this.labels.labels().length) throw new Problem(t("annotate.noLabel"));
    if (!asked) throw new Problem(t("annotate.nothing"));
    const kept = this.labels.changed().length ? await this.#keepRecipe() : "kept";
    if (!kept) return;
    const made = await api(`${this.path}/runs`, { json: { ...asked, outdated: kept === "again" } });
    await this.runs.refresh();
    await this.runs.open(made.id);
    this.runs.root.scrollIntoView({ block: "nearest" });
  }

  // Changed prompts become the project's; that is asked with what follows from it. Returns "", "kept" or "again".
  async #keepRecipe() {
    const concepts = this.labels.changed();
    /** @type {{ changed: string[], rebuilt: number, again: number }} */
    const told = await api(`${this.path}/recipe`, { method: "PUT", json: { concepts, dry_run: true } });
    const said = [t("annotate.keepRecipe", { labels: some(told.changed, 10) })];
    if (told.rebuilt) said.push(t("annotate.rebuilt", { n: told.rebuilt, count: number(told.rebuilt) }));
    if (told.again) said.push(t("annotate.again", { n: told.again, count: number(told.again) }));
    if (told.changed.length && !(await ask(said.join(" "), { yes: t("annotate.start") }))) return "";
    await api(`${this.path}/recipe`, { method: "PUT", json: { concepts } });
    this.labels.kept(concepts);
    this.#remember();
    return told.again ? "again" : "kept";
  }
}

// How many images, how long, and what stands in the way.
/** @param {Api.Estimate} found */
export function estimateText({ tasks, to_compute: compute, seconds, workers, unread }) {
  const counts = { n: tasks, tasks: number(tasks), compute: number(compute) };
  return [
    t(compute ? "annotate.estimate" : "annotate.estimateKnown", counts),
    seconds !== null && compute ? t("annotate.estimateTime", { time: duration(seconds), n: workers }) : "",
    workers ? "" : t("annotate.estimateNoWorker"),
    unreadText(unread),
  ].join("");
}

// What the model does not read of prompts that are too long: of the first, and how many there are.
/** @param {Api.Estimate["unread"]} prompts */
function unreadText(prompts) {
  if (!prompts.length) return "";
  const { prompt, unread } = prompts[0];
  const key = unread ? "annotate.unread" : "annotate.unreadUnknown";
  const said = t(key, { prompt: short(prompt, 24), unread: short(unread ?? "", 24) });
  return ` ${said}${prompts.length > 1 ? ` (${t("annotate.unreadMore", { n: prompts.length - 1 })})` : ""}`;
}

// Prompts and thresholds that were changed and not kept yet, from the address: { label: { prompts?, threshold? } }.
/** @type {(text: string | undefined) => Record<string, import("../annotate/label_row.js").Draft>} */
function draftsIn(text) {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {}; // an address that somebody wrote by hand
  }
}
