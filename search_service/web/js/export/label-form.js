// Choosing files with labels, and what they are to become; sends them and asks what an import would write.
import { api, isAbort, Problem, request } from "../api.js";
import { h, put } from "../dom.js";
import { send } from "../footage/tus.js";
import { percent, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { zipOf } from "./zip.js";

const ENDINGS = ".json,.zip";
const LABELS = /\.(json|txt|ya?ml|names|data)$/i,
  IMAGES = /\.(jpe?g|png|webp|bmp|tiff?|gif)$/i;
/** @type {Set<AbortController>} */
const sending = new Set();

export class LabelForm {
  // `asked()`: an import was asked for.
  /** @param {{ base: string, asked: () => Promise<void> }} given */
  constructor({ base, asked }) {
    this.base = base;
    this.asked = asked;
    this.file = h("input", { id: "labels-file", type: "file", accept: ENDINGS, required: true });
    this.folder = h("input", { id: "labels-folder", type: "file", webkitdirectory: true });
    this.version = h("input", { id: "labels-version", maxlength: "200", required: true });
    this.ofVersion = h("div", { class: "row", hidden: true }, h("label", { for: "labels-version" }, t("labels.version")), this.version);
    this.images = h("input", { type: "checkbox", id: "labels-images" });
    this.pictures = h("input", { id: "labels-pictures", type: "file", accept: ".zip" });
    this.ofPictures = h("div", { class: "row", hidden: true }, h("label", { for: "labels-pictures" }, t("labels.imagesFile")), this.pictures);
    this.splits = h("input", { type: "checkbox" });
    this.button = h("button", { class: "primary", id: "labels-check" }, t("labels.check"));
    this.told = h("div", { role: "status" });
    this.form = this.#makeForm();
    this.root = h("details", { class: "labels-add" }, h("summary", {}, t("labels.add")), this.form, this.told);
  }

  #makeForm() {
    const check = (/** @type {HTMLInputElement} */ box, /** @type {string} */ text) => h("label", { class: "check" }, box, text);
    const form = h(
      "form",
      { class: "stack" },
      h("div", { class: "row" }, h("label", { for: "labels-file" }, t("labels.file")), this.file, h("small", { class: "muted" }, t("labels.fileHint"))),
      h("div", { class: "row" }, h("label", { for: "labels-folder" }, t("labels.folder")), this.folder),
      h("fieldset", {}, h("legend", {}, t("labels.taken")), ["annotations", "predictions"].map(option)),
      this.ofVersion,
      check(this.images, t("labels.images")),
      this.ofPictures,
      check(this.splits, t("labels.splits")),
      this.button,
      h("small", { class: "muted" }, t("labels.checkHint")),
    );
    form.addEventListener("change", () => this.#showFields());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.#ask(), this.button);
    });
    this.version.disabled = true;
    return form;
  }

  #showFields() {
    const predictions = this.#taken() === "predictions";
    this.ofVersion.hidden = this.version.disabled = !predictions;
    this.ofPictures.hidden = !this.images.checked;
    this.file.disabled = Boolean(this.folder.files?.length);
  }

  #taken() {
    return String(new FormData(this.form).get("labels-taken"));
  }

  async #ask() {
    const [pictures] = (this.images.checked && this.pictures.files) || [];
    const labels = this.folder.files?.length ? await this.#packed(!pictures) : /** @type {FileList} */ (this.file.files)[0];
    const json = { taken: this.#taken(), model_version: this.version.disabled ? "" : this.version.value.trim(), keep_splits: this.splits.checked };
    const brings = this.images.checked;
    const stop = new AbortController();
    sending.add(stop);
    try {
      const upload = await this.#send(labels, stop);
      const images = !brings ? null : pictures ? await this.#send(pictures, stop) : upload;
      await api(`${this.base}/label-imports`, { json: { ...json, upload, images } });
      this.form.reset();
      this.#showFields();
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      sending.delete(stop);
      put(this.told);
    }
    await this.asked();
  }

  // One file of the chosen folder's: its labels, and its images where they may become tasks.
  /** @param {boolean} alone whether no other file has the images */
  async #packed(alone) {
    const chosen = [...(this.folder.files ?? [])];
    const kept = chosen.filter(({ name }) => LABELS.test(name) || (alone && this.images.checked && IMAGES.test(name)));
    const [name] = chosen[0].webkitRelativePath.split("/");
    if (!kept.length) throw new Problem(t("labels.noLabels", { name }));
    const zip = await zipOf(kept, `${name}.zip`);
    if (!zip) throw new Problem(t("labels.tooMuch", { name }));
    return zip;
  }

  // Send a file and return the id of its upload; one that was cut off goes on where it stands.
  /** @param {File} file @param {AbortController} stop */
  async #send(file, stop) {
    if (!file.size) throw new Problem(t("labels.empty", { name: file.name }));
    const said = h("p", { class: "said" }),
      bar = h("progress", { max: "1", value: "0", "aria-label": file.name });
    put(this.told, said, bar, actionButton(t("labels.stop"), () => stop.abort(), { class: "quiet" }));
    const path = `${this.base}/uploads`;
    /** @type {{ uploads: Api.Upload[] }} */
    const { uploads } = await api(path, { signal: stop.signal });
    const job = {
      ...{ path, file, told: { purpose: "labels" }, id: cutOff(uploads, file), signal: stop.signal, began: () => {} },
      sent: (/** @type {number} */ bytes) => {
        bar.value = bytes / file.size;
        said.textContent = t("labels.sending", { name: file.name, share: percent(bytes / file.size) });
      },
      waits: (/** @type {Problem} */ { message: why }) => {
        said.textContent = t("labels.waits", { name: file.name, why });
      },
    };
    try {
      await send(job);
    } catch (error) {
      if (isAbort(error) && job.id) await request(`${path}/${job.id}`, { method: "DELETE" });
      throw error;
    }
    return job.id;
  }
}

/** @type {(uploads: Api.Upload[], file: File) => string | null} */
const cutOff = (uploads, { name, size, lastModified }) =>
  uploads.find(
    (one) =>
      one.purpose === "labels" && one.state === "receiving" && one.name === name && one.size === size &&
      one.modified === String(lastModified),
  )?.id ?? null;

/** @param {string} value */
function option(value) {
  const radio = h("input", { type: "radio", name: "labels-taken", value });
  radio.defaultChecked = value === "annotations"; // what the form has again after it was sent
  const text = [h("strong", {}, t(`labels.${value}`)), h("small", { class: "muted" }, t(`labels.${value}Hint`))];
  return h("label", { class: "option" }, radio, h("span", {}, text));
}

// Closing the tab would cut off what it sends.
window.addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});
