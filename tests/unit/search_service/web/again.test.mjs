// A search is asked again until its answer is complete, and never while the person works with what is shown.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Problem } from "../../../../search_service/web/js/api.js";
import { Again, waitingOf } from "../../../../search_service/web/js/search/again.js";

let answers, asked, busy, leaving, again;

const later = async (ms) => {
  mock.timers.tick(ms);
  for (let n = 0; n < 5; n += 1) await Promise.resolve();
};

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  answers = [];
  asked = 0;
  busy = false;
  leaving = new AbortController();
  const ask = () => {
    asked += 1;
    const next = answers.shift();
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  again = new Again({ ask, busy: () => busy, signal: leaving.signal });
});

test("a complete answer is not asked for again", async () => {
  again.after(null);
  await later(60_000);
  assert.equal(asked, 0);
  mock.timers.reset();
});

test("it is asked again soon while more is embedded, then later and later, and no more when it is complete", async () => {
  answers = [4, 4, 4, null];
  again.after(9);
  await later(2000);
  assert.equal(asked, 1); // 4 of 9 are left: again as soon
  await later(2000);
  assert.equal(asked, 2); // nothing new: later
  await later(2000);
  assert.equal(asked, 2);
  await later(1000);
  assert.equal(asked, 3);
  await later(15_000);
  assert.equal(asked, 4);
  await later(60_000);
  assert.equal(asked, 4);
  mock.timers.reset();
});

test("what the person works with stays, and is asked again afterwards", async () => {
  answers = [null];
  busy = true;
  again.after(1);
  for (let n = 0; n < 5; n += 1) await later(15_000);
  assert.equal(asked, 0);
  busy = false;
  await later(15_000);
  assert.equal(asked, 1);
  mock.timers.reset();
});

test("a lost connection is no end", async () => {
  answers = [new TypeError("Failed to fetch"), null];
  again.after(3);
  await later(2000);
  await later(15_000);
  assert.equal(asked, 2);
  mock.timers.reset();
});

test("another question, or another screen, ends it", async () => {
  again.after(3);
  again.stop();
  await later(60_000);
  again.after(3);
  leaving.abort();
  await later(60_000);
  assert.equal(asked, 0);
  mock.timers.reset();
});

test("waiting helps only where nothing is ready yet", () => {
  assert.equal(waitingOf(new Problem("", { code: "not_ready", details: { waiting: 7 } })), 7);
  assert.equal(waitingOf(new Problem("", { code: "not_ready" })), 0);
  assert.equal(waitingOf(new Problem("", { code: "empty_query" })), null);
  assert.equal(waitingOf(new TypeError("Failed to fetch")), null);
});
