// The question: the box with its suggestions, images by file, the filters, and the chips of what else is asked for.
import { Problem } from "../api.js";
import { h, icon } from "../dom.js";
import { isVideo } from "../footage/seconds.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";
import { isEmpty, readFile } from "./ask.js";
import { chipsOf } from "./chips.js";
import { Filters } from "./filters.js";
import { takeImages } from "./intake.js";
import { suggested } from "./suggested.js";
import { Suggestions } from "./suggest.js";

export class Question {
  // `current()` is what is asked now, `choose(ask)` asks something else.
  /**
   * @param {object} given
   * @param {HTMLElement} given.root
   * @param {Api.Project} given.project
   * @param {import("./memory.js").Memory} given.memory
   * @param {() => Ask} given.current
   * @param {(ask: Ask) => unknown} given.choose
   * @param {(files: File[]) => unknown} given.takeFootage what is to be added to the project
   * @param {AbortSignal} given.signal
   */
  constructor({ root, project, memory, current, choose, takeFootage, signal }) {
    this.project = project;
    this.current = current;
    this.choose = choose;
    this.takeFootage = takeFootage;
    this.query = this.#makeBox();
    const chooseLabel = (/** @type {string} */ label) => choose({ ...current(), text: label });
    const known = { memory, labels: project.labels, choose, chooseLabel };
    this.suggestions = new Suggestions(this.query, (text) => suggested(text, known));
    this.filters = new Filters({ project, signal, changed: (filters) => choose({ ...current(), filters }) });
    this.chips = h("div", { class: "chips" });
    const said = { "aria-label": t("search.save"), title: t("search.save") };
    const save = () => attempt(() => memory.save(current()));
    this.save = h("button", { id: "save", type: "button", ...said, disabled: true, onclick: save }, icon("star"));
    this.kinds = this.#makeKinds();
    this.form = this.#makeForm();
    this.parts = [this.form, this.filters.form, this.chips];
    takeImages({ root, signal, take: (file) => this.#take(file), takeFootage });
  }

  // Show what is asked.
  /** @param {Ask} ask */
  show(ask) {
    this.query.value = ask.text;
    this.save.disabled = isEmpty(ask) || ask.file !== null || ask.of === "objects";
    for (const button of this.kinds.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.value === ask.of));
    this.filters.show(ask.filters);
    this.chips.replaceChildren(...chipsOf(ask, this.choose));
  }

  // What the question says, as the title of a view.
  title() {
    return [this.current().text, this.chips.textContent].filter(Boolean).join(" ").trim().slice(0, 200);
  }

  #makeBox() {
    return h("input", {
      id: "query",
      type: "search",
      autocomplete: "off",
      maxlength: "1000",
      enterkeyhint: "search",
      placeholder: t("search.placeholder"),
      "aria-label": t("search.what"),
    });
  }

  // Whole images, or the objects on them.
  #makeKinds() {
    /** @type {(of: Ask["of"], key: string) => HTMLElement} */
    const kind = (of, key) =>
      h("button", { type: "button", value: of, onclick: () => this.choose({ ...this.current(), of }) }, t(key));
    const name = { id: "kinds", role: "group", "aria-label": t("search.kinds") };
    return h("div", name, kind("", "search.kindImages"), kind("objects", "search.kindObjects"));
  }

  #makeForm() {
    const onfile = () => {
      const [file] = upload.files ?? [];
      if (file) attempt(() => this.#take(file));
      upload.value = "";
    };
    const looks = { accept: "image/*", class: "visually-hidden" };
    const upload = h("input", { id: "upload", type: "file", ...looks });
    upload.addEventListener("change", onfile);
    const form = h(
      "form",
      { id: "search", role: "search" },
      h("div", { class: "query" }, this.query, this.suggestions.list),
      h("button", { class: "primary" }, icon("search"), t("search.go")),
      h("label", { class: "button" }, icon("image"), h("span", {}, t("search.byImage")), upload),
      this.kinds,
      this.filters.toggle,
      this.save,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.#submit());
    });
    return form;
  }

  #submit() {
    const ask = { ...this.current(), text: this.query.value.trim() };
    if (!ask.text && !ask.like.length && !ask.file) throw new Problem(t("search.empty"));
    this.choose(ask);
  }

  /** @param {File} file */
  async #take(file) {
    if (isVideo(file)) {
      await this.takeFootage([file]);
      return;
    }
    if (!file.type.startsWith("image/")) throw new Problem(t("search.noImageFile"));
    const read = await readFile(file);
    await this.choose({ ...this.current(), text: "", like: [], unlike: [], file: read });
  }
}
