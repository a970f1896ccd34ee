// Hits that are one appearance of a thing: frames of one video, each at most so many seconds from the next.
export const GAP = 5;

/** @typedef {{ best: Api.Hit, hits: Api.Hit[], from: number, to: number }} Appearance `from` and `to`: seconds */

// In the order of their best hits. An image without a time is an appearance of its own.
/** @param {Api.Hit[]} hits best first @returns {Appearance[]} */
export function appearancesOf(hits, gap = GAP) {
  /** @type {Map<string, number[]>} */
  const videos = new Map();
  for (const [place, { task, video_name: name, video_time: time }] of hits.entries()) {
    const video = name === null || time === null ? `task ${task}` : `video ${name}`;
    videos.set(video, [...(videos.get(video) ?? []), place]);
  }
  const found = [...videos.values()].flatMap((places) => cut(places, hits, gap));
  return found.sort((one, other) => one[0] - other[0]).map((places) => appearance(places.map((place) => hits[place])));
}

// The places of each appearance in a video, the best first.
/** @param {number[]} places @param {Api.Hit[]} hits @param {number} gap */
function cut(places, hits, gap) {
  const time = (/** @type {number} */ place) => hits[place].video_time ?? 0;
  const found = /** @type {number[][]} */ ([]);
  let last = -Infinity;
  for (const place of [...places].sort((one, other) => time(one) - time(other))) {
    if (time(place) - last > gap) found.push([]);
    found.at(-1)?.push(place);
    last = time(place);
  }
  return found.map((one) => one.sort((a, b) => a - b));
}

/** @param {Api.Hit[]} hits @returns {Appearance} */
function appearance(hits) {
  const times = hits.map((hit) => hit.video_time ?? 0);
  return { best: hits[0], hits, from: Math.min(...times), to: Math.max(...times) };
}
