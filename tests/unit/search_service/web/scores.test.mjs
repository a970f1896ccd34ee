import assert from "node:assert/strict";
import { test } from "node:test";
import { chanceIn, classesOf } from "../../../../search_service/web/js/review/verify/scores.js";
import { scales, seen } from "../../../../search_service/web/js/review/verify/sweep_chart.js";
import scores from "../../../../search_service/web/js/words/scores.js";

// TRUST's "It must not claim". A chance is named as the curve's, and a share as what it looks like.
const MUST_NOT_CLAIM = {
  en: /guarantee|proven|probab|calibrated|confiden|recall|missed|missing|mask|minute|saved|at least|future|all frames/i,
  ja: /確率|可能性|較正済|再現率|見逃|マスク|分間|節約|保証|少なくとも|将来|今後|確実/,
};
const every = new Proxy({}, { get: (_, name) => (name === "n" ? 2 : `{${String(name)}}`) });
const said = (message) => (typeof message === "function" ? message(every) : message);

for (const language of ["en", "ja"])
  test(`the words on scores in ${language} claim nothing that is not proven`, () => {
    const words = Object.entries(scores[language]).map(([key, message]) => [key, said(message)]);
    assert.deepEqual(words.filter(([, text]) => MUST_NOT_CLAIM[language].test(text)), []);
    assert.notEqual(said(scores[language].certified), said(scores[language].looksLike));
  });

test("both languages have the same words", () => {
  assert.deepEqual(Object.keys(scores.en).sort(), Object.keys(scores.ja).sort());
});

const label = (changes = {}) => ({
  label: "cpu",
  left_out: 0,
  classes: [
    { start: 0.8, end: 0.9, outcomes: 0, share: null, low: 0, high: 1 },
    { start: 0.9, end: 0.95, outcomes: 30, share: 0.9, low: 0.73, high: 0.98 },
    { start: 0.95, end: 1, outcomes: 40, share: 1, low: 0.91, high: 1 },
  ],
  curve: [
    { score: 0.9, chance: 0.9 },
    { score: 0.95, chance: 0.94 },
    { score: 0.98, chance: 0.98 },
  ],
  ...changes,
});

test("a class that nobody judged objects of is not shown", () => {
  assert.deepEqual(
    classesOf(label()).map((one) => one.start),
    [0.95, 0.9],
  );
});

test("a chance is shown of labels with outcomes only", () => {
  const [top, next] = classesOf(label());
  assert.equal(chanceIn(label(), top).toFixed(2), "0.96");
  assert.equal(chanceIn(label(), next), 0.9);
  assert.equal(chanceIn(label({ curve: [] }), top), null);
});

test("the picture reaches from the lowest threshold to 1, and shows nothing of what nobody judged", () => {
  const step = (edge, judged, share) => ({ edge, judged, share, kept: 1, low: 0, high: 1 });
  const steps = [step(0.97, 0, null), step(0.9, 20, 0.95), step(0.8, 40, 0.9)];
  const { x, y, bar } = scales(steps);
  assert.ok(x(0.8) < x(0.9) && x(0.9) < x(1) && y(1) < y(0.5));
  assert.equal(bar(40), 2 * bar(20));
  assert.deepEqual(
    seen(steps).map((one) => one.edge),
    [0.9, 0.8],
  );
});
