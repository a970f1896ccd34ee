import assert from "node:assert/strict";
import { test } from "node:test";
import { askFrom, fromKept, isEmpty, kept, textOf, toParams } from "../../../../search_service/web/js/search/ask.js";

test("an ask comes back from the address as it was", () => {
  const ask = {
    text: "red fan",
    of: "",
    browse: "",
    like: [{ task: 7 }, { task: 9, box: [0.1, 0.2, 0.5, 0.6] }],
    unlike: [{ task: 3 }],
    filters: { labelled: "yes", video_from: "2.5" },
    file: null,
  };
  const params = toParams(ask);
  assert.equal(params.like, "7,9:0.1:0.2:0.5:0.6");
  assert.equal(params.band, null); // every name stands there, so that what is no longer asked for goes away
  assert.deepEqual(askFrom(params), ask);
});

test("a search of objects comes back, with objects as examples", () => {
  const params = toParams({ ...askFrom({}), of: "objects", like: [{ object: 12 }, { task: 7 }], unlike: [{ object: 3 }] });
  assert.deepEqual([params.of, params.like, params.unlike], ["objects", "o12,7", "o3"]);
  const { of, like, unlike } = askFrom({ of: "objects", like: "o12,7,o,o0,oo3,o1.5", unlike: "o3" });
  assert.deepEqual([of, like, unlike], ["objects", [{ object: 12 }, { task: 7 }], [{ object: 3 }]]);
  assert.equal(askFrom({ of: "everything" }).of, "");
});

test("what somebody wrote into the address by hand is left out where it makes no sense", () => {
  const { like, unlike, filters } = askFrom({
    like: "x,0,-1,1.5,7:0.5:0.2:0.1:0.6,8:0:0:1,9:0:0:1:2",
    unlike: "4:0:0:1:1,",
    colour: "red",
  });
  assert.deepEqual(like, [{ task: 7 }, { task: 8 }, { task: 9 }]); // the frames are none
  assert.deepEqual(unlike, [{ task: 4, box: [0, 0, 1, 1] }]);
  assert.deepEqual(filters, {});
});

test("an ask is empty when nothing says what to look for", () => {
  assert.equal(isEmpty(askFrom({ q: "  ", unlike: "3", labelled: "no" })), true);
  assert.equal(isEmpty(askFrom({ like: "3" })), false);
  assert.equal(isEmpty(askFrom({}, { name: "a.png", data: "", url: "" })), false);
});

test("what the server keeps has real values, and comes back as the address has it", () => {
  const ask = askFrom({ q: "cpu", like: "7", labelled: "no", video_to: "12.5", captured_from: "2026-01-02" });
  const stored = kept({ ...ask, file: { name: "a.png", data: "x", url: "" } });
  assert.deepEqual(stored, {
    text: "cpu",
    like: [{ task: 7 }],
    unlike: [],
    filters: { labelled: false, video_to: 12.5, captured_from: "2026-01-02" },
  });
  assert.deepEqual(fromKept(stored), ask);
  assert.deepEqual(fromKept({ text: "fan", like: [{ image: "x" }, { task: 2 }] }).like, [{ task: 2 }]);
});

test("an example is named by its task and its frame", () => {
  assert.equal(textOf({ task: 7 }), "7");
  assert.equal(textOf({ task: 7, box: [0, 0.25, 1, 1] }), "7:0:0.25:1:1");
});
