// Annotations as files: what an export would hold, making it in the background, and the last ones to download.
import { api } from "../api.js";
import { add, h, put } from "../dom.js";
import { Evaluation } from "../export/evaluation.js";
import { ExportForm } from "../export/form.js";
import { LabelImports } from "../export/label-imports.js";
import { MadeExports } from "../export/made.js";
import { heading, previewOf } from "../export/preview.js";
import { Versions } from "../export/versions.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";

/** @param {ScreenContext} context @returns {OpenedScreen} */
export function open({ root, project, params, signal }) {
  const base = `/projects/${project.id}`;
  const preview = h("section", { class: "panel", "aria-live": "polite", "aria-labelledby": "e-preview" });
  const versions = new Versions({ base, signal });
  const labels = new LabelImports({ base, signal });
  const made = new MadeExports({ base, signal, onchange: () => versions.show() });
  const make = async () => {
    await api(`${base}/exports`, { json: form.asked() });
    await made.show();
  };
  const form = new ExportForm({
    params,
    onchange: () => attempt(count),
    onsubmit: (button) => attempt(make, button),
  });
  let counting = 0;

  async function count() {
    const mine = ++counting;
    // A press that ends a field's change must find its button where it was.
    preview.style.minHeight = `${preview.offsetHeight}px`;
    put(preview, heading(), h("p", { class: "muted" }, t("common.loading")));
    if (!form.check()) return;
    const json = form.asked();
    /** @type {Api.ExportPreview} */
    const found = await api(`${base}/exports/preview`, { json, signal });
    if (mine !== counting) return;
    put(preview, heading(), previewOf(found, json.source, json.masks));
    preview.style.minHeight = "";
    form.button.disabled = !found.images || !!found.refused;
  }

  const panels = h("div", { class: "two" }, form.root, h("div", {}, preview, made.root, versions.root, labels.root));
  const evaluation = new Evaluation({ base, project, signal });
  add(root, h("h1", {}, t("export.title")), panels, evaluation.root);
  attempt(count);
  attempt(() => made.show());
  attempt(() => versions.show());
  attempt(() => labels.show());
  attempt(() => evaluation.show());
  return {};
}
