// Editing a picture: edges, the steps and the way back, what the server is told, keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { between, hitAt, moveBox, moveEdges, nudged } from "../../../../search_service/web/js/picture/edges.js";
import { EditState } from "../../../../search_service/web/js/picture/edit_state.js";
import { commandOf } from "../../../../search_service/web/js/picture/keys.js";
import { baseOf } from "../../../../search_service/web/js/picture/server.js";

const BOX = [0.2, 0.2, 0.4, 0.6];
const region = (object, more = {}) => ({
  object,
  label: "cpu",
  score: 0.9,
  box: BOX,
  movable: true,
  rings: [],
  mask: null,
  ...more,
});
const opened = (...regions) => new EditState(regions.length ? regions : [region("a"), region("b")]);
const plain = { key: "", ctrlKey: false, altKey: false, metaKey: false, repeat: false };

test("edges stay in the picture and never cross", () => {
  assert.deepEqual(moveEdges(BOX, "nw", -1, -1), [0, 0, 0.4, 0.6]);
  assert.deepEqual(moveEdges(BOX, "e", 0.1, 5), [0.2, 0.2, 0.5, 0.6]);
  assert.deepEqual(moveEdges(BOX, "w", 0.9, 0), [0.396, 0.2, 0.4, 0.6]);
  assert.deepEqual(moveEdges(BOX, "se", 2, -1), [0.2, 0.2, 1, 0.204]);
  assert.deepEqual(moveBox(BOX, -0.5, 0.9), [0, 0.6, 0.2, 1]);
});

test("arrow keys move the box, with Shift its right and lower edges, with Ctrl the others", () => {
  assert.deepEqual(nudged(BOX, "ArrowRight", { shift: false, ctrl: false }), [0.205, 0.2, 0.405, 0.6]);
  assert.deepEqual(nudged(BOX, "ArrowDown", { shift: true, ctrl: false }), [0.2, 0.2, 0.4, 0.605]);
  assert.deepEqual(nudged(BOX, "ArrowLeft", { shift: false, ctrl: true }), [0.195, 0.2, 0.4, 0.6]);
});

test("a box is drawn from any corner, and a click is none", () => {
  assert.deepEqual(between({ x: 0.5, y: 0.6 }, { x: 0.2, y: 1.3 }), [0.2, 0.6, 0.5, 1]);
  assert.equal(between({ x: 0.5, y: 0.6 }, { x: 0.5, y: 0.9 }), null);
});

test("a click reaches the smaller of two boxes", () => {
  const [large, small] = [{ box: [0, 0, 1, 1] }, { box: [0.4, 0.4, 0.5, 0.5] }];
  assert.equal(hitAt([large, small], { x: 0.45, y: 0.45 }), small);
  assert.equal(hitAt([large, small], { x: 0.1, y: 0.1 }), large);
  assert.equal(hitAt([small], { x: 0.1, y: 0.1 }), undefined);
});

test("each change is told once, and each comes back", () => {
  const state = opened(region("a"), region("b"), region("c"));
  assert.equal(state.dirty, false);
  state.select(0);
  assert.equal(state.remove().was.object, "a");
  assert.equal(state.selected, null);
  assert.equal(state.remove(), null); // nothing is selected: Delete once too often takes nothing
  state.select(1);
  state.relabel("fan");
  state.select(2);
  state.move(0.1, 0, "drag 1");
  state.add({ label: "fan", box: [0, 0, 0.1, 0.1] });
  assert.deepEqual(state.request(), {
    changes: [
      { object: "a", label: "cpu", deleted: true },
      { object: "b", label: "cpu", new_label: "fan" },
      { object: "c", label: "cpu", box: [0.3, 0.2, 0.5, 0.6] },
    ],
    added: [{ label: "fan", box: [0, 0, 0.1, 0.1] }],
  });
  for (let step = 0; step < 4; step += 1) assert.equal(state.undo(), true);
  assert.equal(state.undo(), false);
  assert.equal(state.dirty, false);
  assert.deepEqual(
    state.items.map((one) => one.was.object),
    ["a", "b", "c"],
  );
});

test("what is changed back is no change", () => {
  const state = opened();
  state.select(0);
  state.relabel("fan");
  state.relabel("cpu");
  state.move(0.1, 0, "keys");
  state.move(-0.1, 0, "keys");
  assert.equal(state.dirty, false);
  state.add({ label: "cpu", box: BOX });
  state.remove();
  assert.equal(state.dirty, false);
  assert.equal(state.relabel("fan"), null); // nothing is selected
});

