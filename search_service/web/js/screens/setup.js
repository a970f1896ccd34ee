// Connecting projects; what is embedded, which workers live, what failed last, and the doctor's report.
import { api, Problem } from "../api.js";
import { add, h, icon, put } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { ask, attempt, notice } from "../messages.js";
import { go, linkTo } from "../router.js";

const POLL = 3000;
const ROLES = ["siglip", "sam3", "default"];

export async function open({ root, project, signal }) {
  const status = h("div", {}),
    projects = h("div", {}),
    errors = h("div", {}),
    report = h("div", { role: "status" });
  add(
    root,
    h("h1", {}, t("setup.title")),
    !project && h("p", { class: "friendly" }, t("setup.none")),
    h(
      "div",
      { class: "columns" },
      h("div", {}, panel("projects", projects), panel("connect", connectForm()), panel("errors", errors)),
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
              await Promise.all([show(), fill()]);
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
      h("span", {}, one.message || one.code || t("setup.unknownError")),
      one.hint && h("span", { class: "muted" }, one.hint),
      h("time", { class: "muted", datetime: one.at }, when(one.at)),
    );

  // --- connecting
  const choice = h("select", { id: "connect-project", required: true }),
    title = h("input", { id: "connect-title", maxlength: "50", minlength: "3" });
  const labels = h("input", { id: "connect-labels", placeholder: "cpu, fan, hdd" }),
    plan = h("div", { role: "status" });
  let listed = [];

  function connectForm() {
    // The fields are made below: a function is called when the page is built, constants are not there before their line.
    const form = h("form", { class: "stack" });
    queueMicrotask(() => {
      const rows = {
        new: [row("connect-title", t("setup.newTitle"), title), row("connect-labels", t("setup.newLabels"), labels)],
      };
      const sync = () => {
        const fresh = choice.value === "new";
        for (const one of rows.new) one.hidden = !fresh && !(one === rows.new[1]);
        rows.new[1].querySelector("label").textContent = t(fresh ? "setup.newLabels" : "setup.labelsIfNone");
        title.required = fresh;
        connect.disabled = true;
        put(plan);
      };
      const look = h("button", { id: "connect-look", type: "submit" }, t("setup.dryRun"));
      const connect = h(
        "button",
        {
          id: "connect-go",
          type: "button",
          class: "primary",
          disabled: true,
          onclick: () => attempt(() => send(false), connect),
        },
        t("setup.connectNow"),
      );
      form.append(
        h("p", { class: "muted" }, t("setup.connectHint")),
        row("connect-project", t("setup.which"), choice),
        ...rows.new,
        h("div", { class: "bar" }, look, connect),
        plan,
      );
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(async () => {
          await send(true);
          connect.disabled = false;
        }, look);
      });
      choice.addEventListener("change", sync);
      for (const field of [title, labels])
        field.addEventListener("input", () => {
          connect.disabled = true;
        });
      attempt(fill).then(sync);
    });
    return form;
  }

  async function fill() {
    listed = (await api("/label-studio/projects", { signal })).projects;
    const before = choice.value;
    put(
      choice,
      listed.map((one) =>
        h(
          "option",
          { value: String(one.id) },
          `${one.id} · ${one.title}${one.connected ? ` (${t("setup.connected")})` : ""}`,
        ),
      ),
      h("option", { value: "new" }, t("setup.newProject")),
    );
    const free = listed.find((one) => !one.connected);
    choice.value =
      [...choice.options].some((one) => one.value === before) && before ? before : free ? String(free.id) : "new";
  }

  async function send(dry) {
    const names = labels.value
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
      fresh = choice.value === "new";
    if (fresh && !names.length) throw new Problem(t("setup.labelsNeeded"));
    const made = await api("/label-studio/connect", {
      json: {
        ...(fresh ? { title: title.value.trim() } : { project: Number(choice.value) }),
        labels: names,
        dry_run: dry,
      },
    });
    const part = (key, things) =>
      things.length > 0 && [
        h("h3", {}, t(`setup.${dry ? "would_" : ""}${key}`)),
        h(
          "ul",
          {},
          things.map((thing) => h("li", {}, thing)),
        ),
      ];
    put(
      plan,
      ...[
        part("created", made.created),
        part("changed", made.changed),
        part("kept", made.kept),
        part("notes", made.notes),
      ]
        .flat(2)
        .filter(Boolean),
      h("p", { class: "muted" }, t("setup.labelsAre", { labels: made.labels.join(", ") })),
    );
    if (dry) return;
    notice(t("setup.connectedNow", { title: made.title || made.project_id }));
    document.dispatchEvent(new Event("argus:projects"));
    await Promise.all([show(), fill()]);
  }

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

function panel(name, ...content) {
  return h(
    "section",
    { class: "panel", "aria-labelledby": `s-${name}` },
    h("h2", { id: `s-${name}` }, t(`setup.${name}`)),
    content,
  );
}

function row(id, text, field) {
  return h("div", { class: "row" }, h("label", { for: id }, text), field);
}

function check(state, name, text, fix = "") {
  return h(
    "li",
    { class: state },
    h(
      "span",
      { class: "mark" },
      icon(state === "ok" ? "review" : "close"),
      h("span", { class: "visually-hidden" }, t(`setup.${state}`)),
    ),
    h("strong", {}, name),
    h("span", { class: "grow" }, text, fix && h("span", { class: "fix" }, fix)),
  );
}

function table(heads, rows, empty) {
  if (!rows.length) return h("p", { class: "muted" }, empty);
  return h(
    "div",
    { class: "scroll", tabIndex: 0, role: "region", "aria-label": heads[0] },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head) => (head ? h("th", { scope: "col" }, head) : h("td", {}))),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((cells) =>
          h(
            "tr",
            {},
            cells.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    ),
  );
}

function details(summary, ...content) {
  return h("details", {}, h("summary", {}, summary), content);
}
