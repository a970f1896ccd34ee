// A ZIP of files as they are, made in the browser: the service takes one file, and people have folders.

const MOST = 65_535, // files: more would need another kind of ZIP
  MOST_BYTES = 2 ** 32 - 2 ** 24;
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const VERSION = 20,
  UTF8 = 0x0800,
  FIRST_DAY = 0x21; // of the format's calendar

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

// Numbers of two or four bytes, one after another: `[bytes, value]`.
/** @param {[2 | 4, number][]} fields */
function packed(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return view.buffer;
}

/** @param {File} file */
export const pathOf = (file) => file.webkitRelativePath.split("/").slice(1).join("/") || file.name;

// Return null where a ZIP of this kind cannot hold so much. The same files make the same bytes, so that an upload that was
// cut off goes on.
/** @param {File[]} files @param {string} name @returns {Promise<File | null>} */
export async function zipOf(files, name) {
  if (files.length > MOST || files.reduce((sum, { size }) => sum + size + 1024, 0) > MOST_BYTES) return null;
  /** @type {BlobPart[]} */
  const parts = [],
    /** @type {BlobPart[]} */
    central = [];
  let at = 0,
    length = 0;
  for (const file of files.sort((one, other) => (pathOf(one) < pathOf(other) ? -1 : 1))) {
    const path = new TextEncoder().encode(pathOf(file));
    const sum = crc32(new Uint8Array(await file.arrayBuffer()));
    /** @type {[2 | 4, number][]} */
    const facts = [[2, UTF8], [2, 0], [2, 0], [2, FIRST_DAY], [4, sum], [4, file.size], [4, file.size], [2, path.length], [2, 0]];
    const head = packed([[4, LOCAL], [2, VERSION], ...facts]);
    const entry = packed([[4, CENTRAL], [2, VERSION], [2, VERSION], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]);
    parts.push(head, path, file);
    central.push(entry, path);
    at += head.byteLength + path.length + file.size;
    length += entry.byteLength + path.length;
  }
  const end = packed([[4, END], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, at], [2, 0]]);
  const lastModified = Math.max(...files.map((file) => file.lastModified));
  return new File([...parts, ...central, end], name, { type: "application/zip", lastModified });
}
