import assert from "node:assert/strict";
import { test } from "node:test";
import { placing, upTo } from "../../../../search_service/web/js/review/verify/bound_chart.js";
import { meaningOf } from "../../../../search_service/web/js/review/verify/judging.js";
import { verifiedText } from "../../../../search_service/web/js/review/history.js";
import {
  aboutText,
  contextOf,
  floorPercent,
  lineOf,
  nextStep,
  promise,
  say,
  sayOf,
  stageOf,
  stepOf,
  termsOf,
} from "../../../../search_service/web/js/review/verify/telling.js";
import verify from "../../../../search_service/web/js/words/verify.js";

const rung = (changes = {}) => ({
  edge: 0.9,
  objects: 1000,
  judged: 34,
  wrong: 0,
  accepted: 1000,
  least_right: 0.9103,
  certified: false,
  more: 31,
  ...changes,
});
const passed = { judged: 65, least_right: 0.9503, certified: true, more: 0 };
const ALL = { kind: "objects", labels: [] },
  CPU = { kind: "objects", labels: ["cpu"] },
  FRAMES = { kind: "nothing_found", labels: ["cpu", "fan"] };
const sampleOf = (...steps) => ({ ...ALL, state: "open", target: 0.95, budget: 250, steps, certificates: [] });
const stage = (changes, sample = {}, goingOn = false) => {
  const step = rung(changes);
  return stageOf({ ...sampleOf(step), ...sample }, step, goingOn);
};

// What only a certificate may say, or nothing at all: TRUST's "It must not claim".
const MUST_NOT_CLAIM = {
  en: /chance|probab|likel|calibrat|recall|complete|missed|missing|mask|minute|second|saved|guarantee|future/i,
  ja: /確率|見込み|可能性|較正|校正|再現率|完全|見逃|見落|マスク|分間|秒|節約|保証|将来|今後|確実/,
};
// The only messages that say a share of right objects.
const SHARES = [
  "line",
  "lineBlocked",
  "lineFrames",
  "lineSoFar",
  "lineSoFarFrames",
  "promise",
  "promiseFrames",
  "promiseLabel",
];
const every = new Proxy({}, { get: (_, name) => (name === "n" || name === "m" ? 2 : `{${String(name)}}`) });
const said = (message) => (typeof message === "function" ? message(every) : message);

for (const language of ["en", "ja"])
  test(`the words in ${language} claim nothing that is not proven`, () => {
    const words = Object.entries(verify[language]).map(([key, message]) => [key, said(message)]);
    assert.deepEqual(
      words.filter(([, text]) => MUST_NOT_CLAIM[language].test(text)),
      [],
    );
    const shares = words.filter(([, text]) => /\{share\}|at least|少なくとも|\d ?%/.test(text)).map(([key]) => key);
    assert.deepEqual(shares.sort(), SHARES);
    for (const key of ["promise", "promiseLabel"])
      assert.match(said(verify[language][key]), /IoU ≥ 0\.5.*\{once\}.*\{judged\}.*\{wrong\}/);
    assert.match(said(verify[language].promiseFrames), /\{once\}.*\{judged\}.*\{wrong\}/);
    assert.match(said(verify[language].promiseLabel), /\{label\}.*\{label\}/); // what is said of it, and what was looked at
  });

test("a share is told as one that is not above it", () => {
  assert.deepEqual([0.95, 0.94999, 0.29, 1, 0].map(floorPercent), ["95.0 %", "94.9 %", "29.0 %", "100.0 %", "0.0 %"]);
});

test("the line says what is known and what would certify it", () => {
  const line = (changes) => lineOf(sampleOf(), rung(changes));
  assert.equal(line(), "34 looked at, 0 wrong: at least 91.0 % are right; 31 more right ones certify 95 %.");
  assert.match(line({ more: 1 }), /1 more right one certifies 95 %\.$/);
  assert.match(line({ more: 40, objects: 50 }), /16 more right ones/);
  assert.equal(line(passed), "65 looked at, 0 wrong: at least 95.0 % are right.");
  assert.match(line({ ...passed, certified: false }), /higher threshold has not passed/);
  assert.equal(
    line({ judged: 62, wrong: 8, more: 260, objects: 833 }),
    "8 wrong of 62: 95 % cannot be shown from 0.90 up with 250 judgements.",
  );
  assert.match(line({ accepted: 0 }), /nothing that could be accepted/);
});

