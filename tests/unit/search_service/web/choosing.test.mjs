import assert from "node:assert/strict";
import { test } from "node:test";
import { firstChoice } from "../../../../search_service/web/js/annotate/source.js";
import { promptsIn } from "../../../../search_service/web/js/annotate/label_row.js";
import { sharesOf } from "../../../../search_service/web/js/export/form.js";
import { placesUnder, rectangle } from "../../../../search_service/web/js/search/band.js";
import { moved } from "../../../../search_service/web/js/search/region.js";

const cells = { wide: 100, high: 80, across: 4 };

test("a rubber band takes the cards that it touches, row by row", () => {
  assert.deepEqual(placesUnder({ x0: 150, y0: 10, x1: 210, y1: 90 }, cells), [1, 2, 5, 6]);
  assert.deepEqual(placesUnder({ x0: 10, y0: 10, x1: 11, y1: 11 }, cells), [0]);
});

test("a rubber band that leaves the grid takes what is on its edge, and nothing of the next row", () => {
  assert.deepEqual(placesUnder({ x0: -50, y0: -20, x1: 20, y1: 20 }, cells), [0]);
  assert.deepEqual(placesUnder({ x0: 350, y0: 0, x1: 900, y1: 20 }, cells), [3]);
  assert.deepEqual(placesUnder({ x0: 0, y0: -90, x1: 20, y1: -10 }, cells), []);
});

test("a rubber band can be drawn in any direction", () => {
  const box = { x0: 1, y0: 2, x1: 5, y1: 9 };
  assert.deepEqual(rectangle({ x: 5, y: 2 }, { x: 1, y: 9 }), box);
  assert.deepEqual(rectangle({ x: 1, y: 9 }, { x: 5, y: 2 }), box);
});

test("arrow keys move a frame inside the picture, with Shift its corner", () => {
  const near = (box) => box?.map((side) => Number(side.toFixed(4)));
  assert.deepEqual(near(moved([0.2, 0.2, 0.4, 0.4], "ArrowRight", false)), [0.22, 0.2, 0.42, 0.4]);
  assert.deepEqual(near(moved([0.2, 0.2, 0.4, 0.4], "ArrowUp", true)), [0.2, 0.2, 0.4, 0.38]);
  assert.equal(moved([0, 0.2, 0.4, 0.4], "ArrowLeft", false), null);
  assert.equal(moved([0.2, 0.2, 0.22, 0.4], "ArrowLeft", true), null); // nothing would be left of it
});

test("the images of a run: what the address says, else the selection, a search, what has no annotation, all", () => {
  const sources = { views: [], unlabelled: 3, all: 9 };
  const usable = { tasks: false, search: true, view: false, unlabelled: true, all: true };
  assert.equal(firstChoice({ from: "all" }, 0, sources, usable), "all");
  assert.equal(firstChoice({ from: "view" }, 2, sources, usable), "tasks");
  assert.equal(firstChoice({ from: "constructor", q: "cpu" }, 0, sources, usable), "search");
  assert.equal(firstChoice({}, 0, sources, usable), "unlabelled");
  assert.equal(firstChoice({}, 0, { ...sources, unlabelled: 0 }, usable), "all");
});

test("prompts are told apart by commas of any script, each counts once", () => {
  assert.deepEqual(promptsIn("red  fan、fan, red fan ，cpu"), ["red fan", "fan", "cpu"]);
});

test("shares of the address count when there is one for each split, between 1 and 99", () => {
  assert.deepEqual(sharesOf("two", [60, 40]), [
    ["train", 60],
    ["val", 40],
  ]);
  for (const given of [[60], [60, 40, 1], [0, 100], [1.5, 98], [NaN]])
    assert.deepEqual(sharesOf("two", given), [
      ["train", 80],
      ["val", 20],
    ]);
  assert.deepEqual(sharesOf("none"), []);
});
