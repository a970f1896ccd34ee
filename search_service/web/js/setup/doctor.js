// The doctor's report: what is in order, and what is not.
import { api } from "../api.js";
import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { check, panel } from "./parts.js";

/** @param {{ project: Api.Project | null, signal: AbortSignal }} given */
export function doctorPanel({ project, signal }) {
  const report = h("div", { role: "status" });
  const run = async () => {
    put(report, h("p", { class: "muted" }, t("setup.looking")));
    try {
      put(report, found(await api(`/doctor${project ? `?project=${project.id}` : ""}`, { signal })));
    } catch (error) {
      put(report);
      throw error;
    }
  };
  attempt(run);
  const button = actionButton(t("setup.runDoctor"), run, { id: "run-doctor" });
  return panel("doctor", h("p", { class: "muted" }, t("setup.doctorHint")), button, report);
}

/** @type {(answer: { findings: Api.Finding[], problems: number }) => Child} */
function found({ findings, problems }) {
  const text = problems ? t("setup.problems", { n: problems }) : t("setup.healthy");
  const rank = (/** @type {Api.Finding} */ one) => Number(one.state === "problem");
  const worstFirst = [...findings].sort((a, b) => rank(b) - rank(a));
  const checks = worstFirst.map((one) => check(one.state, one.name, one.detail, one.fix));
  return [h("p", { class: problems ? "bad" : "likely" }, text), h("ul", { class: "checks" }, checks)];
}
