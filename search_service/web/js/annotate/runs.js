// The run that is looked at, and the list of the project's runs.
import { api } from "../api.js";
import { h } from "../dom.js";
import { noticeButton, standing } from "../endings.js";
import { number, some, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { change, linkTo } from "../router.js";
import { followRun } from "./follow.js";
import { going, runRow, stateName } from "./history.js";
import { RunResult } from "./result.js";

const MOST = 10; // errors

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return t("annotate.seconds", { n: Math.max(1, Math.round(seconds)) });
  return t("annotate.minutes", { n: Math.round(seconds / 60) });
}

export class RunPanel {
  #current = 0; // its number
  #watch = /** @type {AbortController | null} */ (null);

  /** @param {{ project: Api.Project, signal: AbortSignal, onend: () => unknown }} given */
  constructor({ project, signal, onend }) {
    this.project = project;
    this.signal = signal;
    this.onend = onend;
    this.name = h("h2", {});
    this.bar = h("progress", { max: "1", "aria-label": t("annotate.progressName") });
    this.text = h("p", { id: "run-text", role: "status" });
    this.errors = h("ul", { class: "errors" });
    this.result = new RunResult({ project, signal });
    const act = (/** @type {string} */ verb) =>
      actionButton(t(`annotate.${verb}`), () => this.#go(verb), { id: `run-${verb}` });
    this.buttons = { cancel: act("cancel"), resume: act("resume"), retry: act("retry") };
    this.notice = noticeButton();
    const href = linkTo({ screen: "review" });
    this.next = h("a", { class: "button primary-link", hidden: true, href }, t("annotate.toReview"));
    this.root = h(
      "section",
      { class: "panel run", hidden: true },
      this.name,
      this.bar,
      this.text,
      this.errors,
      this.result.root,
      h("div", { class: "bar" }, Object.values(this.buttons), this.notice.root, this.next),
    );
    this.list = h("ul", { class: "runs" });
    this.history = h("section", { class: "panel" }, h("h2", {}, t("annotate.runs")), this.list);
    signal.addEventListener("abort", () => this.#watch?.abort());
  }

  // Show a run, and what becomes of it.
  /** @param {number} id */
  async open(id) {
    this.#current = id;
    change({ run: id }, { quiet: true });
    this.#show(await api(`/runs/${id}`, { signal: this.signal }));
    this.#follow(id);
  }

  // Show the run of that number; without one, a run that goes on.
  /** @param {number | null} id */
  async adopt(id) {
    const runs = await this.refresh();
    const wanted = id || runs.find(going)?.id;
    if (wanted) await this.open(wanted);
  }

  async refresh() {
    /** @type {{ runs: Api.Run[] }} */
    const { runs } = await api(`/projects/${this.project.id}/runs`, { signal: this.signal });
    this.history.hidden = !runs.length;
    const open = async (/** @type {number} */ id) => {
      await this.open(id);
      this.root.scrollIntoView({ block: "nearest" });
    };
    this.list.replaceChildren(...runs.map((run) => runRow(run, open)));
    return runs;
  }

  /** @param {string} verb */
  async #go(verb) {
    this.#show(await api(`/runs/${this.#current}/${verb}`, { method: "POST" }));
    if (verb !== "cancel") this.#follow(this.#current);
    await this.refresh();
  }

  /** @param {Api.Run} run */
  #show(run) {
    this.root.hidden = false;
    this.name.textContent = t("annotate.run", { id: run.id, labels: some(run.labels ?? []) });
    this.name.title = (run.labels ?? []).join(", ");
    this.bar.max = run.requested || 1;
    this.bar.value = run.done + run.failed + run.cancelled;
    this.text.textContent = progressOf(run);
    this.errors.replaceChildren(...run.errors.slice(0, MOST).map((error) => this.#error(error)));
    this.buttons.cancel.hidden = !going(run);
    this.buttons.resume.hidden = run.state !== "cancelled";
    this.buttons.retry.hidden = going(run) || !run.failed;
    this.next.hidden = going(run) || !run.done;
    this.notice.show(going(run));
    if (going(run) || !run.done) this.result.hide();
    else attempt(() => this.result.show(run.id));
    standing(`run ${run.id}`, going(run), `${this.name.textContent}. ${progressOf(run)}`);
  }

  /** @param {Api.Run["errors"][0]} error */
  #error({ task, message, hint }) {
    const link = { href: `${this.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
    return h("li", {}, h("a", link, t("common.task", { task })), ` ${message} ${hint ?? ""}`);
  }

  /** @param {number} id */
  #follow(id) {
    this.#watch?.abort();
    const { signal } = (this.#watch = new AbortController());
    let ended = false;
    const show = (/** @type {Api.Run} */ run) => {
      if (signal.aborted) return;
      this.#show(run);
      if (going(run) || ended) return;
      ended = true;
      attempt(() => this.refresh());
      this.onend();
    };
    followRun(id, show, signal);
  }
}

// How far a run is, in a line.
/** @param {Api.Run} run */
export function progressOf(run) {
  const { done, failed, cancelled, requested, left_out, without_predictions: held, rate, seconds_left } = run;
  const said = [
    t("annotate.progress", { state: stateName(run), done: number(done), n: requested, all: number(requested) }),
  ];
  if (failed) said.push(t("annotate.failed", { failed: number(failed) }));
  if (cancelled) said.push(t("annotate.cancelled", { n: number(cancelled) }));
  if (held) said.push(t("work.runLeftOut", { n: held, count: number(held) }));
  if (left_out?.objects)
    said.push(t("annotate.leftOut", { n: number(left_out.objects), tasks: number(left_out.tasks) }));
  if (going(run) && rate) said.push(t("annotate.rate", { rate: number(rate, rate < 10 ? 1 : 0) }));
  if (going(run) && seconds_left) said.push(t("annotate.left", { time: duration(seconds_left) }));
  return said.join(" · ");
}
