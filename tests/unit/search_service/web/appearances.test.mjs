// Frames of one video that are near in time are one appearance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appearancesOf } from "../../../../search_service/web/js/search/appearances.js";

const hit = (task, video_name, video_time) => ({ task, video_name, video_time });
const told = (hits, gap) =>
  appearancesOf(hits, gap).map(({ best, hits: of, from, to }) => [best.task, of.map((one) => one.task), from, to]);

test("each frame is at most the gap from the next, and the best hit is first", () => {
  const hits = [hit(1, "a", 20), hit(2, "a", 3), hit(3, "a", 24), hit(4, "a", 8), hit(5, "a", 13.5)];
  assert.deepEqual(told(hits, 5), [
    [1, [1, 3], 20, 24],
    [2, [2, 4], 3, 8],
    [5, [5], 13.5, 13.5],
  ]);
});

test("videos are apart, and so are images without a time", () => {
  const hits = [hit(1, "a", 1), hit(2, "b", 1), hit(3, null, null), hit(4, "a", null), hit(5, "b", 2)];
  assert.deepEqual(told(hits, 5), [
    [1, [1], 1, 1],
    [2, [2, 5], 1, 2],
    [3, [3], 0, 0],
    [4, [4], 0, 0],
  ]);
});

test("a later hit joins two appearances, at the better one's place", () => {
  const apart = [hit(1, "a", 0), hit(2, "b", 0), hit(3, "a", 8)];
  assert.deepEqual(told(apart, 5).map(([best]) => best), [1, 2, 3]);
  assert.deepEqual(told([...apart, hit(4, "a", 4)], 5), [
    [1, [1, 3, 4], 0, 8],
    [2, [2], 0, 0],
  ]);
});

test("two thousand frames of one video take no time", () => {
  const hits = Array.from({ length: 2000 }, (_, n) => hit(n, "a", (n * 7919) % 2000));
  assert.deepEqual(told(hits, 5), [[0, hits.map((one) => one.task), 0, 1999]]);
});
