// Connecting a project of Label Studio, or making a new one: first a look at what would change, then the change.
import { api, Problem } from "../api.js";
import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, notice } from "../messages.js";
import { splitList } from "../typed.js";
import { row } from "./parts.js";

/** @typedef {{ id: number, title: string, tasks: number, connected: boolean }} Choice */

export class ConnectForm {
  #tasks = /** @type {Map<string, number>} */ (new Map()); // of each project

  // `done()` is called after a project was connected.
  /** @param {{ signal: AbortSignal, done: () => Promise<unknown> }} given */
  constructor({ signal, done }) {
    this.signal = signal;
    this.done = done;
    this.choice = h("select", { id: "connect-project", required: true });
    this.title = h("input", { id: "connect-title", maxlength: "50", minlength: "3" });
    this.labels = h("input", { id: "connect-labels", placeholder: "cpu, fan, hdd" });
    this.masks = h("input", { type: "checkbox", id: "connect-masks" });
    this.titleRow = row("connect-title", t("setup.newTitle"), this.title);
    this.labelsText = h("label", { for: "connect-labels" }, t("setup.newLabels"));
    this.look = h("button", { id: "connect-look", type: "submit" }, t("setup.dryRun"));
    const go = { id: "connect-go", type: "button", class: "primary", disabled: true };
    this.connect = h("button", { ...go, onclick: () => this.#connect() }, t("setup.connectNow"));
    this.plan = h("div", { role: "status" });
    this.hint = h("p", { class: "muted" }, t("setup.lookFirst"));
    this.root = this.#makeForm();
    attempt(() => this.fill());
  }

  async fill() {
    /** @type {{ projects: Choice[] }} */
    const { projects } = await api("/label-studio/projects", { signal: this.signal });
    const { choice } = this,
      before = choice.value;
    for (const one of projects) this.#tasks.set(String(one.id), one.tasks);
    put(choice, ...projects.map((one) => h("option", { value: String(one.id) }, nameOf(one))));
    choice.append(h("option", { value: "new" }, t("setup.newProject")));
    const first = projects.find((one) => !one.connected);
    choice.value = [...choice.options].some((one) => one.value === before) ? before : String(first?.id ?? "new");
    this.#showFields();
  }

  #makeForm() {
    const form = h(
      "form",
      { class: "stack" },
      h("p", { class: "muted" }, t("setup.connectHint")),
      row("connect-project", t("setup.which"), this.choice),
      this.titleRow,
      h("div", { class: "row" }, this.labelsText, this.labels),
      h("label", { class: "check" }, this.masks, t("setup.masks")),
      h("div", { class: "bar" }, this.look, this.connect),
      this.hint,
      this.plan,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.#look(), this.look);
    });
    this.choice.addEventListener("change", () => {
      put(this.plan);
      this.#showFields();
    });
    for (const field of [this.title, this.labels, this.masks])
      field.addEventListener("input", () => {
        put(this.plan); // what was shown is of other words
        this.#allow(false);
      });
    return form;
  }

  get #fresh() {
    return this.choice.value === "new";
  }

  #showFields() {
    this.titleRow.hidden = !this.#fresh;
    this.title.required = this.#fresh;
    this.labelsText.textContent = t(this.#fresh ? "setup.newLabels" : "setup.labelsIfNone");
    this.#allow(false);
  }

  // The hint says how the button comes to life, so it stands only while that is to be done.
  /** @param {boolean} on */
  #allow(on) {
    this.connect.disabled = !on;
    this.hint.hidden = on || this.plan.childNodes.length > 0;
  }

  async #look() {
    await this.#send(true);
    this.#allow(true);
  }

  // It can be pressed again only after another look: a second press must not make a second project.
  async #connect() {
    this.connect.disabled = true;
    await attempt(async () => {
      const made = await this.#send(false),
        said = this.#tasks.get(this.choice.value) ? "setup.connectedNow" : "setup.connectedEmpty";
      notice(t(said, { title: made.title || made.project_id }));
      document.dispatchEvent(new Event("argus:projects"));
      this.title.value = "";
      await Promise.all([this.done(), this.fill()]);
    });
  }

  /** @param {boolean} dry */
  async #send(dry) {
    const labels = splitList(this.labels.value);
    if (this.#fresh && !labels.length) throw new Problem(t("setup.labelsNeeded"));
    const which = this.#fresh ? { title: this.title.value.trim() } : { project: Number(this.choice.value) };
    /** @type {Api.ConnectPlan} */
    const made = await api("/label-studio/connect", { json: { ...which, labels, masks: this.masks.checked, dry_run: dry } });
    put(this.plan, planOf(made, dry ? "would_" : ""));
    return made;
  }
}

/** @param {Choice} one */
const nameOf = ({ id, title, connected }) => `${id} · ${title}${connected ? ` (${t("setup.connected")})` : ""}`;

// What was done, or would be.
/** @param {Api.ConnectPlan} made @param {"would_" | ""} mood @returns {Child[]} */
function planOf(made, mood) {
  const part = (/** @type {"created" | "changed" | "kept" | "notes" | "warnings"} */ key) =>
    made[key].length > 0 && [
      h("h3", {}, t(`setup.${mood}${key}`)),
      h(
        "ul",
        {},
        made[key].map((thing) => h("li", {}, thing)),
      ),
    ];
  const told = h("p", { class: "muted" }, t("setup.labelsAre", { labels: made.labels.join(", ") }));
  return [part("created"), part("changed"), part("kept"), part("notes"), part("warnings"), told];
}
