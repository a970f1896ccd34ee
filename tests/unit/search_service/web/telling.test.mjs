import assert from "node:assert/strict";
import { test } from "node:test";
import { progressOf } from "../../../../search_service/web/js/annotate/runs.js";
import { nameOf, sizeText } from "../../../../search_service/web/js/export/made.js";
import { clock, duration, problemText, short, some, t, WORDS } from "../../../../search_service/web/js/i18n.js";
import { whatOf } from "../../../../search_service/web/js/review/history.js";
import { progressText } from "../../../../search_service/web/js/review/progress.js";
import { onOwnClock } from "../../../../search_service/web/js/search/fields.js";
import { summaryOf } from "../../../../search_service/web/js/search/summary.js";

test("a message is filled in, and one that is missing shows its key", () => {
  assert.equal(t("common.task", { task: 3 }), WORDS.common.en.task.replace("{task}", "3"));
  assert.equal(t("common.no_such_message"), "common.no_such_message");
});

test("both languages have the same messages, problems aside", () => {
  for (const [room, { en, ja }] of Object.entries(WORDS))
    if (room !== "problems") assert.deepEqual(Object.keys(ja).sort(), Object.keys(en).sort(), room);
});

test("a place in a video, with hundredths where they tell something", () => {
  assert.deepEqual([0, 7, 127, 127.25, 3600].map(clock), ["0:00", "0:07", "2:07", "2:07.25", "60:00"]);
});

test("how long something takes, in the unit that one says it in", () => {
  assert.deepEqual([45, 119, 120, 7199, 7200].map(duration), ["45 sec", "119 sec", "2 min", "119 min", "2 hr"]);
});

test("a line stays one: long names are cut, many are counted", () => {
  assert.equal(some(["cpu", "fan", "hdd", "gpu"]), "cpu, fan, hdd, gpu");
  assert.ok(some(["cpu", "fan", "hdd", "gpu", "psu"]).startsWith("cpu, fan, hdd"));
  assert.equal(short("x".repeat(41)).length, 40);
  assert.equal(short("x".repeat(40)), "x".repeat(40));
});

test("a problem says its sentence and its hint; without one, the status", () => {
  assert.equal(problemText({ code: "busy", detail: "Busy.", hint: "Wait." }, 503), "Busy. Wait.");
  assert.equal(problemText({}, 502), t("common.answered", { status: 502 }));
});

test("sizes are in units of 1,000", () => {
  assert.deepEqual([0, 999, 1000, 1540, 15_400, 2_340_000, 9.9e12].map(sizeText), [
    "0 B",
    "999 B",
    "1.0 KB",
    "1.5 KB",
    "15 KB",
    "2.3 MB",
    "9,900 GB",
  ]);
});

test("exports that differ in one thing alone have different names", () => {
  const one = { format: "coco", source: "both", splits: { train: 80, val: 20 }, masks: false, images: true };
  const others = [{ format: "yolo" }, { source: "predictions" }, { splits: null }, { masks: true }, { images: false }];
  const names = [one, ...others.map((other) => ({ ...one, ...other }))].map(nameOf);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names[0].endsWith("train 80% / val 20%"));
});

test("a search says how many are likely, and with a plus when there may be more", () => {
  const found = { total: 305, exact: true, waiting: 0, unread: [], nothing_found: false };
  const hits = ["likely", "likely", "possible"].map((relevance, task) => ({ task, relevance }));
  assert.ok(summaryOf(found, hits, true).endsWith(t("search.likelyCount", { n: "2" })));
  assert.ok(summaryOf(found, hits.slice(0, 2), true).endsWith(t("search.likelyCount", { n: "2+" })));
  assert.ok(summaryOf(found, hits.slice(0, 2), false).endsWith(t("search.likelyCount", { n: "2" })));
  assert.ok(summaryOf(found, hits.slice(2), true).endsWith(t("search.noneLikely")));
  assert.equal(summaryOf(found, [{ relevance: null }], false), t("search.ranked", { n: 305, total: "305" }));
  assert.ok(summaryOf({ ...found, exact: false }, [], false).endsWith(t("search.approximate")));
});

test("a run that goes on tells its rate and what is left, one that ended does not", () => {
  const run = {
    state: "running",
    done: 5,
    failed: 1,
    cancelled: 0,
    requested: 10,
    rate: 2.5,
    seconds_left: 30,
    left_out: null,
  };
  const rate = t("annotate.rate", { rate: "2.5" });
  assert.ok(progressOf(run).includes(rate));
  assert.ok(progressOf(run).includes(t("annotate.failed", { failed: "1" })));
  assert.ok(!progressOf({ ...run, state: "done" }).includes(rate));
});

test("an acceptance is named by what was chosen", () => {
  assert.equal(whatOf({ task_ids: [1, 2], min_score: 0 }), t("review.chosen", { n: 2, count: "2" }));
  assert.equal(whatOf({ nothing_found: true, min_score: 0 }), t("review.nothing_found"));
  assert.equal(whatOf({ min_score: 0.8, max_score: null }), t("review.from", { low: "0.80" }));
  assert.equal(whatOf({ min_score: 0, max_score: 0.5 }), t("review.range", { low: "0.00", high: "0.50" }));
});

test("the time that is left follows from what was looked at, in hours when it is long", () => {
  const status = { total: 100, reviewed: 40, looked_at: 12, seconds_each: 20, left: 60 };
  assert.ok(progressText(status).includes("12 tasks looked at, 20 s each"));
  assert.ok(progressText(status).endsWith(t("review.timeLeft", { minutes: "20" })));
  assert.ok(progressText({ ...status, left: 270 }).endsWith(t("review.timeLeft", { minutes: "90" })));
  assert.ok(progressText({ ...status, left: 300 }).endsWith(t("review.hoursLeft", { hours: "1.7" })));
  assert.equal(progressText({ ...status, left: 0 }).split(" · ").length, 2);
  const few = progressText({ ...status, looked_at: 3, seconds_each: null });
  assert.ok(!few.includes("looked at") && !few.includes("left at that rate"));
  assert.ok(progressText({ ...status, total: 0, reviewed: 0 }).includes("0"));
});

test("a moment is shown on one's own clock, and what is none not at all", () => {
  const text = "2026-03-01T12:00:00Z";
  assert.equal(new Date(onOwnClock(text)).getTime(), Date.parse(text));
  assert.equal(onOwnClock("2026-03-01T12:00:00"), onOwnClock(text)); // without a zone: UTC
  assert.equal(onOwnClock("2026-03-01T13:00:00+01:00"), onOwnClock(text));
  assert.equal(onOwnClock("yesterday"), "");
  assert.equal(onOwnClock(""), "");
});
