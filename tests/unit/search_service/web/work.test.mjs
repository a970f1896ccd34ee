import assert from "node:assert/strict";
import { test } from "node:test";
import { workLines } from "../../../../search_service/web/js/review/verify/work.js";

const arm = (changes = {}) => ({
  share: 0.03, drawn: 40, without: 6, waiting: [], timed_with: 30, timed_without: 6, least: 5,
  seconds_with: 10, seconds_without: 40, ratio: 0.25, low: 0.2, high: 0.31, minutes_saved: 15, ...changes,
});
const none = { seconds_with: null, seconds_without: null, ratio: null, low: null, high: null, minutes_saved: null };
const lines = (changes) => workLines({ total: 193, accepted_objects: 1012, actions_per_object: 0.1907, arm: arm(changes) });

test("without a control arm work is told in actions alone", () => {
  const said = lines({ ...none, share: 0, drawn: 0, timed_with: 0, timed_without: 0 });
  assert.deepEqual(said, ["193 actions so far, 1,012 objects accepted, 0.19 actions each."]);
  assert.doesNotMatch(said.join(" "), /minute| min /);
});

test("minutes are told from so many of each kind on, and where a difference is shown", () => {
  assert.equal(lines({ ...none, timed_without: 4 })[1], "Timed so far: 30 with predictions, 4 without. Minutes are told from 5 of each.");
  assert.deepEqual(lines({}).slice(1), [
    "A task with predictions takes 0.25 (95 % interval 0.20 to 0.31) of the 40 s that it takes without, by 30 and 6 tasks.",
    "About 15 min saved on the tasks with predictions.",
  ]);
  assert.equal(lines({ ratio: 1.5, low: 1.2, high: 1.9, minutes_saved: -3 })[2], "About 3.0 min lost on the tasks with predictions.");
  assert.equal(lines({ high: 1.2 })[2], "No difference is shown yet.");
});
