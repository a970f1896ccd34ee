// Sends a file by the resumable upload protocol tus 1.0.0: a piece at a time, from wherever the service says that it ends.
import { Problem, request } from "../api.js";
import { t } from "../i18n.js";

const PIECE = 4 * 2 ** 20, // bytes; what is lost with a connection
  LONGEST_PAUSE = 15_000;
const VERSION = { "Tus-Resumable": "1.0.0" };
const PASSING = new Set([0, 408, 409, 429, 502, 503, 504]); // statuses of what may go well a moment later

/**
 * `path` is that of the project's uploads; `told` what the service is told beside name and date; `id` of one that goes
 * on. `began` is told the id, `sent` the bytes that are stored, `waits` why it does not go on for now.
 * @typedef {{ path: string, file: File, told: Record<string, string>, id: string | null, signal: AbortSignal,
 *   began: (made: Api.Upload) => void, sent: (bytes: number) => void, waits: (problem: Problem) => void }} Job
 */

// Resolves when all of the file is stored. Rejects with what cannot pass by itself, or an abort.
/** @param {Job} job */
export async function send(job) {
  let offset = /** @type {number | null} */ (job.id ? null : 0),
    tries = 0;
  while (offset === null || offset < job.file.size) {
    try {
      if (!job.id) job.id = await begin(job);
      offset ??= await stored(job);
      job.sent(offset);
      if (offset >= job.file.size) return;
      offset = await sendPiece(job, offset);
      job.sent(offset);
      tries = 0;
    } catch (error) {
      if (!(error instanceof Problem) || !PASSING.has(error.status)) throw error;
      await checkFile(job.file);
      if (error.status !== 409) job.waits(error);
      offset = job.id ? null : 0;
      await pause(error, tries++, job.signal);
    }
  }
}

/** @param {Job} job */
async function begin({ path, file, told, signal, began }) {
  const all = { filename: file.name, modified: String(file.lastModified), ...told };
  const pairs = Object.entries(all).map(([key, value]) => `${key} ${encoded(value)}`);
  const extra = { ...VERSION, "Upload-Length": String(file.size), "Upload-Metadata": pairs.join(",") };
  /** @type {Api.Upload} */
  const made = await (await request(path, { method: "POST", extra, signal })).json();
  began(made);
  return made.id;
}

/** @param {Job} job */
async function stored({ path, id, signal }) {
  const answer = await request(`${path}/${id}`, { method: "HEAD", extra: VERSION, signal });
  return Number(answer.headers.get("Upload-Offset"));
}

/** @param {Job} job @param {number} offset */
async function sendPiece({ path, id, file, signal }, offset) {
  const extra = { ...VERSION, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  const body = file.slice(offset, offset + PIECE);
  const answer = await request(`${path}/${id}`, { method: "PATCH", extra, body, signal });
  return Number(answer.headers.get("Upload-Offset"));
}

// UTF-8 in base64.
/** @param {string} text */
export const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// A file that was moved or changed meanwhile fails as a lost connection does.
/** @param {File} file */
async function checkFile(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem(t("footage.fileGone"));
  }
}

// Wait, twice as long each time, or until the browser is online again.
/** @type {(problem: Problem, tries: number, signal: AbortSignal) => Promise<void>} */
const pause = (problem, tries, signal) =>
  new Promise((resolve, reject) => {
    const asked = Number(problem.body.details?.retry_after ?? 0) * 1000,
      timer = setTimeout(done, Math.max(asked, Math.min(1000 * 2 ** tries, LONGEST_PAUSE)));
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      done();
      reject(new DOMException("", "AbortError"));
    }
    window.addEventListener("online", done);
    signal.addEventListener("abort", stop);
  });