test("the promise is the certificate's sentence", () => {
  const certificate = {
    ...ALL,
    other_objects: 0,
    accepted_objects: 1012,
    least_right: 0.9505,
    judged: 66,
    wrong: 0,
    people: ["", "ann@example.com"],
    confidence: 0.95,
  };
  assert.equal(
    promise(certificate),
    "Of the 1,012 objects accepted here, at least 95.0 % are right (label, IoU ≥ 0.5) as ann@example.com and somebody " +
      "who was not named judged; a sentence like this is false at most once in 20. 66 random objects were looked at, 0 " +
      "were wrong.",
  );
  assert.match(promise({ ...certificate, people: [], confidence: 0.99 }), /as somebody who was not named.*once in 100/);
});

test("the promise of one label says what it says nothing of, and that of frames names the labels", () => {
  const certificate = { people: ["a@x"], confidence: 0.95, judged: 66, wrong: 0, least_right: 0.9505 };
  const ofLabel = { ...certificate, ...CPU, accepted_objects: 312, other_objects: 540 };
  assert.equal(
    promise(ofLabel),
    "Of the 312 objects of cpu accepted here, at least 95.0 % are right (label, IoU ≥ 0.5) as a@x judged; a sentence " +
      "like this is false at most once in 20. 66 random objects of cpu were looked at, 0 were wrong. Nothing is said " +
      "of the 540 objects of other labels on the same frames that were accepted with them.",
  );
  assert.match(promise({ ...ofLabel, other_objects: 0 }), /0 were wrong\.$/);
  assert.equal(
    promise({ ...certificate, ...FRAMES, accepted_objects: 140, other_objects: 0 }),
    "Of the 140 frames accepted here as empty, at least 95.0 % hold none of the labels cpu, fan as a@x judged; a " +
      "sentence like this is false at most once in 20. 66 random frames were looked at, 0 were wrong.",
  );
});

test("each kind of sample has its own words, and is drawn anew for the same", () => {
  const about = (of) => aboutText({ ...of, id: 3, objects: 312, tasks: 200 });
  assert.equal(about(ALL), "Sample 3: 312 objects on 200 tasks");
  assert.equal(about(CPU), "Sample 3: 312 objects of cpu on 200 tasks");
  assert.equal(about(FRAMES), "Sample 3: 312 frames with nothing found");
  assert.equal(say(CPU, "question", { label: "cpu" }), "Is this “cpu”, and does the box fit?");
  assert.equal(say(FRAMES, "question", { labels: "cpu, fan" }), "Does this picture hold nothing of these: cpu, fan?");
  const accept = (of, m) => sayOf(of, "accept", { n: 2, count: "2", m, others: String(m) });
  assert.equal(accept(CPU, 5), "Accept 2 objects of cpu and 5 of other labels");
  assert.equal(accept(CPU, 0), "Accept 2 objects of cpu");
  assert.equal(accept(FRAMES, 0), "Accept 2 frames as empty");
  const line = (of) => lineOf({ ...sampleOf(), ...of }, rung());
  assert.equal(line(FRAMES), "34 looked at, 0 wrong: at least 91.0 % hold nothing; 31 more right ones certify 95 %.");
  assert.equal(line(CPU), line(ALL));
  assert.deepEqual([ALL, CPU, FRAMES].map(termsOf), [
    { kind: "objects", label: null },
    { kind: "objects", label: "cpu" },
    { kind: "nothing_found", label: null },
  ]);
});

test("an acceptance is verified as far as a certificate speaks of it", () => {
  const told = (verified, ...verified_labels) => verifiedText({ verified, verified_labels });
  assert.deepEqual([told(false), told(true), told(false, "cpu", "fan")], [
    "not verified",
    "verified",
    "verified: cpu, fan only",
  ]);
});

