// What the page says of a sample, and which of its states it is in. Only `promise` is a guarantee.
import { number, t } from "../../i18n.js";

export const SMALL = 60; // objects; up to so many it is as quick to look at all of them

/** @typedef {"void" | "empty" | "accepted" | "refuted" | "certified" | "blocked" | "nothing" | "budget" | "judging"} Stage */

// A share as a percentage that is not above it: one decimal, rounded down.
/** @param {number} share */
export const floorPercent = (share) => `${number(Math.floor(share * 1000 + 1e-9) / 10, 1)} %`;

/** @param {number} share */
export const targetText = (share) => `${Number((share * 100).toFixed(1))} %`;

/** @param {number} edge */
export const edgeText = (edge) => number(edge, 2);

/** @typedef {Pick<Api.Sample, "kind" | "labels">} Scope */

// Whether whole frames are judged, in which nothing was found.
/** @param {Scope} of */
export const ofFrames = ({ kind }) => kind === "nothing_found";

// The only label whose objects are listed; undefined for all labels, and for frames.
/** @param {Scope} of */
export const labelOf = (of) => (ofFrames(of) ? undefined : of.labels[0]);

// What a sample is drawn for again.
/** @param {Scope} of */
export const termsOf = (of) => ({ kind: of.kind, label: labelOf(of) ?? null });

// Words about objects, or about frames.
/** @param {Scope} of @param {string} key @param {Record<string, unknown>} values */
export const say = (of, key, values = {}) => t(`verify.${key}${ofFrames(of) ? "Frames" : ""}`, values);

// Words about objects, about those of one label, or about frames.
/** @param {Scope} of @param {string} key @param {Record<string, unknown>} values */
export function sayOf(of, key, values = {}) {
  const label = labelOf(of);
  return label === undefined ? say(of, key, values) : t(`verify.${key}Label`, { ...values, label });
}

/** @param {Api.Sample} sample */
export function aboutText(sample) {
  const { id, objects, tasks } = sample;
  return sayOf(sample, "about", { id, n: objects, objects: number(objects), m: tasks, tasks: number(tasks) });
}

// The threshold to show: the one asked for, else the lowest that is certified, else the first that has objects.
/** @param {Api.Sample} sample @param {string | undefined} asked @returns {Api.SampleStep} */
export function stepOf({ steps }, asked) {
  const certified = steps.filter((step) => step.certified);
  return (
    steps.find((step) => asked && step.edge === Number(asked)) ??
    certified.at(-1) ??
    steps.find((step) => step.objects) ??
    steps[0]
  );
}

// The next threshold of the ladder that has further objects.
/** @param {Api.Sample} sample @param {Api.SampleStep} step @returns {Api.SampleStep | undefined} */
export const nextStep = ({ steps }, step) => steps.find((one) => one.edge < step.edge && one.objects > step.objects);

/** @param {Api.Sample} sample @param {Api.SampleStep} step */
export const certificateOf = (sample, step) =>
  sample.certificates.find((one) => one.state === "valid" && one.edge === step.edge);

// One that later corrections refute, of this threshold or above: what it is about is not accepted once more.
/** @param {Api.Sample} sample @param {Api.SampleStep} step */
export const refutedOf = (sample, step) =>
  sample.certificates.find((one) => one.state === "refuted" && one.edge >= step.edge);

// `goingOn`: the person has said that they judge on past the budget.
/** @param {Api.Sample} sample @param {Api.SampleStep} step @param {boolean} goingOn @returns {Stage} */
export function stageOf(sample, step, goingOn) {
  if (sample.state === "void") return "void";
  if (!step.objects) return "empty";
  if (certificateOf(sample, step)) return "accepted";
  if (step.certified && refutedOf(sample, step)) return "refuted";
  if (step.certified) return "certified";
  if (!step.accepted) return "nothing";
  if (step.least_right >= sample.target) return "blocked";
  return pastBudget(sample, step) && !goingOn ? "budget" : "judging";
}

/** @param {Api.Sample} sample @param {Api.SampleStep} step */
export const pastBudget = ({ budget }, { judged, wrong, more }) => wrong > 0 && judged + more > budget;

// Where a threshold stands, and what would certify it.
/** @param {Api.Sample} sample @param {Api.SampleStep} step */
export function lineOf(sample, step) {
  const { target, budget, state } = sample;
  const { judged, wrong, objects } = step;
  const values = { judged: number(judged), n: judged, wrong: number(wrong), target: targetText(target) };
  const told = { ...values, share: floorPercent(step.least_right), edge: edgeText(step.edge) };
  if (!objects || !step.accepted) return say(sample, "lineNothing", told);
  if (step.certified || state === "void") return say(sample, "lineSoFar", told);
  if (step.least_right >= target) return t("verify.lineBlocked", told);
  if (wrong && judged + step.more > budget)
    return say(sample, "lineBudget", { ...told, budget: number(budget), objects: number(objects) });
  const more = Math.min(step.more, objects - judged);
  return say(sample, "line", { ...told, m: more, more: number(more) });
}

// What a certificate promises, in the page's language; the certificate itself has it in English.
/** @param {Api.CertificateSummary} certificate */
export function promise(certificate) {
  const { accepted_objects, other_objects: n, least_right, judged, wrong, people, confidence, labels } = certificate;
  const known = people.filter(Boolean);
  const unnamed = known.length < people.length || !people.length;
  const names = [...known, ...(unnamed ? [t("verify.unnamed")] : [])];
  const besides = n ? ` ${t("verify.besides", { n, count: number(n) })}` : "";
  const said = sayOf(certificate, "promise", {
    objects: number(accepted_objects),
    share: floorPercent(least_right),
    people: names.join(t("verify.and")),
    once: number(Math.round(1 / (1 - confidence))),
    judged: number(judged),
    wrong: number(wrong),
    labels: labels.join(t("verify.comma")),
  });
  return said + besides;
}

// What to show around an object, and where the object lies in it: all as fractions, [left, top, right, bottom].
/** @param {number[]} box @returns {{ shown: number[], inside: number[] }} */
export function contextOf([x0, y0, x1, y1]) {
  const more = Math.max(0.75 * Math.max(x1 - x0, y1 - y0), 0.04);
  const cut = (/** @type {number} */ value) => Number(Math.min(1, Math.max(0, value)).toFixed(5));
  const [left, top, right, bottom] = [cut(x0 - more), cut(y0 - more), cut(x1 + more), cut(y1 + more)];
  const [wide, high] = [right - left, bottom - top];
  const inside = [(x0 - left) / wide, (y0 - top) / high, (x1 - left) / wide, (y1 - top) / high];
  return { shown: [left, top, right, bottom], inside };
}
