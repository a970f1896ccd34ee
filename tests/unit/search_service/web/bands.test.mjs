import assert from "node:assert/strict";
import { test } from "node:test";
import { rangeOf, readyTasks } from "../../../../search_service/web/js/review/accepting.js";
import { firstBand } from "../../../../search_service/web/js/review/bands.js";
import { bandOf, bandSums } from "../../../../search_service/web/js/review/edges.js";
import { hasMoved } from "../../../../search_service/web/js/screens/review.js";

const edges = { high: 0.8, medium: 0.5 };

test("a score on an edge belongs to the band above it", () => {
  assert.deepEqual(
    [0, 0.4999, 0.5, 0.7999, 0.8, 1].map((score) => bandOf(score, edges)),
    ["low", "low", "medium", "medium", "high", "high"],
  );
});

test("the sums of the bands follow the edges, bin by bin", () => {
  const ones = new Array(100).fill(1);
  const sums = (moved) => bandSums({ bins: 100, tasks: ones, objects: ones.map((_, bin) => bin) }, moved);
  assert.deepEqual(
    sums(edges).map(({ band, tasks }) => [band, tasks]),
    [
      ["high", 20],
      ["medium", 30],
      ["low", 50],
    ],
  );
  assert.equal(sums({ high: 0.29, medium: 0.28 })[1].objects, 28); // 0.29 * 100 is 28.999999999999996
  assert.deepEqual(
    sums({ high: 1, medium: 1 }).map(({ tasks }) => tasks),
    [0, 0, 100],
  );
});

test("a band is asked for by the scores between its edges", () => {
  assert.deepEqual(rangeOf("high", edges), { min_score: 0.8 });
  assert.deepEqual(rangeOf("medium", edges), { min_score: 0.5, max_score: 0.8 });
  assert.deepEqual(rangeOf("low", edges), { min_score: 0, max_score: 0.5 });
  assert.deepEqual(rangeOf("nothing_found", edges), { nothing_found: true });
});

test("a task is ready once its unsure objects are judged, also those that are not loaded; a sure task, once all are", () => {
  const card = (task, of, unsure, sure, verdict) => ({ object: { task, of, unsure, sure, verdict } });
  const cards = [
    ...[card(1, 1, 1, false, "right"), card(2, 3, 2, false, "right"), card(2, 3, 2, false, "rejected")],
    ...[card(2, 3, 2, true, ""), card(3, 2, 2, false, "right"), card(4, 2, 0, true, "right")],
    ...[card(5, 2, 0, true, "right"), card(5, 2, 0, true, "right"), card(6, 2, 1, true, "right")],
    ...[card(6, 2, 1, false, ""), card(7, 1, 1, false, "fix")],
  ];
  const ofTask = (task) => cards.filter((one) => one.object.task === task);
  assert.deepEqual(readyTasks(cards, ofTask), [1, 2, 5]);
});

test("the review begins with the surest band that has something", () => {
  const status = (bands) => ({ set_aside: 9, bands: { high: 0, medium: 0, low: 0, nothing_found: 0, ...bands } });
  assert.equal(firstBand(status({ medium: 2, low: 3 })), "medium");
  assert.equal(firstBand(status({ nothing_found: 1 })), "nothing_found");
  assert.equal(firstBand(status({})), "high");
});

test("only what somebody else can change tells that things have moved", () => {
  const status = { reviewed: 1, left: 5, set_aside: 0, total: 6, looked_at: 1, edges };
  assert.equal(hasMoved(status, { ...status, looked_at: 0, edges: { ...edges } }), false);
  assert.equal(hasMoved(status, { ...status, left: 4 }), true);
  assert.equal(hasMoved(status, { ...status, edges: { ...edges, medium: 0.4 } }), true);
});
