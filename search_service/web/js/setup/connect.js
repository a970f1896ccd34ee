// Connecting a project of Label Studio, or making a new one: first a look at what would change, then the change.
import { api, Problem } from "../api.js";
import { add, h, put } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, notice } from "../messages.js";
import { splitList } from "../typed.js";
import { row } from "./parts.js";

// Returns { form, fill() }; `done()` is called after a project was connected.
export function connectForm({ signal, done }) {
  const choice = h("select", { id: "connect-project", required: true });
  const title = h("input", { id: "connect-title", maxlength: "50", minlength: "3" });
  const labels = h("input", { id: "connect-labels", placeholder: "cpu, fan, hdd" });
  const titleRow = row("connect-title", t("setup.newTitle"), title);
  const labelsRow = row("connect-labels", t("setup.newLabels"), labels);
  const look = h("button", { id: "connect-look", type: "submit" }, t("setup.dryRun"));
  const connect = h(
    "button",
    { id: "connect-go", type: "button", class: "primary", disabled: true },
    t("setup.connectNow"),
  );
  const plan = h("div", { role: "status" }),
    hint = h("p", { class: "muted" }, t("setup.lookFirst"));
  const form = h("form", { class: "stack" }, h("p", { class: "muted" }, t("setup.connectHint")));
  add(form, row("connect-project", t("setup.which"), choice), titleRow, labelsRow);
  add(form, h("div", { class: "bar" }, look, connect), hint, plan);

  const fresh = () => choice.value === "new";
  const tasks = new Map(); // of each project

  function showFields() {
    titleRow.hidden = !fresh();
    title.required = fresh();
    labelsRow.querySelector("label").textContent = t(fresh() ? "setup.newLabels" : "setup.labelsIfNone");
    allow(false);
  }

  // The hint says how the button comes to life, so it stands only while that is to be done.
  function allow(on) {
    connect.disabled = !on;
    hint.hidden = on || plan.childNodes.length > 0;
  }

  async function fill() {
    const { projects } = await api("/label-studio/projects", { signal });
    const before = choice.value;
    for (const one of projects) tasks.set(String(one.id), one.tasks);
    const name = (one) => `${one.id} · ${one.title}${one.connected ? ` (${t("setup.connected")})` : ""}`;
    put(choice, ...projects.map((one) => h("option", { value: String(one.id) }, name(one))));
    choice.append(h("option", { value: "new" }, t("setup.newProject")));
    const first = projects.find((one) => !one.connected);
    choice.value = [...choice.options].some((one) => one.value === before) ? before : String(first?.id ?? "new");
    showFields();
  }

  async function send(dry) {
    const names = splitList(labels.value);
    if (fresh() && !names.length) throw new Problem(t("setup.labelsNeeded"));
    const which = fresh() ? { title: title.value.trim() } : { project: Number(choice.value) };
    const made = await api("/label-studio/connect", { json: { ...which, labels: names, dry_run: dry } });
    const part = (key) =>
      made[key].length > 0 && [
        h("h3", {}, t(`setup.${dry ? "would_" : ""}${key}`)),
        h("ul", {}, ...made[key].map((thing) => h("li", {}, thing))),
      ];
    const told = h("p", { class: "muted" }, t("setup.labelsAre", { labels: made.labels.join(", ") }));
    put(plan, part("created"), part("changed"), part("kept"), part("notes"), told);
    return made;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await send(true);
      allow(true);
    }, look);
  });
  // It can be pressed again only after another look: a second press must not make a second project.
  connect.addEventListener("click", async () => {
    connect.disabled = true;
    await attempt(async () => {
      const made = await send(false),
        said = tasks.get(choice.value) ? "setup.connectedNow" : "setup.connectedEmpty";
      notice(t(said, { title: made.title || made.project_id }));
      document.dispatchEvent(new Event("argus:projects"));
      title.value = "";
      await Promise.all([done(), fill()]);
    });
  });
  choice.addEventListener("change", () => {
    put(plan);
    showFields();
  });
  for (const field of [title, labels])
    field.addEventListener("input", () => {
      put(plan); // what was shown is of other words
      allow(false);
    });
  attempt(fill);
  return { form, fill };
}