test("the state of a sample decides what is shown", () => {
  assert.equal(stage(), "judging");
  assert.equal(stage(passed), "certified");
  assert.equal(stage(passed, { certificates: [{ state: "valid", edge: 0.9 }] }), "accepted");
  assert.equal(stage(passed, { certificates: [{ state: "void", edge: 0.9 }] }), "certified");
  assert.equal(stage(passed, { certificates: [{ state: "refuted", edge: 0.9 }] }), "refuted");
  assert.equal(stage(passed, { certificates: [{ state: "refuted", edge: 0.95 }] }), "refuted");
  assert.equal(stage(passed, { certificates: [{ state: "refuted", edge: 0.8 }] }), "certified");
  assert.equal(stage({}, { certificates: [{ state: "refuted", edge: 0.95 }] }), "judging");
  assert.equal(stage(passed, { certificates: [{ state: "valid", edge: 0.8 }] }), "certified");
  assert.equal(stage(passed, { state: "void" }), "void");
  assert.equal(stage({ ...passed, certified: false }), "blocked");
  assert.equal(stage({ objects: 0, accepted: 0, least_right: 1 }), "empty");
  assert.equal(stage({ objects: 2, judged: 2, wrong: 2, accepted: 0, least_right: 1 }), "nothing");
  const hopeless = { judged: 62, wrong: 8, more: 260 };
  assert.equal(stage(hopeless), "budget");
  assert.equal(stage(hopeless, {}, true), "judging");
  assert.equal(stage({ judged: 0, more: 300 }), "judging"); // nothing wrong was seen yet
});

test("the threshold shown is the one asked for, else the lowest that is certified, else the first with objects", () => {
  const steps = [rung(passed), rung({ ...passed, edge: 0.85, objects: 1390 }), rung({ edge: 0.8, objects: 1390 })];
  assert.equal(stepOf(sampleOf(...steps)).edge, 0.85);
  assert.equal(stepOf(sampleOf(...steps), "0.8").edge, 0.8);
  assert.equal(stepOf(sampleOf(...steps), "0.123").edge, 0.85);
  assert.equal(stepOf(sampleOf(rung({ objects: 0 }), rung({ edge: 0.8 }))).edge, 0.8);
  assert.equal(stepOf(sampleOf(rung({ objects: 0 }))).edge, 0.9);
  assert.equal(nextStep(sampleOf(...steps), steps[0]).edge, 0.85);
  assert.equal(nextStep(sampleOf(...steps), steps[1]), undefined); // 0.8 adds nothing
});

test("a key that is held down, or comes with another one, says nothing", () => {
  const press = (key, more = {}) => meaningOf({ key, ...more });
  assert.deepEqual(["a", "A", "ArrowRight", "r", "ArrowLeft", "u", "z", "x", "Enter"].map((key) => press(key)), [
    "right",
    "right",
    "right",
    "wrong",
    "wrong",
    "unsure",
    "back",
    undefined,
    undefined,
  ]);
  for (const more of [{ repeat: true }, { ctrlKey: true }, { metaKey: true }, { altKey: true }])
    assert.equal(press("a", more), undefined);
});

test("an object stands in its surroundings, also at the picture's edge", () => {
  const { shown, inside } = contextOf([0.4, 0.4, 0.6, 0.5]);
  assert.deepEqual(shown, [0.25, 0.25, 0.75, 0.65]);
  assert.deepEqual(
    inside.map((value) => Number(value.toFixed(3))),
    [0.3, 0.375, 0.7, 0.625],
  );
  const corner = contextOf([0, 0, 0.01, 0.01]);
  assert.deepEqual(corner.shown, [0, 0, 0.05, 0.05]);
  assert.deepEqual(contextOf([0, 0, 1, 1]), { shown: [0, 0, 1, 1], inside: [0, 0, 1, 1] });
});

test("the course ends where the sample stands, and what was taken back is gone", () => {
  const point = (judged, wrong, least_right) => ({ judged, wrong, least_right });
  const points = [point(0, 0, 0.1), point(10, 0, 0.7), point(20, 1, 0.8)];
  assert.deepEqual(upTo(points, rung({ judged: 21, wrong: 1, least_right: 0.81 })).map(({ judged }) => judged), [
    0, 10, 20, 21,
  ]);
  assert.deepEqual(upTo(points, rung({ judged: 19, wrong: 0, least_right: 0.8 })).map(({ judged }) => judged), [
    0, 10, 19,
  ]);
  const { x, y } = placing(100);
  assert.ok(x(0) < x(50) && x(50) < x(100) && y(0.99) < y(0.6) && y(0.2) === y(0.5));
});
