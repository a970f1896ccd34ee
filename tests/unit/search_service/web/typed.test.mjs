import assert from "node:assert/strict";
import { test } from "node:test";
import { nameKey, splitList } from "../../../../search_service/web/js/typed.js";
import { plural } from "../../../../search_service/web/js/words/plural.js";

test("a typed list is split at every comma that people have on their keyboards", () => {
  assert.deepEqual(splitList("cpu、fan，hdd"), ["cpu", "fan", "hdd"]);
  assert.deepEqual(splitList(" red fan ،, ﹐gpu﹑ ,"), ["red fan", "gpu"]);
  assert.deepEqual(splitList("  "), []);
});

test("names are compared without width and case", () => {
  assert.equal(nameKey(" ＣＰＵ "), "cpu");
  assert.equal(nameKey("ﾌｧﾝ"), "ファン");
});

test("one thing is told as one, none and several as several", () => {
  assert.equal(plural(1, "image"), "image");
  assert.equal(plural(0, "image"), "images");
  assert.equal(plural(2, "has", "have"), "have");
  assert.equal(plural(1, "has", "have"), "has");
});
