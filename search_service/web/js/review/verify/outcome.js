// What stands in the place of the next item when there is none to judge: certified, accepted, void, or stuck.
import { h, inPlace } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { actionButton } from "../../messages.js";
import { go, linkTo } from "../../router.js";
import { certificateOf, edgeText, nextStep, promise, refutedOf, say, sayOf, targetText } from "./telling.js";
import { checkHint, downloadButton } from "./certificates.js";
import { refutedText } from "./refuted.js";
import { backButton } from "./judging.js";

/** @typedef {Record<"accept" | "back" | "judgeOn" | "drawNew", () => unknown> & { to: (edge: number) => unknown }} Acts */
/** @typedef {{ sample: Api.Sample, step: Api.SampleStep, project: Api.Project, acts: Acts }} Given */

/** @param {import("./telling.js").Stage | "waiting"} stage @param {Given} given @returns {Child[]} */
export const outcome = (stage, given) => (stage === "judging" ? [] : PANELS[stage](given));

/** @param {Child} text */
const head = (text) => h("h2", { id: "verify-outcome", tabIndex: -1 }, text);
/** @param {...Child} parts */
const buttons = (...parts) => h("div", { class: "bar" }, ...parts);
/** @param {Attributes} to @param {string} text */
const link = (to, text) => h("a", { class: "button", href: linkTo(to), onclick: inPlace(() => go(to)) }, text);
const toReview = () => link({ screen: "review" }, t("verify.toReview"));

// Objects whose tasks wait in "to fix" are told with the way there.
/** @param {Given} given */
const aside = ({ sample, step: { wrong: n } }) =>
  n > 0 &&
  h(
    "p",
    { class: "muted" },
    sayOf(sample, "aside", { n, count: number(n) }),
    " ",
    h("a", { href: linkTo({ screen: "review", band: "to_fix" }) }, t("review.to_fix")),
  );

/** @param {Given} given */
function goOn({ sample, step, acts }) {
  const next = nextStep(sample, step);
  if (!next) return null;
  const added = next.objects - step.objects,
    edge = edgeText(next.edge);
  const more = { n: added, count: number(added), m: next.more, more: number(next.more), edge };
  return h(
    "div",
    { class: "go-on" },
    actionButton(t("verify.goOn", { edge }), () => acts.to(next.edge), { id: "verify-go-on" }),
    h("span", { class: "muted" }, t(next.certified ? "verify.goOnCertified" : "verify.goOnHint", more)),
  );
}

/** @type {Record<Exclude<import("./telling.js").Stage, "judging"> | "waiting", (given: Given) => Child[]>} */
const PANELS = {
  certified: (given) => {
    const { sample, step, acts } = given,
      { accepted: n, others: m } = step;
    const shown = { edge: edgeText(step.edge), target: targetText(sample.target) };
    return [
      head(say(sample, "certified", shown)),
      aside(given),
      h("p", {}, t("verify.certifiedDo")),
      buttons(
        actionButton(sayOf(sample, "accept", { n, count: number(n), m, others: number(m) }), acts.accept, {
          id: "verify-accept",
          class: "primary",
        }),
        backButton(acts.back),
      ),
      goOn(given),
    ];
  },
  accepted: (given) => {
    const certificate = /** @type {Api.CertificateSummary} */ (certificateOf(given.sample, given.step)),
      n = certificate.accepted_objects;
    return [
      head(sayOf(given.sample, "accepted", { n, count: number(n) })),
      h("blockquote", { id: "verify-promise" }, promise(certificate)),
      buttons(downloadButton(certificate, { id: "verify-download", class: "primary" }), toReview()),
      checkHint(certificate),
      h("p", {}, h("a", { href: linkTo({ screen: "verify" }) }, t("verify.allCertificates"))),
      aside(given),
      goOn(given),
    ];
  },
  refuted: ({ sample, step, project }) => {
    const certificate = /** @type {Api.CertificateSummary} */ (refutedOf(sample, step));
    return [
      head(t("verify.refuted", { id: certificate.id })),
      refutedText(certificate, project),
      buttons(toReview(), link({ screen: "verify" }, t("verify.allCertificates"))),
    ];
  },
  void: ({ acts }) => [
    head(t("verify.void")),
    h("p", {}, t("verify.voidReason")),
    h("p", { class: "muted" }, t("verify.voidKept")),
    buttons(
      actionButton(t("verify.drawNew"), acts.drawNew, { id: "verify-draw-new", class: "primary" }),
      link({ screen: "annotate" }, t("review.toAnnotate")),
    ),
  ],
  empty: (given) => [
    head(t("verify.empty", { edge: edgeText(given.step.edge) })),
    goOn(given) ?? buttons(toReview()),
  ],
  nothing: (given) => [
    head(say(given.sample, "nothing", { edge: edgeText(given.step.edge) })),
    aside(given),
    buttons(toReview(), backButton(given.acts.back)),
  ],
  blocked: ({ sample, acts }) => {
    const above = sample.steps.find((step) => step.objects && !step.certified) ?? sample.steps[0];
    const edge = edgeText(above.edge);
    return [
      head(t("verify.blocked", { edge })),
      buttons(actionButton(t("verify.goOn", { edge }), () => acts.to(above.edge), { class: "primary" })),
    ];
  },
  budget: (given) => {
    const { sample, step, acts } = given;
    const best = sample.steps.filter((one) => one.certified).at(-1),
      objects = number(step.objects);
    const above = best ? edgeText(best.edge) : "";
    return [
      head(say(sample, "budget", { target: targetText(sample.target), edge: edgeText(step.edge) })),
      h("p", {}, say(sample, "budgetDo", { objects, budget: number(sample.budget) })),
      best && h("p", {}, t("verify.budgetAbove", { edge: above })),
      aside(given),
      buttons(
        best && actionButton(t("verify.goTo", { edge: above }), () => acts.to(best.edge), { class: "primary" }),
        actionButton(t("verify.judgeOn", { objects }), acts.judgeOn, { id: "verify-judge-on" }),
        toReview(),
        backButton(acts.back),
      ),
    ];
  },
  waiting: ({ acts }) => [head(t("verify.waiting")), h("p", {}, t("verify.waitingDo")), buttons(backButton(acts.back))],
};
