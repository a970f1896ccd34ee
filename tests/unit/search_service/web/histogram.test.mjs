import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf } from "../../../../search_service/web/js/annotate/preview.js";
import { axisOf, barHeight, inBars, toStep } from "../../../../search_service/web/js/histogram.js";

test("a hundred bins become fifty bars, and nothing is lost", () => {
  const bars = inBars(Array.from({ length: 100 }, (_, bin) => bin));
  assert.equal(bars.length, 50);
  assert.deepEqual(bars.slice(0, 3), [0 + 1, 2 + 3, 4 + 5]);
  assert.equal(bars.at(-1), 98 + 99);
  assert.equal(
    bars.reduce((sum, n) => sum + n, 0),
    4950,
  );
});

test("bins that do not divide into the bars are counted once each", () => {
  assert.deepEqual(inBars([1, 2, 3], 2), [1, 5]);
  assert.deepEqual(inBars([1, 2], 4), [0, 1, 0, 2]);
});

test("scores are counted in their step, one in the last, and a score on an edge above it", () => {
  assert.deepEqual(countsOf([0, 0.24, 0.25, 0.5, 0.99, 1], 4), [2, 1, 1, 2]);
  assert.equal(countsOf([0.29])[29], 1); // 0.29 * 100 is 28.999999999999996
});

test("an edge keeps to hundredths and between its bounds", () => {
  assert.equal(toStep(0.123), 0.12);
  assert.equal(toStep(0.1 + 0.2), 0.3);
  assert.equal(toStep(-1), 0);
  assert.equal(toStep(7), 1);
  assert.equal(toStep(0.2, 0.35, 0.9), 0.35);
  assert.equal(toStep(0.95, 0.35, 0.9), 0.9);
});

test("a few objects stay visible beside many, and none have no bar", () => {
  assert.equal(barHeight(0, 10), 0);
  assert.equal(barHeight(1, 1_000_000), 2);
  assert.equal(barHeight(10, 10), 100);
  assert.equal(barHeight(25, 100), 25); // to scale: five is not half of seventeen
});

test("the axis goes from none to a round number that no bar exceeds, with half of it between", () => {
  assert.deepEqual(axisOf(0), [0, 1, 2]);
  assert.deepEqual(axisOf(1), [0, 1, 2]);
  assert.deepEqual(axisOf(5), [0, 3, 6]);
  assert.deepEqual(axisOf(17), [0, 10, 20]);
  assert.deepEqual(axisOf(99), [0, 50, 100]);
  assert.deepEqual(axisOf(4321), [0, 3000, 6000]);
  for (let most = 0; most < 2000; most += 1) {
    const [none, half, top] = axisOf(most);
    assert.ok(none === 0 && Number.isInteger(half) && half * 2 === top && most <= top);
  }
});
