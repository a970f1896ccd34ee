import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Selection } from "../../../../search_service/web/js/selection.js";

beforeEach(() => sessionStorage.clear());

test("tasks are added and taken away, and each change is told once", () => {
  const selection = new Selection(1);
  let told = 0;
  selection.addEventListener("change", () => (told += 1));
  selection.set([3, 5, 7]);
  selection.set([5], false);
  assert.deepEqual(selection.list(), [3, 7]);
  assert.equal(selection.size, 2);
  assert.equal(selection.has(5), false);
  selection.replace([9]);
  assert.deepEqual(selection.list(), [9]);
  assert.equal(told, 3);
});

test("a reload finds the selection of its project, and of no other", () => {
  new Selection(1).set([3, 5]);
  assert.deepEqual(new Selection(1).list(), [3, 5]);
  assert.deepEqual(new Selection(2).list(), []);
});

test("a full store does not lose the selection of this tab", (context) => {
  context.mock.method(sessionStorage, "setItem", () => {
    throw new DOMException("full", "QuotaExceededError");
  });
  const selection = new Selection(1);
  selection.set([3]);
  assert.deepEqual(selection.list(), [3]);
});
