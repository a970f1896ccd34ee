import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { standing } from "../../../../search_service/web/js/endings.js";

const { document } = globalThis;
/** @type {string[]} */
let told;

class FakeNotification extends EventTarget {
  static permission = "granted";
  constructor(_title, { body }) {
    super();
    told.push(body);
  }
}

beforeEach(() => {
  told = [];
  FakeNotification.permission = "granted";
  const listeners = new EventTarget();
  Object.assign(globalThis, { isSecureContext: true, Notification: FakeNotification });
  Object.assign(document, {
    hidden: true,
    title: "Search · Argus",
    addEventListener: (name, act) => listeners.addEventListener(name, act),
    removeEventListener: (name, act) => listeners.removeEventListener(name, act),
    look: () => {
      document.hidden = false;
      listeners.dispatchEvent(new Event("visibilitychange"));
    },
  });
});

test("what ends while nobody looks is told once, and the title says so until somebody does", () => {
  for (const going of [true, true, false, false]) standing("run 1", going, "Run 1 is done.");
  standing("run 2", true, "");
  standing("run 2", false, "Run 2 is done.");
  assert.deepEqual(told, ["Run 1 is done.", "Run 2 is done."]);
  assert.equal(document.title, "✓ Search · Argus");
  document.look();
  assert.equal(document.title, "Search · Argus");
});

test("what was over before, or ends while somebody looks, is not told", () => {
  standing("run 3", false, "Run 3 is done.");
  document.hidden = false;
  standing("run 4", true, "");
  standing("run 4", false, "Run 4 is done.");
  assert.deepEqual([told, document.title], [[], "Search · Argus"]);
});

test("without permission, and on a page that is not secure, the title alone says it", () => {
  FakeNotification.permission = "default";
  standing("run 5", true, "");
  standing("run 5", false, "Run 5 is done.");
  globalThis.isSecureContext = false;
  FakeNotification.permission = "granted";
  standing("run 6", true, "");
  standing("run 6", false, "Run 6 is done.");
  assert.deepEqual([told, document.title], [[], "✓ Search · Argus"]);
});
