// Labels that come from files: bringing some in, the imports under way, and those that were made, each with its undo.
import { api } from "../api.js";
import { add, h, put, renew } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { actionButton, ask as confirm } from "../messages.js";
import { LabelForm } from "./label-form.js";
import { goesOn, LabelJobs, takenText } from "./label-jobs.js";

const POLL = 1000; // milliseconds

export class LabelImports {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #followed = new Set(/** @type {number[]} */ ([])); // imports under way that this screen has seen

  /** @param {{ base: string, signal: AbortSignal }} given */
  constructor({ base, signal }) {
    this.base = base;
    this.signal = signal;
    this.root = h("section", { class: "panel", "aria-labelledby": "e-label-imports" });
    this.form = new LabelForm({ base, asked: () => this.show() });
    this.jobs = new LabelJobs({ base, signal, changed: () => this.show() });
    this.list = h("div", {});
    this.told = h("div", { role: "status" });
    const heading = h("h2", { id: "e-label-imports" }, t("labels.title"));
    add(this.root, heading, this.form.root, this.jobs.root, this.told, this.list);
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  async show() {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    /** @type {{ imports: Api.LabelImport[], jobs: Api.LabelImportJob[] }} */
    const { imports, jobs } = await api(`${this.base}/label-imports`, { signal: this.signal });
    await this.jobs.show(jobs);
    this.#tell(jobs, imports);
    const entries = imports.map((one) => this.#entry(one));
    renew(this.list, entries.length > 0 && h("ul", { class: "versions" }, entries));
    if (jobs.some(goesOn)) this.#soon(POLL);
  }

  /** @param {number} pause milliseconds */
  #soon(pause) {
    clearTimeout(this.#timer);
    if (!this.signal.aborted) this.#timer = setTimeout(() => this.show().catch(() => this.#soon(5 * POLL)), pause);
  }

  // Say what became of the imports that were under way.
  /** @param {Api.LabelImportJob[]} jobs @param {Api.LabelImport[]} imports */
  #tell(jobs, imports) {
    for (const one of jobs) {
      if (goesOn(one)) this.#followed.add(one.id);
      else if (this.#followed.delete(one.id)) {
        if (one.state === "done") put(this.told, doneText(one, imports));
        if (one.state === "cancelled") put(this.told, h("p", {}, t("labels.ended")));
        if (one.state === "undone") this.#report(one.id).catch(() => {}); // the list says it, too
      }
    }
  }

  /** @param {Api.LabelImport} one */
  #entry(one) {
    const counts = { n: one.tasks, images: number(one.tasks), k: one.objects, objects: number(one.objects) };
    const left = one.tasks > 0 || one.images > 0;
    const facts = [
      when(one.created_at),
      one.imported_by,
      takenText(one),
      left && t("export.counts", counts),
      one.images > 0 && t("export.newImages", { n: one.images, images: number(one.images) }),
      t(`export.import_${one.state}`),
      one.error?.message,
      one.state === "failed" && one.withdrawn_at && t("labels.withdrawn"),
    ];
    return h(
      "li",
      { "data-import": one.id },
      h(
        "div",
        { class: "bar" },
        h("strong", { class: "version-note grow" }, t("export.labelImport", { id: one.id, name: one.name })),
        left && actionButton(t("export.undoImport"), () => this.#undo(one), { class: "quiet" }),
      ),
      h("p", { class: "muted" }, facts.filter(Boolean).join(" · ")),
    );
  }

  /** @param {Api.LabelImport} one */
  async #undo(one) {
    if (!(await confirm(t("export.undoImportSure", { id: one.id }), { danger: true }))) return;
    /** @type {Api.LabelImportJob} */
    const job = await api(`/label-imports/${one.id}/undo`, { method: "POST" });
    this.#followed.add(job.id);
    await this.show();
  }

  /** @param {number} job */
  async #report(job) {
    /** @type {{ report: Api.LabelImportUndone | null }} */
    const { report } = await api(`${this.base}/label-imports/jobs/${job}`, { signal: this.signal });
    if (!report) return;
    const { undone, left } = report;
    put(
      this.told,
      h("p", {}, t("export.importUndone", { n: undone, tasks: number(undone) })),
      left.length > 0 && h("p", {}, t("export.importLeft", { n: left.length, tasks: number(left.length) })),
    );
  }
}

/** @param {Api.LabelImportJob} job @param {Api.LabelImport[]} imports @returns {Child} */
function doneText(job, imports) {
  const made = imports.find(({ id }) => id === job.import_id);
  if (!made) return h("p", {}, t("labels.nothing"));
  const { id, tasks, objects } = made;
  const done = t("labels.done", { id, n: tasks, tasks: number(tasks), k: objects, objects: number(objects) });
  const missed = job.missed > 0 && t("labels.missed", { n: job.missed, tasks: number(job.missed) });
  return h("p", {}, [done, missed].filter(Boolean).join(" "));
}
