// Connecting projects; what is embedded, which workers live, what failed last, and the doctor's report.
import { api } from "../api.js";
import { add, h, put } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";
import { AuditList } from "../setup/audit.js";
import { ConnectForm } from "../setup/connect.js";
import { doctorPanel } from "../setup/doctor.js";
import { panel } from "../setup/parts.js";
import { projectTable } from "../setup/projects.js";
import { failureList, workerLists } from "../setup/workers.js";

const POLL = 3000;

/** @param {Omit<ScreenContext, "project"> & { project: Api.Project | null }} context @returns {OpenedScreen} */
export function open({ root, project, signal }) {
  const projects = h("div", {}),
    workers = h("div", {}),
    errors = h("div", {});
  const connect = new ConnectForm({ signal, done: show });
  const audit = new AuditList({ project, signal });

  async function show() {
    /** @type {Api.Status} */
    const now = await api("/status", { signal });
    put(projects, projectTable(now, { changed: show, disconnected: () => Promise.all([show(), connect.fill()]) }));
    put(workers, workerLists(now));
    put(errors, failureList(now.errors));
  }

  const left = h("div", {}, panel("projects", projects), panel("connect", connect.root), panel("errors", errors));
  const right = h("div", {}, panel("workers", workers), doctorPanel({ project, signal }));
  add(
    root,
    h("h1", {}, t("setup.title")),
    !project && h("p", { class: "friendly" }, t("setup.none")),
    h("div", { class: "columns" }, left, right),
    panel("audit", h("p", { class: "muted" }, t("setup.auditHint")), audit.root),
  );
  attempt(show);
  const timer = setInterval(() => {
    if (!document.hidden) show().catch(() => {});
  }, POLL);
  signal.addEventListener("abort", () => clearInterval(timer));
  return {};
}
