// Choosing many: one by one, a range, all, and what is gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice } from "../../../../search_service/web/js/review/choice.js";

const ORDER = ["a", "b", "c", "d", "e"];

test("a click toggles, Shift chooses from there on, either way", () => {
  const choice = new Choice();
  choice.toggle("b");
  choice.extend("d", ORDER);
  assert.deepEqual(choice.of(ORDER), ["b", "c", "d"]);
  choice.extend("a", ORDER);
  assert.deepEqual(choice.of(ORDER), ["a", "b", "c", "d"]);
  choice.toggle("c");
  assert.deepEqual(choice.of(ORDER), ["a", "b", "d"]);
  choice.extend("e", ORDER); // from what was toggled last
  assert.deepEqual(choice.of(ORDER), ORDER);
});

test("Shift without a beginning, or with one that is gone, chooses that one", () => {
  const choice = new Choice();
  choice.extend("c", ORDER);
  assert.deepEqual(choice.of(ORDER), ["c"]);
  choice.extend("e", ["d", "e"]);
  assert.deepEqual(choice.of(ORDER), ["c", "e"]);
});

test("all, none, and only what is there", () => {
  const choice = new Choice();
  choice.add(ORDER);
  assert.equal(choice.size, 5);
  choice.keep(["b", "e"]);
  assert.deepEqual(choice.of(ORDER), ["b", "e"]);
  choice.clear();
  assert.equal(choice.size, 0);
  assert.equal(choice.has("b"), false);
});
