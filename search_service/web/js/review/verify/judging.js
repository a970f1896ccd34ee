// One item at a time: the object in its surroundings, what it is said to be, and the three answers.
import { picture, show } from "../../api.js";
import { h } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { actionButton } from "../../messages.js";
import { drawObjects } from "../../regions.js";
import { contextOf, ofFrames, say } from "./telling.js";

const SIZE = 800, // pixels of the picture's longer side
  WHOLE = 1600; // of a whole frame, in which something small may be
/** @type {Record<string, Api.SampleVerdict | "back">} */
export const KEYS = {
  a: "right",
  ArrowRight: "right",
  r: "wrong",
  ArrowLeft: "wrong",
  u: "unsure",
  z: "back",
};

// What a key means here; undefined for one that says nothing, or that is held down: nobody looks so fast.
/** @param {Pick<KeyboardEvent, "key" | "repeat" | "ctrlKey" | "metaKey" | "altKey">} event */
export const meaningOf = ({ key, repeat, ctrlKey, metaKey, altKey }) =>
  repeat || ctrlKey || metaKey || altKey ? undefined : KEYS[key.length === 1 ? key.toLowerCase() : key];

export class Judging {
  #pictures = /** @type {Map<number, HTMLElement>} */ (new Map()); // loaded ahead, by place
  #shownAt = 0;
  #place = -1;

  /** @param {{ project: Api.Project, sample: Api.Sample, judge: (verdict: Api.SampleVerdict) => unknown, back: () => unknown }} given */
  constructor({ project, sample, judge, back }) {
    this.project = project;
    this.sample = sample;
    this.stage = h("div", { class: "item-picture" });
    this.question = h("h2", { id: "verify-question", tabIndex: -1 });
    this.facts = h("p", { class: "muted" });
    const answer = (/** @type {Api.SampleVerdict} */ verdict, /** @type {string} */ key) =>
      actionButton([say(sample, verdict), h("kbd", { "aria-hidden": "true" }, key)], () => judge(verdict), {
        id: `verify-${verdict}`,
        class: `answer ${verdict}`,
        "aria-keyshortcuts": key,
      });
    this.tools = h(
      "div",
      { class: "answers", role: "group", "aria-labelledby": "verify-question" },
      answer("wrong", "R"),
      answer("unsure", "U"),
      answer("right", "A"),
      backButton(back),
    );
    const keys = h("p", { class: "muted keys" }, say(sample, "keys"));
    this.root = h("div", { class: "judging" }, this.question, this.facts, this.stage, this.tools, keys);
  }

  // How long the item has been looked at, in seconds.
  seconds() {
    return Math.min(86_400, (performance.now() - this.#shownAt) / 1000);
  }

  // Show the first of the items, and load the pictures of the others.
  /** @param {Api.SampleItem[]} items */
  show(items) {
    const places = new Set(items.map((item) => item.place));
    for (const place of this.#pictures.keys()) if (!places.has(place)) this.#pictures.delete(place);
    for (const item of items) if (!this.#pictures.has(item.place)) this.#pictures.set(item.place, this.#pictureOf(item));
    const [item] = items;
    if (item.place === this.#place && this.stage.firstChild === this.#pictures.get(item.place)) return;
    this.#place = item.place;
    this.#shownAt = performance.now();
    this.root.dataset.place = String(item.place);
    this.question.textContent = say(this.sample, "question", {
      label: item.label,
      labels: this.sample.labels.join(t("verify.comma")),
    });
    this.facts.replaceChildren(
      item.score === null ? "" : `${t("review.score", { score: number(item.score, 2) })} · `,
      h("a", this.#link(item), t("common.task", { task: item.task })),
    );
    this.stage.replaceChildren(/** @type {HTMLElement} */ (this.#pictures.get(item.place)));
  }

  /** @param {Api.SampleItem} item */
  #link({ task }) {
    return { href: `${this.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
  }

  /** @param {Api.SampleItem} item */
  #pictureOf({ task, label, box }) {
    const { shown, inside } = contextOf(box),
      whole = ofFrames(this.sample);
    const image = h("img", { alt: say(this.sample, "picture", { label, task }) }),
      layer = h("div", { class: "regions" });
    const frame = h("div", { class: "frame" }, image, layer);
    if (!whole) drawObjects(layer, [{ label, score: null, box: inside, colour: "#2754d0" }], this.project.labels);
    const broken = () => frame.replaceChildren(h("p", { class: "broken", role: "alert" }, t("verify.noPicture")));
    image.addEventListener("error", broken);
    if (whole) picture(image, task, WHOLE);
    else show(image, `/images/${task}/crop?box=${shown.join(",")}&size=${SIZE}&margin=0`);
    return frame;
  }
}

/** @param {() => unknown} back */
export const backButton = (back) =>
  actionButton([t("verify.back"), h("kbd", { "aria-hidden": "true" }, "Z")], back, {
    class: "quiet back",
    "aria-keyshortcuts": "Z",
  });
