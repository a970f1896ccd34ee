// Judging a model version's predictions by annotations: what to judge, and what came of it.
import { api, Problem } from "../api.js";
import { add, h, put } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { actionButton } from "../messages.js";
import { calibrationOf, confusionOf, errorsOf, figuresOf } from "./judged.js";

const SPLITS = ["test", "val", "train", "all"];

const POLL = 1000, // milliseconds
  UNDER_WAY = new Set(["queued", "running"]);

export class Evaluation {
  #job = 0; // that is followed or shown

  /** @param {{ base: string, project: Api.Project, signal: AbortSignal }} given */
  constructor({ base, project, signal }) {
    this.base = base;
    this.path = `${base}/evaluations`;
    this.project = project;
    this.signal = signal;
    this.on = this.#choice(SPLITS.map((name) => [name, t(`evaluate.on_${name}`)]));
    this.version = this.#choice([["", t("evaluate.current")]]);
    this.against = this.#choice([["", t("evaluate.nobody")]]);
    this.result = h("div", { class: "evaluation", "aria-live": "polite" });
    const fields = /** @type {const} */ (["on", "version", "against"]).map((name) =>
      h("label", { class: "field" }, t(`evaluate.${name}`), this[name]),
    );
    const go = actionButton(t("evaluate.go"), () => this.#judge(), { class: "primary", id: "evaluate-go" });
    this.root = h("section", { class: "panel", "aria-labelledby": "e-evaluate" });
    add(
      this.root,
      h("h2", { id: "e-evaluate" }, t("evaluate.title")),
      h("p", { class: "muted" }, t("evaluate.hint")),
      h("div", { class: "bar" }, fields, go),
      this.result,
    );
  }

  /** @param {string[][]} options value and text */
  #choice(options) {
    return h("select", {}, options.map(([value, text]) => h("option", { value }, text)));
  }

  // Offer the versions that there are. Show the last evaluation of the project, or follow it while it is computed.
  async show() {
    /** @type {{ evaluations: Api.EvaluationJob[], model_versions: Record<string, number> }} */
    const { evaluations, model_versions: versions } = await api(this.path, { signal: this.signal });
    this.#offer(Object.keys(versions));
    const last = evaluations.find(({ state }) => state === "done" || UNDER_WAY.has(state));
    if (last && !this.#job) await this.#follow(last.id);
  }

  async #judge() {
    const asked = { on: this.on.value, model_version: this.version.value, against: this.against.value };
    /** @type {Api.EvaluationJob} */
    const { id } = await api(this.path, { json: asked });
    await this.#follow(id);
  }

  // Wait for an evaluation and show what it found; another one that is asked for meanwhile takes its place.
  /** @param {number} id */
  async #follow(id) {
    this.#job = id;
    const cancel = actionButton(t("evaluate.cancel"), () => api(`${this.path}/${id}`, { method: "DELETE" }), { class: "quiet" });
    const bar = h("progress", { "aria-label": t("evaluate.title") }),
      said = h("p", { class: "muted" });
    put(this.result, said, bar, cancel);
    for (;;) {
      /** @type {Api.EvaluationResult} */
      const now = await api(`${this.path}/${id}`, { signal: this.signal });
      if (this.#job !== id) return;
      if (!UNDER_WAY.has(now.state)) return this.#end(now);
      said.textContent = progressOf(now);
      if (now.total) Object.assign(bar, { max: now.total, value: Math.min(now.read, now.total) });
      await pause(POLL, this.signal);
    }
  }

  /** @param {Api.EvaluationResult} job */
  #end({ result, error, state, finished_at: at }) {
    put(this.result);
    if (error) throw new Problem([error.message, error.hint].filter(Boolean).join(" "));
    if (!result || state !== "done") return;
    const made = h("p", { class: "muted" }, t("evaluate.made", { version: result.model.model_version, when: when(at ?? "") }));
    put(this.result, made, this.#shown(result));
  }

  // Put versions that people can choose behind those that they could before.
  /** @param {string[]} versions */
  #offer(versions) {
    for (const choice of [this.version, this.against]) {
      const had = [...choice.options].map(({ value }) => value);
      add(choice, versions.filter((name) => !had.includes(name)).map((name) => h("option", { value: name }, name)));
    }
  }

  /** @param {Api.Evaluation} found @returns {Child[]} */
  #shown(found) {
    const models = found.against ? [found.model, found.against] : [found.model];
    const { confusion, calibration } = found.model;
    const kinds = /** @type {const} */ (["false_positives", "misses", "confusions"]);
    return [
      h("p", {}, headOf(found)),
      remarksOf(found, models).map((text) => h("p", { class: "possible" }, text)),
      figuresOf(models),
      intervalsOf(found, models).map((text) => h("p", {}, text)),
      h("div", { class: "columns" }, confusionOf(confusion, found.min_score), calibrationOf(calibration)),
      kinds.map((kind) => errorsOf(found, kind, this)),
    ];
  }
}

/** @param {Api.EvaluationJob} job */
function progressOf({ state, read, total, error }) {
  if (state === "queued") return error ? t("evaluate.later", { why: error.message }) : t("evaluate.queued");
  return total ? t("evaluate.reading", { read: number(read), total: number(total) }) : t("evaluate.working");
}

/** @type {(milliseconds: number, signal: AbortSignal) => Promise<void>} */
const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });

/** @param {Api.Evaluation} found */
function headOf({ on, division, images, locked, model: { objects } }) {
  const state = locked === images ? "all" : locked ? "some" : "none";
  const said = [
    t("evaluate.images", { n: images, images: number(images), k: objects, objects: number(objects) }),
    division,
    on === "test" && t(`evaluate.locked_${state}`, { locked: number(locked) }),
  ];
  return said.filter(Boolean).join(" · ");
}

// What to know before the figures are believed.
/** @param {Api.Evaluation} found @param {Api.ModelFigures[]} models */
function remarksOf({ model: { objects }, accepted, skipped }, models) {
  const of = models.flatMap(({ model_version: version, without_prediction: unseen, without_score: unscored }) => [
    unseen > 0 && t("evaluate.withoutPrediction", { n: unseen, images: number(unseen), version }),
    unscored > 0 && t("evaluate.withoutScore", { n: unscored, count: number(unscored), version }),
  ]);
  return [
    !objects && t("evaluate.noObjects"),
    ...of,
    accepted > 0 && t("evaluate.accepted", { n: objects, accepted: number(accepted), objects: number(objects) }),
    ...skipped.map(({ count, reason }) => t("evaluate.leftOut", { n: number(count), reason })),
  ].filter((text) => typeof text === "string");
}

/** @param {Api.Evaluation} found @param {Api.ModelFigures[]} models */
function intervalsOf({ model, against, difference, resampling }, models) {
  const range = (/** @type {Api.Interval} */ { low, high }) => ({ low: number(low, 3), high: number(high, 3) });
  const said = models.map(({ model_version: version, ap50_interval: spread }) => {
    return spread && t("evaluate.interval", { version, ...range(spread) });
  });
  if (difference && against) {
    const by = number((model.ap50 ?? 0) - (against.ap50 ?? 0), 3);
    const sure = t(difference.low <= 0 && difference.high >= 0 ? "evaluate.same" : "evaluate.differs");
    const of = { one: model.model_version, other: against.model_version, by, ...range(difference) };
    said.push(`${t("evaluate.difference", of)} ${sure}`);
  }
  if (resampling) {
    const resamples = number(resampling.resamples);
    said.push(t(`evaluate.drawn_${resampling.over}`, { ...resampling, resamples }));
  }
  return said.filter((text) => text !== null);
}
