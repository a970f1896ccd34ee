// Verified acceptance: a sample that is judged, or, without one in the address, all samples and certificates.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { certificateList } from "../review/verify/certificates.js";
import { startVerifying, VerifyChoice } from "../review/verify/choice.js";
import { refutedPanels } from "../review/verify/refuted.js";
import { hintList, scoresTable } from "../review/verify/scores.js";
import { sweepChart } from "../review/verify/sweep_chart.js";
import { workPanel } from "../review/verify/work.js";
import { SampleScreen } from "../review/verify/sample.js";
import { aboutText } from "../review/verify/telling.js";
import { change, linkTo } from "../router.js";

/** @param {ScreenContext} context @returns {Promise<OpenedScreen>} */
export async function open(context) {
  const { root, params } = context;
  root.append(h("h1", {}, t("verify.title")));
  const sample = /^\d+$/.test(params.sample ?? "") ? await attempt(() => theSample(context)) : undefined;
  if (sample) await new SampleScreen(context, sample).begin();
  else await new Overview(context).begin();
  return {};
}

// The sample in the address, if it is one of this project.
/** @param {ScreenContext} context @returns {Promise<Api.Sample>} */
async function theSample({ project, params, signal }) {
  /** @type {Api.Sample} */
  const sample = await api(`/trust/samples/${params.sample}`, { signal });
  if (sample.project !== project.id) change({ project: sample.project });
  return sample;
}

class Overview {
  /** @param {ScreenContext} context */
  constructor({ root, project, signal }) {
    this.project = project;
    this.signal = signal;
    const choice = new VerifyChoice(project, { frames: true });
    const start = actionButton(t("verify.start"), () => startVerifying(project, choice.terms), {
      id: "verify-start",
      class: "primary",
    });
    this.later = actionButton(t("verify.newSample"), () => startVerifying(project, { ...choice.terms, new: true }), {
      id: "verify-new",
      hidden: true,
    });
    this.refuted = h("div", {});
    this.samples = h("div", {});
    this.scores = h("div", { id: "verify-scores" });
    this.work = h("div", { id: "verify-work" });
    this.certificates = h("div", {}, h("p", { class: "muted" }, t("common.loading")));
    root.append(
      h("p", {}, t("verify.intro")),
      h("div", { class: "bar" }, choice.select, start, this.later),
      h("p", { class: "muted" }, t("verify.whatHint")),
      this.refuted,
      h("section", { class: "panel" }, h("h2", {}, t("verify.certificates")), this.certificates),
      h("section", { class: "panel" }, h("h2", {}, t("verify.samples")), this.samples),
      h(
        "section",
        { class: "panel" },
        h("h2", {}, t("scores.title")),
        h("p", { class: "muted" }, t("scores.intro")),
        this.scores,
      ),
      h("section", { class: "panel" }, h("h2", {}, t("work.title")), this.work),
    );
  }

  async begin() {
    const [found, { views }] = await Promise.all([
      api(`/projects/${this.project.id}/trust`, { signal: this.signal }),
      api(`/projects/${this.project.id}/views`, { signal: this.signal }),
    ]);
    /** @type {Api.TrustStatus} */
    const { samples, certificates, labels, sweeps, hints, labour } = found;
    const open = views.find((/** @type {Api.View} */ view) => view.query === "without_predictions")?.url;
    this.work.replaceChildren(workPanel({ project: this.project, labour, open, changed: () => this.begin() }));
    this.later.hidden = !samples.length;
    this.refuted.replaceChildren(...refutedPanels(certificates, this.project));
    this.certificates.replaceChildren(certificateList(certificates));
    this.scores.replaceChildren(scoresTable(labels), hintList(hints), h("h3", {}, t("scores.sweep")), thresholds(sweeps));
    const rows = samples.map((sample) => sampleRow(sample));
    this.samples.replaceChildren(
      rows.length
        ? h("ul", { class: "acceptances samples" }, rows)
        : h("p", { class: "muted" }, t("verify.noSamples")),
    );
  }
}

/** @param {Api.Sweep[]} sweeps */
function thresholds(sweeps) {
  if (!sweeps.length) return h("p", { class: "muted" }, t("scores.noSweep"));
  const intro = (/** @type {Api.Sweep} */ { sample, label }) =>
    t(label === null ? "scores.sweepIntro" : "scores.sweepOfLabel", { sample, label: label ?? "" });
  return h("div", {}, sweeps.map((one) => [h("p", { class: "muted" }, intro(one)), sweepChart(one)]));
}

/** @param {Api.Sample} sample */
function sampleRow(sample) {
  const { id, judgements, state } = sample;
  const classes = { open: "open", certified: "done", stopped: "failed", void: "failed" };
  return h(
    "li",
    {},
    h("span", { class: `state ${classes[state]}` }, t(`verify.state_${state}`)),
    h(
      "span",
      { class: "grow" },
      h("a", { href: linkTo({ screen: "verify", sample: id }) }, aboutText(sample)),
      ` · ${t("verify.judgements", { n: judgements, count: number(judgements) })}`,
    ),
  );
}
