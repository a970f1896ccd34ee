// One upload in the list: how far it is, what can be done with it, and its first pictures.
import { picture } from "../api.js";
import { add, h, inPlace, prose, put } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { actionButton } from "../messages.js";
import { change, linkTo } from "../router.js";
import { OVER } from "./uploads.js";

const SHOWN = 6; // pictures

/** @type {(bytes: number) => string} */
export const bytes = (size) => {
  const [unit, by, digits] = size >= 1e9 ? ["GB", 1e9, 1] : size >= 1e6 ? ["MB", 1e6, 0] : ["kB", 1e3, 0];
  return `${number(size / Number(by), Number(digits))} ${unit}`;
};

export class Row {
  #tasks = "";
  #acts = "";

  /** @param {import("./uploads.js").Uploads} uploads @param {string} name */
  constructor(uploads, name) {
    this.uploads = uploads;
    this.name = name;
    this.said = h("p", { class: "said" });
    this.bar = h("progress", { max: "1", "aria-label": name });
    this.acts = h("div", { class: "bar tight" });
    this.pictures = h("div", { class: "thumbs" });
    this.root = h("li", {}, h("strong", {}, name), this.acts, this.bar, this.said, this.pictures);
  }

  // A file that this tab sends.
  /** @param {import("./uploads.js").Sending} mine */
  showSending(mine) {
    const { file, sent, waits, problem, state } = mine;
    const share = sent / file.size;
    const key = problem ? "" : waits ? "footage.waits" : state === "waiting" ? "footage.turn" : "footage.sending";
    const said = problem?.message ?? t(key, { share: percent(share), size: bytes(file.size), why: waits?.message });
    this.#show(said, problem ? null : share, Boolean(problem));
    this.#offer([problem && "retry", "cancel"], {
      retry: () => this.uploads.again(mine),
      cancel: () => this.uploads.drop(mine),
    });
  }

  // What the service has of a file.
  /** @param {Api.Upload} one */
  showStored(one) {
    const { state, received, size, progress } = one;
    const share = state === "receiving" ? received / size : state === "running" ? progress : null;
    this.#show(sentences(one), share, state === "failed");
    this.#offer([state === "failed" && one.on_disk && "retry", OVER.has(state) ? "remove" : "cancel"], {
      retry: () => this.uploads.retry(one.id),
      cancel: () => this.uploads.remove(one.id),
      remove: () => this.uploads.remove(one.id),
    });
    this.#showPictures(one.tasks.slice(0, SHOWN));
  }

  /** @param {string} said @param {number | null} share @param {boolean} bad */
  #show(said, share, bad) {
    if (this.said.dataset.text !== said) put(this.said, prose(said));
    this.said.dataset.text = said;
    this.said.classList.toggle("bad", bad);
    this.bar.hidden = share === null;
    this.bar.value = share ?? 0;
  }

  // Buttons are made anew only when there are others: the focus stays on one that is pressed.
  /** @param {(string | false | null)[]} names @param {Record<string, () => unknown>} acts */
  #offer(names, acts) {
    const now = names.filter((name) => name).join();
    if (now === this.#acts) return;
    this.#acts = now;
    const button = (/** @type {string} */ name) =>
      actionButton(t(`footage.${name}`), acts[name], {
        class: "quiet",
        "aria-label": t("footage.of", { act: t(`footage.${name}`), name: this.name }),
      });
    put(this.acts, now.split(",").filter(Boolean).map(button));
  }

  /** @param {number[]} tasks */
  #showPictures(tasks) {
    if (tasks.join() === this.#tasks) return;
    this.#tasks = tasks.join();
    put(this.pictures);
    for (const task of tasks) {
      const image = h("img", { alt: t("footage.frameOf", { name: this.name, task }), width: "96", height: "72" });
      picture(image, task, 192);
      const to = { task: String(task) };
      add(this.pictures, h("a", { href: linkTo(to), onclick: inPlace(() => change(to, { push: true })) }, image));
    }
  }
}

/** @param {Api.Upload} one @returns {string} */
export function sentences(one) {
  const { state, frames, imported, skipped, lost, error, on_disk, received, size, progress } = one;
  const counts = { n: imported, frames: number(frames), imported: number(imported), skipped: number(skipped) };
  if (state === "receiving") return t("footage.interrupted", { share: percent(received / size) });
  if (state === "queued") return error ? t("footage.later", { why: error.message }) : t("footage.queued");
  if (state === "running") return t("footage.running", { share: percent(progress), ...counts });
  const file = t(on_disk ? "footage.kept" : "footage.deleted");
  if (state === "failed") return [error?.message, error?.hint, file].filter(Boolean).join(" ");
  if (state === "cancelled") return t("footage.cancelled", counts);
  return [
    t("footage.done", counts),
    skipped > 0 && t("footage.skipped", counts),
    lost.length > 0 && t("footage.lost", { what: lost.join("; ") }),
    file,
  ]
    .filter(Boolean)
    .join(" ");
}
