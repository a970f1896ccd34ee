// The exports that were made or are being made, to download and to delete.
import { api, carriesToken, request } from "../api.js";
import { h, icon, prose, renew } from "../dom.js";
import { noticeButton, standing } from "../endings.js";
import { number, percent, t, when } from "../i18n.js";
import { actionButton, ask as confirm } from "../messages.js";
import { leaksOf } from "./leaks.js";

const POLL = 1000,
  UNITS = ["B", "KB", "MB", "GB"];

/** @param {Api.Export} one */
const going = ({ state }) => state === "queued" || state === "running";

export class MadeExports {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {number | undefined} */
  #versions;

  // `onchange`: there is a version more or less.
  /** @param {{ base: string, signal: AbortSignal, onchange: () => Promise<void> }} given */
  constructor({ base, signal, onchange }) {
    this.onchange = onchange;
    this.base = base;
    this.signal = signal;
    this.notice = noticeButton();
    this.root = h("section", { class: "panel", "aria-labelledby": "e-made" });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  async show() {
    clearTimeout(this.#timer);
    /** @type {{ exports: Api.Export[] }} */
    const { exports } = await api(`${this.base}/exports`, { signal: this.signal });
    const none = h("p", { class: "muted" }, prose(t("export.none")));
    const list = h(
      "ul",
      { class: "exports" },
      exports.map((one) => this.#entry(one)),
    );
    renew(this.root, h("h2", { id: "e-made" }, t("export.made")), exports.length ? list : none, this.notice.root);
    this.notice.show(exports.some(going));
    for (const one of exports) standing(`export ${one.id}`, going(one), `${nameOf(one)}: ${stateText(one)}`);
    const versions = exports.filter(({ version }) => version).length;
    if (this.#versions !== undefined && versions !== this.#versions) await this.onchange();
    this.#versions = versions;
    if (exports.some(going)) this.#soon(POLL);
  }

  /** @param {number} pause milliseconds */
  #soon(pause) {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => this.show().catch(() => this.#soon(5 * POLL)), pause);
  }

  /** @param {Api.Export} one */
  #entry(one) {
    const name = nameOf(one);
    const value = one.state === "running" ? { value: String(one.written) } : {};
    const size = t("export.download", { size: sizeText(one.bytes) });
    const skipped = one.report?.skipped ?? [];
    return h(
      "li",
      { "data-export": one.id, class: one.state },
      h(
        "div",
        { class: "bar" },
        h("strong", {}, name),
        one.version && h("span", {}, t("export.version", { version: one.version })),
        h("span", { class: "muted" }, when(one.created_at)),
        h("span", { class: "grow" }),
        one.state === "done" && actionButton([icon("export"), size], () => download(one), { class: "primary" }),
        actionButton(t(going(one) ? "export.cancel" : "export.delete"), () => this.#remove(one), { class: "quiet" }),
      ),
      going(one) && h("progress", { max: String(one.total ?? 1), ...value, "aria-label": name }),
      h("p", { class: one.state === "failed" ? "bad" : "muted" }, stateText(one)),
      leaksOf(one.report?.leaks),
      skipped.length > 0 &&
        h(
          "ul",
          { class: "muted" },
          skipped.map(({ count: n, reason }) => h("li", {}, t("export.skipped", { n, reason }))),
        ),
    );
  }

  /** @param {Api.Export} one */
  async #remove(one) {
    const warning = t("export.deleteFile", { version: one.version });
    if (one.version && !(await confirm(warning, { danger: true }))) return;
    await api(`/exports/${one.id}`, { method: "DELETE" });
    await this.show();
  }
}

// What it holds: two exports that differ in one thing alone must not look the same.
/** @param {Pick<Api.Export, "format" | "source" | "splits" | "masks" | "images">} one */
export function nameOf({ format, source, splits, masks, images }) {
  const shares = Object.entries(splits ?? {}),
    all = shares.reduce((sum, [, share]) => sum + share, 0);
  return [
    t(`export.format_${format}`),
    t(`export.source_${source}`),
    shares.map(([name, share]) => `${name} ${percent(share / all)}`).join(" / "),
    masks && t("export.withMasks"),
    images === false && t("export.withoutImages"),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param {Api.Export} one */
function stateText({ state, written, total, report, error }) {
  if (state === "running") return t("export.running", { written: number(written), total: number(total ?? 0) });
  if (state === "failed") return [error?.message, error?.hint].filter(Boolean).join(" ");
  if (state !== "done" || !report) return t(`export.${state}`);
  const { images, objects } = report;
  return t("export.done", { n: images, images: number(images), k: objects, objects: number(objects) });
}

// In units of 1,000, with a digit behind the point where that tells something.
/** @param {number} bytes */
export function sizeText(bytes) {
  const step = bytes ? Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  const size = bytes / 1000 ** step;
  return `${number(size, step && size < 10 ? 1 : 0)} ${UNITS[step]}`;
}

/** @param {Api.Export} one */
async function download(one) {
  const answer = carriesToken() ? await request(`/exports/${one.id}/file`) : null; // a link cannot carry a token
  const href = answer ? URL.createObjectURL(await answer.blob()) : `/api/v1/exports/${one.id}/file`;
  h("a", { href, download: `project-${one.project}-${one.format}-${one.id}.zip` }).click();
  if (answer) setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
