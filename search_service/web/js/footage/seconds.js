// How long a video is, by what its container says at a known place: the browser itself plays few of them.

/** @typedef {Blob & { name: string }} Named */

// Seconds, or null when the file does not tell.
/** @param {Named} file */
export async function secondsOf(file) {
  try {
    const head = await read(file, 0, 64 * 1024);
    if (text(head, 4, 4) === "ftyp") return await ofMp4(file);
    if (text(head, 0, 4) === "RIFF" && text(head, 8, 4) === "AVI ") return ofAvi(head);
    if (head.byteLength > 4 && head.getUint32(0) === 0x1a45dfa3) return ofMatroska(head);
  } catch {
    /* cut off in the middle of what is read: the import says more */
  }
  return null;
}

/** @param {Named} file */
async function ofMp4(file) {
  const moov = await box(file, "moov", 0, file.size);
  const mvhd = moov && (await box(file, "mvhd", moov.start, moov.end));
  if (!mvhd) return null;
  const view = await read(file, mvhd.start, 32),
    wide = view.getUint8(0) === 1;
  const scale = view.getUint32(wide ? 20 : 12),
    length = wide ? Number(view.getBigUint64(24)) : view.getUint32(16);
  return scale && length ? length / scale : null;
}

// The contents of the first box of this kind in a part of the file.
/** @param {Named} file @param {string} kind @param {number} start @param {number} end */
async function box(file, kind, start, end) {
  for (let at = start, left = 1000; at + 8 <= end && left; left--) {
    const head = await read(file, at, 16);
    let size = head.getUint32(0),
      from = 8;
    if (size === 1) [size, from] = [Number(head.getBigUint64(8)), 16];
    if (size === 0) size = end - at;
    if (size < from) return null;
    if (text(head, 4, 4) === kind) return { start: at + from, end: Math.min(end, at + size) };
    at += size;
  }
  return null;
}

/** @param {DataView} head */
function ofAvi(head) {
  if (text(head, 24, 4) !== "avih") return null;
  return (head.getUint32(32, true) * head.getUint32(48, true)) / 1e6 || null;
}

// Duration stands among the first elements, as a float that counts in units of the timestamp scale (nanoseconds).
/** @param {DataView} head */
function ofMatroska(head) {
  const scaleAt = place(head, [0x2a, 0xd7, 0xb1]),
    at = place(head, [0x44, 0x89]);
  if (at < 0) return null;
  const length = head.getUint8(at) & 0x7f;
  const ticks = length === 8 ? head.getFloat64(at + 1) : length === 4 ? head.getFloat32(at + 1) : 0;
  let scale = 0;
  if (scaleAt >= 0)
    for (let n = 0; n < (head.getUint8(scaleAt) & 0x7f); n++) scale = scale * 256 + head.getUint8(scaleAt + 1 + n);
  return (ticks * (scale || 1e6)) / 1e9 || null;
}

// Where these bytes end.
/** @param {DataView} view @param {number[]} bytes */
function place(view, bytes) {
  for (let at = 0; at + bytes.length + 9 < view.byteLength; at++)
    if (bytes.every((byte, n) => view.getUint8(at + n) === byte)) return at + bytes.length;
  return -1;
}

/** @param {Named} file @param {number} at @param {number} length */
const read = async (file, at, length) => new DataView(await file.slice(at, at + length).arrayBuffer());
/** @param {DataView} view @param {number} at @param {number} length */
const text = (view, at, length) =>
  view.byteLength < at + length ? "" : String.fromCharCode(...new Uint8Array(view.buffer, at, length));

// Frames that come of a video: at t = 0, 1/fps, 2/fps …
/** @type {(seconds: number, fps: number) => number} */
export const framesOf = (seconds, fps) => Math.max(1, Math.ceil(seconds * fps - 1e-6));

const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|m?ts|m2ts|wmv|asf|flv|ogv|mxf|3gp|dav)$/i;
/** @param {{ type: string, name: string }} file */
export const isVideo = (file) => file.type.startsWith("video/") || (!file.type.startsWith("image/") && VIDEO.test(file.name));
