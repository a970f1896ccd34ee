// Connecting projects; what is embedded, which workers live, what failed last, and the doctor's report.
import { api } from "../api.js";
import { add, h, prose, put } from "../dom.js";
import { duration, number, t, when } from "../i18n.js";
import { ask, attempt, notice } from "../messages.js";
import { go, linkTo } from "../router.js";
import { auditList } from "../setup/audit.js";
import { connectForm } from "../setup/connect.js";
import { check, details, panel, table } from "../setup/parts.js";

const POLL = 3000;
const ROLES = ["siglip", "sam3", "default", "export"];

export async function open({ root, project, signal }) {
  const status = h("div", {}),
    projects = h("div", {}),
    errors = h("div", {}),
    report = h("div", { role: "status" });
  const connecting = connectForm({ signal, done: () => show() });
  add(
    root,
    h("h1", {}, t("setup.title")),
    !project && h("p", { class: "friendly" }, t("setup.none")),
    h(
      "div",
      { class: "columns" },
      h("div", {}, panel("projects", projects), panel("connect", connecting.form), panel("errors", errors)),
      h(
        "div",
        {},
        panel("workers", status),
        panel(
          "doctor",
          h("p", { class: "muted" }, t("setup.doctorHint")),
          h(
            "button",
            { id: "run-doctor", type: "button", onclick: (event) => attempt(doctor, event.currentTarget) },
            t("setup.runDoctor"),
          ),
          report,
        ),
      ),
    ),
    panel("audit", h("p", { class: "muted" }, t("setup.auditHint")), auditList({ project, signal })),
  );

  // --- projects and workers, kept fresh
  async function show() {
    const now = await api("/status", { signal });
    put(
      projects,
      table(
        [t("setup.project"), t("setup.images"), ""],
        now.projects.map((one) => [
          h(
            "a",
            {
              href: linkTo({ project: one.id, screen: "search" }),
              onclick: (event) => {
                if (!event.ctrlKey && !event.metaKey) {
                  event.preventDefault();
                  go({ project: one.id, screen: "search" });
                }
              },
            },
            `${one.id} · ${one.title}`,
          ),
          embedding(one),
          one.connected ? tools(one) : h("span", { class: "muted" }, t("setup.notConnected")),
        ]),
        t("setup.noProjects"),
      ),
      h("p", { class: "muted" }, now.search_model ? t("setup.model", now.search_model) : t("setup.noModel")),
    );
    put(
      status,
      h(
        "ul",
        { class: "checks" },
        ROLES.map((role) =>
          check(
            now.roles[role] ? "ok" : "problem",
            t(`setup.role_${role}`),
            now.roles[role] ? t("setup.alive", { n: now.roles[role] }) : t("setup.noWorker", { role }),
          ),
        ),
      ),
      table(
        [t("setup.queue"), t("setup.waitingJobs"), t("setup.failedJobs")],
        now.queues.map((one) => [one.name, number(one.waiting), number(one.failed)]),
        "",
      ),
      details(
        t("setup.eachWorker"),
        table(
          [t("setup.worker"), t("setup.state"), t("setup.doneJobs"), t("setup.since")],
          now.workers.map((one) => [
            `${one.role} · ${one.host}`,
            t(`setup.state_${one.state}`),
            number(one.done),
            one.since ? when(one.since) : "",
          ]),
          t("setup.noWorkers"),
        ),
      ),
    );
    put(
      errors,
      now.errors.length
        ? h("ul", { class: "failures" }, now.errors.map(failure))
        : h("p", { class: "muted" }, t("setup.noErrors")),
    );
  }

  function embedding(one) {
    const text = t("setup.embedded", { embedded: number(one.embedded), seen: number(one.seen) });
    return h(
      "div",
      { class: "embedding" },
      h("progress", { max: String(Math.max(one.seen, 1)), value: String(one.embedded), "aria-label": text }),
      h("span", {}, text),
      one.waiting > 0 &&
        h(
          "span",
          { class: "muted" },
          t("setup.underWay", {
            fetched: number(one.fetched),
            waiting: number(one.waiting),
            age: duration(one.oldest_waiting_seconds),
          }),
        ),
      one.missing_since && h("span", { class: "bad" }, t("setup.missing", { since: when(one.missing_since) })),
      one.failed > 0 && h("span", { class: "bad" }, t("setup.failedImages", { n: one.failed })),
    );
  }

  function tools(one) {
    return h(
      "div",
      { class: "bar tight" },
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: (event) =>
            attempt(async () => {
              const done = await api(`/projects/${one.id}/sync`, { method: "POST" });
              notice(t("setup.synced", { created: done.created, changed: done.changed, deleted: done.deleted }));
              await show();
            }, event.currentTarget),
        },
        t("setup.sync"),
      ),
      one.failed > 0 &&
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            onclick: (event) =>
              attempt(async () => {
                notice(t("setup.retried", { n: (await api(`/projects/${one.id}/retry`, { method: "POST" })).retried }));
                await show();
              }, event.currentTarget),
          },
          t("setup.retry"),
        ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: (event) =>
            attempt(async () => {
              if (
                !(await ask(t("setup.disconnectSure", { title: one.title }), {
                  yes: t("setup.disconnect"),
                  danger: true,
                }))
              )
                return;
              await api(`/projects/${one.id}/disconnect`, { method: "POST" });
              document.dispatchEvent(new Event("argus:projects"));
              await Promise.all([show(), connecting.fill()]);
            }, event.currentTarget),
        },
        t("setup.disconnect"),
      ),
    );
  }

  const failure = (one) =>
    h(
      "li",
      {},
      h(
        "strong",
        {},
        [
          one.project && t("setup.inProject", { id: one.project }),
          one.run && t("setup.inRun", { id: one.run }),
          one.task && t("common.task", { task: one.task }),
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      h("span", {}, prose(one.message || one.code || t("setup.unknownError"))),
      one.hint && h("span", { class: "muted" }, prose(one.hint)),
      h("time", { class: "muted", datetime: one.at }, when(one.at)),
    );

  // --- doctor
  async function doctor() {
    put(report, h("p", { class: "muted" }, t("setup.looking")));
    try {
      const { findings, problems } = await api(`/doctor${project ? `?project=${project.id}` : ""}`, { signal });
      put(
        report,
        h(
          "p",
          { class: problems ? "bad" : "likely" },
          problems ? t("setup.problems", { n: problems }) : t("setup.healthy"),
        ),
        h(
          "ul",
          { class: "checks" },
          findings
            .sort((a, b) => (b.state === "problem") - (a.state === "problem"))
            .map((one) => check(one.state, one.name, one.detail, one.fix)),
        ),
      );
    } catch (error) {
      put(report);
      throw error;
    }
  }

  attempt(show);
  attempt(doctor);
  const timer = setInterval(() => {
    if (!document.hidden) show().catch(() => {});
  }, POLL);
  signal.addEventListener("abort", () => clearInterval(timer));
}
