// Labels that were brought in from files, each import with its undo. Nothing is shown while there are none.
import { api } from "../api.js";
import { add, h, put, renew } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { actionButton, ask as confirm } from "../messages.js";

export class LabelImports {
  /** @param {{ base: string, signal: AbortSignal }} given */
  constructor({ base, signal }) {
    this.base = base;
    this.signal = signal;
    this.root = h("section", { class: "panel", "aria-labelledby": "e-label-imports", hidden: true });
    this.list = h("div", {});
    this.told = h("div", { role: "status" });
    add(this.root, h("h2", { id: "e-label-imports" }, t("export.labelImports")), this.list, this.told);
  }

  async show() {
    /** @type {{ imports: Api.LabelImport[] }} */
    const { imports } = await api(`${this.base}/label-imports`, { signal: this.signal });
    this.root.hidden = !imports.length;
    renew(
      this.list,
      h(
        "ul",
        { class: "versions" },
        imports.map((one) => this.#entry(one)),
      ),
    );
  }

  /** @param {Api.LabelImport} one */
  #entry(one) {
    const counts = { n: one.tasks, images: number(one.tasks), k: one.objects, objects: number(one.objects) };
    const left = one.tasks > 0 || one.images > 0;
    const facts = [
      when(one.created_at),
      one.imported_by,
      one.taken === "predictions" ? t("export.asPredictions", { version: one.model_version }) : t("export.asAnnotations"),
      left && t("export.counts", counts),
      one.images > 0 && t("export.newImages", { n: one.images, images: number(one.images) }),
      t(`export.import_${one.state}`),
      one.error?.message,
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
    /** @type {Api.LabelImportUndone} */
    const { undone, left } = await api(`/label-imports/${one.id}/undo`, { method: "POST" });
    put(
      this.told,
      h("p", {}, t("export.importUndone", { n: undone, tasks: number(undone) })),
      left.length > 0 && h("p", {}, t("export.importLeft", { n: left.length, tasks: number(left.length) })),
    );
    await this.show();
  }
}
