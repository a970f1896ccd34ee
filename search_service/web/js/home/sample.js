// A few images that cover what there is; a click opens one large.
import { api, picture } from "../api.js";
import { h, inPlace, put } from "../dom.js";
import { clock, t } from "../i18n.js";
import { LargePicture } from "../picture/large.js";
import { go, linkTo } from "../router.js";

const COUNT = 12;

export class Sample {
  #images = /** @type {Api.Hit[]} */ ([]);
  #of = "";

  /** @param {{ project: Api.Project, signal: AbortSignal }} given */
  constructor({ project, signal }) {
    this.project = project;
    this.signal = signal;
    this.list = h("ul", { class: "sample" });
    this.said = h("span", { class: "muted" });
    const to = { screen: "search", browse: "varied" };
    this.more = h("a", { href: linkTo(to), onclick: inPlace(() => go(to)) }, t("home.seeMore"));
    this.title = h("h2", { id: "h-sample" }, t("home.pictures"));
    this.root = h("section", { class: "panel", "aria-labelledby": "h-sample", hidden: true });
    this.root.append(h("div", { class: "bar" }, this.title, this.said, h("span", { class: "grow" }), this.more), this.list);
    this.large = new LargePicture({
      id: "home-look",
      project,
      signal,
      screen: { order: () => this.#images.map(({ task }) => task) },
    });
  }

  // Before anything is embedded the first images stand for the sample.
  /** @param {Api.HomeStates} states */
  async show({ images, embedded }) {
    const order = embedded ? "varied" : "time",
      of = `${order} ${embedded >= COUNT || !images}`;
    if (of === this.#of && this.#images.length >= Math.min(images, COUNT)) return;
    this.#of = of;
    this.root.hidden = !images;
    if (!images) return;
    const found = await api(`/projects/${this.project.id}/browse?order=${order}&limit=${COUNT}`, { signal: this.signal });
    this.#images = found.images;
    this.said.textContent = t(embedded ? "home.picturesHint" : "home.firstPictures");
    this.more.hidden = !embedded;
    put(this.list, this.#images.map((one) => this.#card(one)));
  }

  /** @param {Api.Hit} one */
  #card({ task, video_time: time, video_name: video }) {
    const image = h("img", { alt: "", width: 160, height: 100, loading: "lazy", decoding: "async" });
    picture(image, task, 320);
    const where = time === null ? "" : `${clock(time)} · ${video ?? ""}`;
    const name = [t("common.task", { task }), where].filter(Boolean).join(", ");
    return h("li", {}, h("button", { type: "button", "aria-label": name, title: name, onclick: () => this.large.show(task) }, image));
  }
}
