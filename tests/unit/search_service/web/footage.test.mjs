// How long a video is, by its container's first bytes, and what the tus protocol is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { framesOf, isVideo, secondsOf } from "../../../../search_service/web/js/footage/seconds.js";
import { encoded, send } from "../../../../search_service/web/js/footage/tus.js";

const named = (parts) => Object.assign(new Blob(parts), { name: "a" });
const text = (word) => new TextEncoder().encode(word);
const numbers = (...values) => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, place) => view.setUint32(place * 4, value));
  return new Uint8Array(view.buffer);
};
const box = (kind, ...parts) => {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  return new Uint8Array([...numbers(size), ...text(kind), ...parts.flatMap((part) => [...part])]);
};

test("an MP4 says how long it is, wherever its index stands", async () => {
  const short = box("moov", box("free"), box("mvhd", numbers(0, 0, 0, 600, 4500, 0, 0, 0)));
  const long = box("moov", box("mvhd", numbers(0x01000000, 0, 0, 0, 0, 1000, 0, 90_000)));
  const start = box("ftyp", text("isom"));
  assert.equal(await secondsOf(named([start, box("mdat", new Uint8Array(100_000)), short])), 7.5);
  assert.equal(await secondsOf(named([start, long])), 90);
  assert.equal(await secondsOf(named([start, box("mdat", new Uint8Array(10))])), null);
  assert.equal(await secondsOf(named([start, numbers(0, 0)])), null);
});

test("an AVI and a Matroska file say it in their first bytes", async () => {
  const avi = new DataView(new ArrayBuffer(64));
  [..."RIFF____AVI LIST____hdrlavih"].forEach((sign, place) => avi.setUint8(place, sign.charCodeAt(0)));
  avi.setUint32(32, 40_000, true);
  avi.setUint32(48, 250, true);
  assert.equal(await secondsOf(named([avi])), 10);
  const mkv = new DataView(new ArrayBuffer(64));
  mkv.setUint32(0, 0x1a45dfa3);
  [0x2a, 0xd7, 0xb1, 0x83, 0x0f, 0x42, 0x40].forEach((byte, place) => mkv.setUint8(10 + place, byte));
  [0x44, 0x89, 0x88].forEach((byte, place) => mkv.setUint8(20 + place, byte));
  mkv.setFloat64(23, 12_500);
  assert.equal(await secondsOf(named([mkv])), 12.5);
});

test("what is no video, or cut off, has no length", async () => {
  for (const parts of [[], [text("RIFF")], [text("no video at all")], [numbers(0x1a45dfa3)]])
    assert.equal(await secondsOf(named(parts)), null);
});

test("frames are those at t = 0, 1/fps, 2/fps …", () => {
  assert.deepEqual([framesOf(8, 1), framesOf(8.1, 1), framesOf(0.1, 1), framesOf(10, 0.2)], [8, 9, 1, 2]);
});

test("a video is told by its type, or by its name when it has none", () => {
  assert.ok(isVideo({ type: "video/mp4", name: "x" }) && isVideo({ type: "", name: "a.MKV" }));
  assert.ok(!isVideo({ type: "image/png", name: "a.mp4" }) && !isVideo({ type: "", name: "mp4" }));
});

test("a file goes on where the service says that it ends, whatever breaks", async () => {
  const data = new Uint8Array(9 * 2 ** 20).map((_, place) => place % 251);
  const file = Object.assign(new Blob([data]), { name: "日本.mp4", lastModified: 5 });
  const kept = [];
  let broken = 2,
    metadata = "";
  globalThis.fetch = async (path, { method, headers, body }) => {
    if (method === "POST") {
      metadata = headers["Upload-Metadata"];
      return Response.json({ id: "1" }, { status: 201 });
    }
    if (method === "HEAD") return new Response(null, { headers: { "Upload-Offset": String(kept.length) } });
    assert.equal(Number(headers["Upload-Offset"]), kept.length);
    const bytes = new Uint8Array(await body.arrayBuffer());
    if (kept.length && broken-- > 0) {
      if (broken) throw new TypeError("network");
      for (const byte of bytes) kept.push(byte); // stored, but its answer was lost
      throw new TypeError("network");
    }
    for (const byte of bytes) kept.push(byte);
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(kept.length) } });
  };
  globalThis.window = new EventTarget();
  const waited = [];
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = (work) => real(work, 0);
  await send({
    ...{ path: "/p", file, told: { fps: "1", scene: "0.1" }, id: null, signal: new AbortController().signal },
    ...{ began: () => {}, sent: () => {}, waits: (problem) => waited.push(problem.status) },
  });
  globalThis.setTimeout = real;
  delete globalThis.window;
  assert.deepEqual([Buffer.from(kept).equals(Buffer.from(data)), waited], [true, [0, 0]]);
  assert.ok(metadata.includes(`filename ${encoded("日本.mp4")}`) && metadata.includes(`scene ${btoa("0.1")}`));
});
