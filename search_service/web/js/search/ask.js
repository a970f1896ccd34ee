import { api } from "../api.js";

// What is searched for, as the address holds it and as the API takes it.
const FILTERS = ["labelled", "predicted", "band", "label", "video", "video_from", "video_to", "collapse"];
const NAMES = ["q", "like", "unlike", ...FILTERS]; // in the address

const ids = (text) =>
  (text ?? "")
    .split(",")
    .map(Number)
    .filter((id) => Number.isInteger(id) && id > 0);

// From the address; `file` is an image that was dropped here: { name, data: base64 }, which no address can hold.
export function askFrom(params, file = null) {
  const filters = Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));
  return { text: params.q ?? "", like: ids(params.like), unlike: ids(params.unlike), filters, file };
}

export const isEmpty = (ask) => !ask.text.trim() && !ask.like.length && !ask.file;

// To the address: every name, so that what is no longer asked for goes away.
export function toParams(ask) {
  const held = { q: ask.text.trim(), like: ask.like.join(","), unlike: ask.unlike.join(","), ...ask.filters };
  return { ...Object.fromEntries(NAMES.map((name) => [name, held[name] ?? null])), task: null };
}

export const find = (base, ask, limit, offset, signal) =>
  api(`${base}/search`, { json: body(ask, limit, offset), signal });

// What is kept of an ask by the server: everything but an uploaded file.
export function kept(ask) {
  const { text, like, unlike, filters } = body({ ...ask, file: null }, 1, 0);
  return { text, like, unlike, filters };
}

function body(ask, limit, offset) {
  const yes = { yes: true, no: false };
  const filters = Object.fromEntries(
    Object.entries(ask.filters).map(([name, value]) => [
      name,
      value in yes ? yes[value] : name.startsWith("video_") ? Number(value) : value,
    ]),
  );
  return {
    text: ask.text,
    limit,
    offset,
    filters,
    record: offset === 0,
    like: [...ask.like.map((task) => ({ task })), ...(ask.file ? [{ image: ask.file.data }] : [])],
    unlike: ask.unlike.map((task) => ({ task })),
  };
}

// The other way round: an ask that the server kept (history, saved searches) as the address holds it.
export function fromKept(kept) {
  const filters = Object.fromEntries(
    Object.entries(kept.filters ?? {}).map(([name, value]) => [
      name,
      value === true ? "yes" : value === false ? "no" : String(value),
    ]),
  );
  const tasks = (examples) => (examples ?? []).map((example) => example.task).filter(Boolean);
  return { text: kept.text ?? "", like: tasks(kept.like), unlike: tasks(kept.unlike), filters, file: null };
}

export function readFile(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () =>
      resolve({
        name: file.name || "image",
        data: reader.result.slice(reader.result.indexOf(",") + 1),
        url: URL.createObjectURL(file),
      });
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