test("one undo takes back a whole drag, and another object's is another", () => {
  const state = opened();
  state.select(0);
  for (let step = 0; step < 5; step += 1) state.move(0.01, 0, "drag 1");
  state.select(1);
  state.move(0.01, 0, "drag 1");
  state.undo();
  assert.deepEqual(state.items[1].box, BOX);
  assert.deepEqual(state.items[0].box, [0.25, 0.2, 0.45, 0.6]);
  state.undo();
  assert.deepEqual(state.items[0].box, BOX);
});

test("an object without an upright box keeps its place", () => {
  const state = opened(region("a", { movable: false }));
  state.select(0);
  assert.equal(state.move(0.1, 0.1, "drag 1"), null);
  assert.equal(state.dirty, false);
});

test("what a click found goes by its number, with a box only if that was moved", () => {
  const state = opened();
  state.add({ label: "fan", box: BOX, found: { segment: 7, box: BOX } });
  assert.deepEqual(state.request().added, [{ label: "fan", segment: 7, box: null }]);
  state.move(0.1, 0, "drag 1");
  assert.deepEqual(state.request().added, [{ label: "fan", segment: 7, box: [0.3, 0.2, 0.5, 0.6] }]);
});

test("cancelling brings all back, and undo brings the changes back", () => {
  const state = opened();
  assert.equal(state.reset(), false);
  state.select(1);
  state.remove();
  state.add({ label: "fan", box: BOX });
  assert.equal(state.reset(), true);
  assert.equal(state.dirty, false);
  state.undo();
  assert.equal(state.request().changes.length, 1);
  assert.equal(state.request().added.length, 1);
});

test("what was said elsewhere is done to the objects, and comes back", () => {
  const state = opened(region("a"), region("b"), region("c"));
  state.select(2);
  assert.equal(state.apply("a", null), true);
  assert.equal(state.apply("b", "fan"), true);
  assert.equal(state.apply("c", "cpu"), false); // as it is
  assert.equal(state.apply("gone", null), false);
  assert.equal(state.selected, 2);
  assert.deepEqual(state.request().changes, [
    { object: "a", label: "cpu", deleted: true },
    { object: "b", label: "cpu", new_label: "fan" },
  ]);
  state.undo();
  state.undo();
  assert.equal(state.dirty, false);
});

test("stepping goes round, among those that are shown", () => {
  const state = opened(region("a"), region("b"), region("c"));
  const shown = [state.items[0], state.items[2]];
  const seen = [1, 1, 1, -1].map((by) => {
    state.step(by, shown);
    return state.selected;
  });
  assert.deepEqual(seen, [0, 2, 0, 2]);
  opened(region("a")).step(1, []);
});

test("keys say what is to be done", () => {
  const labels = ["cpu", "fan"];
  const of = (key, more = {}) => commandOf({ ...plain, key, ...more }, labels);
  assert.deepEqual(of("2"), { name: "label", label: "fan" });
  assert.equal(of("3"), null);
  assert.equal(of("0"), null);
  assert.deepEqual(of("B"), { name: "tool", tool: "draw" });
  assert.deepEqual(of("ArrowLeft", { ctrlKey: true }), { name: "nudge" });
  assert.equal(of("ArrowLeft", { altKey: true }), null); // the browser's own
  assert.deepEqual(of("z", { ctrlKey: true }), { name: "undo" });
  assert.equal(of("s", { ctrlKey: true }), null);
  assert.deepEqual(of("Enter"), { name: "save" });
  assert.equal(of("Enter", { repeat: true }), null);
});

test("the annotation that counts is edited, else the current prediction", () => {
  const predictions = [
    { id: 1, current: false, objects: [region("old")] },
    { id: 2, current: true, objects: [region("a")] },
  ];
  const known = { model_version: "v", annotations: [], predictions };
  assert.deepEqual(baseOf(known).names, { model_version: "v", prediction: 2 });
  assert.deepEqual(baseOf({ ...known, predictions: [] }).names, { model_version: "v", prediction: null });
  const annotations = [
    { id: 5, cancelled: false, updated_at: "t", objects: [] },
    { id: 6, cancelled: true, updated_at: "u", objects: [] },
  ];
  const base = baseOf({ ...known, annotations });
  assert.deepEqual([base.key, base.names], ["annotated", { model_version: "v", annotation: 5, updated_at: "t" }]);
});
