import assert from "node:assert/strict";
import { test } from "node:test";
import { stepped } from "../../../../search_service/web/js/search/suggest.js";
import { suggested } from "../../../../search_service/web/js/search/suggested.js";
import { nameKey } from "../../../../search_service/web/js/typed.js";

function groups(typed, { saved = [], recent = [], labels = [] }) {
  const chosen = [];
  const memory = {
    saved: saved.map((name, id) => ({ id, name, ask: { text: name } })),
    recent: recent.map((query, id) => ({ id, query, ask: null })),
    forget: () => {},
    forgetSaved: () => {},
  };
  const given = { memory, labels, choose: (ask) => chosen.push(ask.text), chooseLabel: (label) => chosen.push(label) };
  const items = suggested(nameKey(typed), given).map((group) => group.items);
  return { texts: items.map((group) => group.map((one) => one.text)), items: items.flat(), chosen };
}

test("saved searches come first, then the last ones, then labels, each in its own order", () => {
  const known = { saved: ["fans, dusty"], recent: ["red fan", "cpu", "fan -cpu"], labels: ["cpu", "Fan"] };
  assert.deepEqual(groups("fan", known).texts, [["fans, dusty"], ["red fan", "fan -cpu"], ["Fan"]]);
  assert.deepEqual(groups("", known).texts, [known.saved, known.recent, known.labels]);
  assert.deepEqual(groups("hdd", known).texts, [[], [], []]);
});

test("typed text is found whatever its width and case", () => {
  assert.deepEqual(groups("ＦＡＮ", { labels: ["cpu", "fan"] }).texts, [[], [], ["fan"]]);
});

test("eight of the last searches and of the labels are enough; saved ones are all there", () => {
  const many = Array.from({ length: 12 }, (_, at) => `fan ${at}`);
  const { texts } = groups("fan", { saved: many, recent: many, labels: many });
  assert.deepEqual(
    texts.map((one) => one.length),
    [12, 8, 8],
  );
});

test("a chosen one is asked, also a search from before asks were kept", () => {
  const { items, chosen } = groups("", { saved: ["a"], recent: ["b"], labels: ["c"] });
  for (const item of items) item.choose();
  assert.deepEqual(chosen, ["a", "b", "c"]);
  assert.deepEqual(
    items.map((item) => Boolean(item.forget)),
    [true, true, false],
  );
});

test("the arrow keys go round, by way of the text that was typed", () => {
  assert.deepEqual(
    [-1, 0, 1].map((at) => stepped(at, 1, 2)),
    [0, 1, -1],
  );
  assert.deepEqual(
    [-1, 0, 1].map((at) => stepped(at, -1, 2)),
    [1, -1, 0],
  );
  assert.equal(stepped(-1, 1, 0), -1);
});
