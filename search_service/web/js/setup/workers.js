// Which workers live, what waits in the queues, and what failed last.
import { h, prose } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { check, details, table } from "./parts.js";

const ROLES = ["siglip", "sam3", "default", "export"];

/** @param {Api.Status} status @returns {Child[]} */
export const workerLists = ({ roles, queues, workers }) => [
  h(
    "ul",
    { class: "checks" },
    ROLES.map((role) => roleCheck(role, roles[role])),
  ),
  table(
    [t("setup.queue"), t("setup.waitingJobs"), t("setup.failedJobs")],
    queues.map((one) => [one.name, number(one.waiting), number(one.failed)]),
    "",
  ),
  details(
    t("setup.eachWorker"),
    table(
      [t("setup.worker"), t("setup.state"), t("setup.doneJobs"), t("setup.since")],
      workers.map(({ role, host, state, done, since }) => [
        `${role} · ${host}`,
        t(`setup.state_${state}`),
        number(done),
        since ? when(since) : "",
      ]),
      t("setup.noWorkers"),
    ),
  ),
];

/** @param {string} role @param {number} [alive] */
const roleCheck = (role, alive) =>
  check(
    alive ? "ok" : "problem",
    t(`setup.role_${role}`),
    alive ? t("setup.alive", { n: alive }) : t("setup.noWorker", { role }),
  );

/** @param {Api.Failure[]} failures */
export const failureList = (failures) =>
  failures.length
    ? h("ul", { class: "failures", tabindex: "0" }, failures.map(failure))
    : h("p", { class: "muted" }, t("setup.noErrors"));

/** @param {Api.Failure} failure */
function failure({ project, run, task, message, code, hint, at }) {
  const where = [
    project && t("setup.inProject", { id: project }),
    run && t("setup.inRun", { id: run }),
    task && t("common.task", { task }),
  ];
  return h(
    "li",
    {},
    h("strong", {}, where.filter(Boolean).join(" · ")),
    h("span", {}, prose(message || code || t("setup.unknownError"))),
    hint && h("span", { class: "muted" }, prose(hint)),
    h("time", { class: "muted", datetime: at }, when(at)),
  );
}
