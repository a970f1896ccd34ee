// The place where a person adds videos and images to a project: chooses files, sees what will come of them, starts.
import { api, Problem } from "../api.js";
import { h, icon, put } from "../dom.js";
import { noticeButton, standing } from "../endings.js";
import { duration, number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { bytes, Row, sentences } from "./row.js";
import { framesOf, isVideo, secondsOf } from "./seconds.js";
import { UploadedVideos } from "./uploaded.js";
import { OVER, uploadsOf } from "./uploads.js";

const BUSY = 1000,
  QUIET = 8000, // milliseconds between two looks
  CHANGES = 0.1, // the difference from which a frame counts as another picture
  DAY = 86_400_000,
  MOST_ROWS = 50, // of thousands of files
  RATES = [0.2, 0.5, 1, 2, 5, 10];

/** @typedef {{ file: File, video: boolean, seconds: number | null }} Chosen */

export class FootagePanel {
  #chosen = /** @type {Chosen[]} */ ([]);
  #due = false;
  #rows = /** @type {Map<unknown, Row>} */ (new Map());

  // `arrived()` is called when the project has its first images.
  /** @param {{ project: Api.Project, signal: AbortSignal, arrived: () => unknown }} given */
  constructor({ project, signal, arrived }) {
    this.project = project;
    this.signal = signal;
    this.arrived = arrived;
    this.uploads = uploadsOf(project.id);
    this.files = h("input", { id: "footage-files", type: "file", multiple: true, class: "visually-hidden" });
    this.fps = ratePicker("footage-fps");
    this.changes = h("input", { id: "footage-changes", type: "checkbox" });
    this.cutting = cuttingBar(this.fps, this.changes);
    this.uploaded = this.#makeUploaded();
    this.list = h("ul", { class: "footage-chosen" });
    this.total = h("p", { role: "status" });
    this.told = h("p", { class: "muted" });
    this.rows = h("ul", { class: "footage-rows" });
    this.more = h("p", { class: "muted" });
    this.notice = noticeButton();
    this.form = this.#makeForm();
    this.root = this.#make();
    this.uploads.addEventListener("change", () => this.#showSoon(), { signal });
    this.#follow();
  }

  // Take files that were dropped or chosen.
  /** @param {File[]} files */
  async take(files) {
    this.root.open = true;
    const empty = files.filter(({ size }) => !size);
    const known = await Promise.all(
      files.filter(({ size }) => size).map(async (file) => {
        const video = isVideo(file);
        return { file, video, seconds: video ? await secondsOf(file) : null };
      }),
    );
    this.#chosen.push(...known);
    this.#showChosen();
    if (empty.length) throw new Problem(t("footage.empty", { name: empty[0].name }));
  }

  #makeUploaded() {
    const fps = ratePicker("uploaded-fps"),
      changes = h("input", { id: "uploaded-changes", type: "checkbox" });
    return new UploadedVideos({
      ...{ project: this.project, signal: this.signal, cutting: cuttingBar(fps, changes) },
      how: () => ({ fps: fps.value, scene: changes.checked ? CHANGES : 0 }),
      begun: () => this.uploads.load(this.signal),
    });
  }

  #make() {
    const zone = h(
      "div",
      { class: "zone" },
      h("p", {}, t("footage.drop")),
      h("label", { class: "button" }, icon("image"), h("span", {}, t("footage.choose")), this.files),
      this.told,
    );
    this.files.addEventListener("change", () => {
      attempt(() => this.take([...(this.files.files ?? [])])).finally(() => {
        this.files.value = "";
      });
    });
    const summary = h("summary", {}, h("h2", { id: "s-footage" }, t("footage.title")));
    const seen = this.project.sync.seen;
    return h("details", { class: "panel footage", open: !seen }, summary, this.uploaded.root, zone, this.form, this.rows, this.more, this.notice.root);
  }

  #makeForm() {
    const start = h("button", { class: "primary", id: "footage-start" }, t("footage.start"));
    const clear = () => {
      this.#chosen = [];
      this.#showChosen();
    };
    const form = h(
      "form",
      { class: "stack", hidden: true },
      this.list,
      this.cutting,
      this.total,
      h("div", { class: "bar" }, start, h("button", { type: "button", onclick: clear }, t("footage.clear"))),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.#start());
    });
    for (const field of [this.fps, this.changes]) field.addEventListener("change", () => this.#showChosen());
    return form;
  }

  #start() {
    const cutting = { fps: this.fps.value, scene: this.changes.checked ? CHANGES : 0 };
    this.uploads.add(this.#chosen.map(({ file }) => ({ file, cutting })));
    this.#chosen = [];
    this.#showChosen();
    this.files.focus();
  }

  #showChosen() {
    const rate = Number(this.fps.value),
      chosen = this.#chosen;
    this.form.hidden = !chosen.length;
    this.cutting.hidden = !chosen.some(({ video }) => video);
    const line = (/** @type {Chosen} */ one) => h("li", {}, h("strong", {}, one.file.name), ` ${this.#facts(one, rate)}`);
    const left = chosen.length - MOST_ROWS;
    put(this.list, chosen.slice(0, MOST_ROWS).map(line), left > 0 && h("li", {}, t("footage.more", { n: number(left) })));
    const seconds = chosen.map((one) => (one.video ? one.seconds : 0));
    const images = chosen.filter(({ video }) => !video).length;
    const frames = chosen.reduce((sum, one) => sum + (one.seconds ? framesOf(one.seconds, rate) : 0), images);
    const unknown = seconds.some((one) => one === null);
    const key = unknown ? "totalUnknown" : this.changes.checked ? "totalMost" : "total";
    this.total.textContent = t(`footage.${key}`, { n: frames, frames: number(frames) });
  }

  /** @param {Chosen} one @param {number} rate */
  #facts({ file, video, seconds }, rate) {
    const size = bytes(file.size),
      old = this.uploads.interrupted(file);
    const most = this.uploads.limits?.max_frames ?? Infinity;
    if (old) return t("footage.goesOn", { size });
    if (!video) return t("footage.image", { size });
    if (seconds === null) return t("footage.unknown", { size });
    const n = framesOf(seconds, rate),
      facts = { size, length: duration(seconds), n, frames: number(n), most: number(most) };
    return t(n > most ? "footage.tooLong" : this.changes.checked ? "footage.videoMost" : "footage.video", facts);
  }

  // At most once a frame: each piece of each file is a change.
  #showSoon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      if (!this.signal.aborted) this.#show();
    });
  }

  // What is under way stands before what is over; a row stays the same element as long as it is of the same file.
  #show() {
    const { uploads } = this,
      limits = uploads.limits;
    if (limits)
      this.told.textContent = t(limits.keeps_files ? "footage.willKeep" : "footage.willDelete", {
        most: bytes(limits.max_bytes),
      });
    this.notice.show(uploads.busy || uploads.sending);
    for (const one of uploads.stored) standing(`upload ${one.id}`, !OVER.has(one.state), `${one.name}: ${sentences(one)}`);
    const mine = new Set(uploads.sendings.map(({ id }) => id));
    const stored = uploads.stored.filter((one) => !mine.has(one.id) && isNews(one));
    const left = uploads.sendings.length + stored.length - MOST_ROWS;
    this.more.textContent = left > 0 ? t("footage.more", { n: number(left) }) : "";
    const rows = [
      ...uploads.sendings.slice(0, MOST_ROWS).map((one) => {
        const row = this.#row(one, one.file.name);
        row.showSending(one);
        return row;
      }),
      ...stored.slice(0, Math.max(0, MOST_ROWS - uploads.sendings.length)).map((one) => {
        const row = this.#row(one.id, one.name);
        row.showStored(one);
        return row;
      }),
    ];
    for (const [place, { root }] of rows.entries())
      if (this.rows.children[place] !== root) this.rows.insertBefore(root, this.rows.children[place] ?? null);
    while (this.rows.children.length > rows.length) this.rows.lastElementChild?.remove();
    for (const [key, row] of this.#rows) if (!rows.includes(row)) this.#rows.delete(key);
    if (!this.form.hidden) this.#showChosen();
  }

  /** @param {unknown} key @param {string} name */
  #row(key, name) {
    const found = this.#rows.get(key) ?? new Row(this.uploads, name);
    this.#rows.set(key, found);
    return found;
  }

  #follow() {
    const { signal, uploads } = this;
    let timer = 0,
      first = true;
    const look = async () => {
      try {
        const none = !this.project.sync.seen;
        if (!document.hidden || uploads.busy) await uploads.load(signal);
        await this.uploaded.load();
        if (none && uploads.stored.some(({ tasks }) => tasks.length)) {
          /** @type {Api.Project} */
          const about = await api(`/projects/${this.project.id}`, { signal });
          this.project.sync = about.sync;
          if (about.sync.seen) this.arrived();
        }
        const open = uploads.busy || uploads.stored.some((one) => uploads.isInterrupted(one)) || uploads.sending || this.uploaded.any;
        if (first && open) this.root.open = true;
        first = false;
      } catch {
        /* the next look may go well */
      }
      if (!signal.aborted) timer = window.setTimeout(look, uploads.busy || uploads.sending ? BUSY : QUIET);
    };
    signal.addEventListener("abort", () => clearTimeout(timer));
    uploads.addEventListener("change", () => {
      if (!uploads.busy) return;
      clearTimeout(timer);
      timer = window.setTimeout(look, BUSY);
    }, { signal });
    look();
  }
}

/** @param {string} id */
const ratePicker = (id) =>
  h(
    "select",
    { id },
    RATES.map((rate) => h("option", { value: String(rate), selected: rate === 1 }, number(rate, rate < 1 ? 1 : 0))),
  );

/** @param {HTMLSelectElement} fps @param {HTMLInputElement} changes */
const cuttingBar = (fps, changes) =>
  h(
    "div",
    { class: "bar" },
    h("label", { for: fps.id }, t("footage.fps")),
    fps,
    h("label", { class: "check" }, changes, t("footage.changes")),
  );

// What is over for a day is of interest only while its file is still there.
/** @param {Api.Upload} one */
const isNews = ({ finished_at: at, on_disk }) => on_disk || !at || Date.now() - Date.parse(at) < DAY;
