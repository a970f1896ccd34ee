// Certificates that later corrections refute: which one, how many objects were corrected, on which tasks, and what to do.
import { h } from "../../dom.js";
import { number, t, when } from "../../i18n.js";
import { linkTo } from "../../router.js";
import { edgeText, ofFrames, say } from "./telling.js";

const SHOWN = 50; // tasks

// A panel for each of them; none without any.
/** @param {Api.CertificateSummary[]} certificates @param {Api.Project} project */
export const refutedPanels = (certificates, project) =>
  certificates
    .filter(({ state }) => state === "refuted")
    .map((one) =>
      h(
        "section",
        { class: "panel refuted", "data-refuted": one.id },
        h("h2", {}, t("verify.refuted", { id: one.id })),
        refutedText(one, project),
      ),
    );

/** @param {Api.CertificateSummary} certificate @param {Api.Project} project */
export function refutedText(certificate, project) {
  const { sample, edge, issued_at, accepted_objects: accepted, later } = certificate;
  const of = h("a", { href: linkTo({ screen: "verify", sample }) }, t("verify.sample", { id: sample }));
  const facts = [...(ofFrames(certificate) ? [] : [t("verify.from", { edge: edgeText(edge) })]), when(issued_at)];
  const { corrected, allowed, tasks } = later ?? { corrected: 0, allowed: 0, tasks: [] };
  const counts = { n: corrected, count: number(corrected), accepted: number(accepted), allowed: number(allowed) };
  return h(
    "div",
    { class: "refuted-text" },
    h("p", {}, h("b", {}, say(certificate, "refutedBy", counts))),
    h("p", { class: "muted" }, facts.join(" · "), " · ", of),
    h("p", {}, t("verify.refutedTasks"), tasks.slice(0, SHOWN).flatMap((task) => [" ", taskLink(project, task)]),
      tasks.length > SHOWN && ` ${t("verify.refutedMore", { count: number(tasks.length - SHOWN) })}`),
    h("p", {}, t("verify.refutedDo"), " ", h("a", { href: linkTo({ screen: "review" }) }, t("review.title"))),
  );
}

/** @param {Api.Project} project @param {number} task */
const taskLink = (project, task) =>
  h("a", { href: `${project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" }, t("common.task", { task }));
