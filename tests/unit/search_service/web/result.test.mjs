// What a run says of the one before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { beforeText } from "../../../../search_service/web/js/annotate/result.js";

const told = (objects, objects_now, images = 2) => beforeText({ run: 3, images, objects, objects_now });

test("more, fewer and the same, on the images of both runs", () => {
  assert.equal(told(4, 6), "+2 (run 3: 4 on the 2 images of both)");
  assert.equal(told(6, 4), "−2 (run 3: 6 on the 2 images of both)");
  assert.equal(told(4, 4, 1), "the same (run 3: 4 on the 1 image of both)");
});
