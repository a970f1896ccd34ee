// A video as a strip over its length: what is predicted, what is annotated, and where the last search has likely hits.
import { h, inPlace, svg } from "../dom.js";
import { clock, number, t } from "../i18n.js";
import { go, linkTo } from "../router.js";

const HEIGHT = 20, // units of the drawing, of which a part of the video is one wide
  HIT = 5;

// The shape of one bar a part, each as high as its share of the part's frames, from `below` on.
/** @type {(numbers: number[], frames: number[], below: number[]) => string} */
export function bars(numbers, frames, below) {
  const unit = (/** @type {number} */ n, /** @type {number} */ at) => Math.round((HEIGHT * n * 100) / frames[at]) / 100;
  return numbers.map((n, at) => (n && frames[at] ? `M${at} ${HEIGHT - unit(below[at], at)}v${-unit(n, at)}h1v${unit(n, at)}z` : "")).join("");
}

// `hits`: the parts with hits.
/** @param {Api.HomeVideo} video @param {number} bins @param {Set<number>} hits */
export function strip(video, bins, hits) {
  const { frames_in: frames, predicted_in: predicted, annotated_in: annotated } = video;
  const none = frames.map(() => 0);
  const path = (/** @type {string} */ kind, /** @type {string} */ d) => svg("path", { class: kind, d });
  return svg(
    "svg",
    { class: "strip-drawing", viewBox: `0 ${-HIT} ${bins} ${HEIGHT + HIT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    path("seen", bars(frames, frames, none)),
    path("annotated", bars(annotated, frames, none)),
    path("predicted", bars(predicted, frames, annotated)),
    path("found", [...hits].map((at) => `M${at} ${-HIT}v${HIT - 1}h1v${1 - HIT}z`).join("")),
  );
}

// The row of a video: a link to its frames in the order of time.
/** @param {Api.HomeVideo} video @param {number} bins @param {Set<number>} hits */
export function videoRow(video, bins, hits) {
  const { name, seconds, images: n } = video;
  const facts = { n, count: number(n), predicted: number(video.predicted), annotated: number(video.annotated) };
  const to = { screen: "search", browse: "time", video: video.filter };
  const label = t("home.video", { ...facts, name, length: clock(Math.round(seconds)) });
  return h(
    "li",
    {},
    h(
      "a",
      { href: linkTo(to), "aria-label": label, onclick: inPlace(() => go(to)) },
      h("span", { class: "name", title: name }, name),
      h("span", { class: "muted" }, clock(Math.round(seconds))),
      strip(video, bins, hits),
      h("span", { class: "muted facts" }, t("home.facts", facts)),
    ),
  );
}

// Images that are no frames of a video that is shown: how many of them are how far.
/** @param {string} name @param {Api.HomeImages} of */
export function imagesRow(name, { images: n, predicted, annotated }) {
  if (!n) return null;
  const facts = { n, count: number(n), predicted: number(predicted), annotated: number(annotated) };
  const wide = (/** @type {number} */ part, /** @type {number} */ from) => ({ x: String(from), y: "0", width: String(part), height: "1" });
  return h(
    "li",
    {},
    h(
      "div",
      { class: "row-of-images" },
      h("span", { class: "name" }, name),
      svg(
        "svg",
        { class: "strip-drawing", viewBox: `0 0 ${n} 1`, preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { class: "seen", ...wide(n, 0) }),
        svg("rect", { class: "annotated", ...wide(annotated, 0) }),
        svg("rect", { class: "predicted", ...wide(predicted, annotated) }),
      ),
      h("span", { class: "muted facts" }, t("home.facts", facts)),
    ),
  );
}

// In which parts of each video hits are: by the video's name.
/** @param {Api.HomeVideo[]} videos @param {number} bins @param {Api.Hit[]} hits */
export function hitsIn(videos, bins, hits) {
  const found = new Map(videos.map(({ name }) => [name, /** @type {Set<number>} */ (new Set())]));
  const lengths = new Map(videos.map(({ name, seconds }) => [name, seconds]));
  for (const { video_name: name, video_time: time } of hits) {
    const length = lengths.get(name ?? "");
    if (time === null || length === undefined) continue;
    found.get(name ?? "")?.add(Math.min(Math.floor((time * bins) / (length || 1)), bins - 1));
  }
  return found;
}
