import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { address, fromNames, linkTo, params, toNames } from "../../../../search_service/web/js/router.js";

const before = location.search;
afterEach(() => (location.search = before));

test("an address holds what has a value, escaped", () => {
  assert.equal(
    address({ project: 1, screen: "search", q: "red & fan", task: null, show: "" }),
    "?project=1&screen=search&q=red+%26+fan",
  );
  assert.equal(address({ from: 0 }), "?from=0");
});

test("a link keeps project and language, and nothing else of where one is", () => {
  location.search = "?project=4&lang=ja&screen=search&q=cpu";
  assert.equal(linkTo({ screen: "review" }), "?project=4&lang=ja&screen=review");
  assert.deepEqual(params(), { project: "4", lang: "ja", screen: "search", q: "cpu" });
});

test("names of labels come back from the address as they were", () => {
  for (const names of [["cpu", "fan"], ["a|b", "100 %", "ファン"], ["%7C"]])
    assert.deepEqual(toNames(fromNames(names)), names);
  assert.equal(fromNames([]), "|");
  assert.deepEqual(toNames("|"), []);
  assert.deepEqual(toNames("%zz"), []);
});
