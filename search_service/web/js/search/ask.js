import { api } from "../api.js";

// What is searched for, as the address holds it and as the API takes it.
const FILTERS = [
  "labelled",
  "predicted",
  "band",
  "label",
  "label_in",
  "video",
  "video_from",
  "video_to",
  "captured_from",
  "captured_to",
  "flaw",
  "collapse",
];
const NAMES = ["q", "of", "browse", "like", "unlike", ...FILTERS]; // in the address

const ORDERS = /** @type {const} */ (["time", "varied", "rare", "clusters"]);

// In the address a cluster is `cluster-17`: that of task 17.
const CLUSTER = /^cluster-[1-9][0-9]{0,15}$/;

// An example is { task }, { task, box } or { object }; in the address `7`, `7:0.1:0.2:0.5:0.6` or `o12`, several with
// commas between them.
/** @type {(text: string | undefined) => Api.Example[]} */
const examples = (text) =>
  (text ?? "")
    .split(",")
    .map((one) => ({ object: one.startsWith("o"), numbers: one.replace(/^o/, "").split(":").map(Number) }))
    .filter(({ numbers: [id] }) => Number.isInteger(id) && id > 0)
    .map(({ object, numbers: [id, ...box] }) =>
      object ? { object: id } : isBox(box) ? { task: id, box } : { task: id },
    );
/** @param {number[]} box */
const isBox = ([x0, y0, x1, y1, ...rest]) =>
  !rest.length && 0 <= x0 && x0 < x1 && x1 <= 1 && 0 <= y0 && y0 < y1 && y1 <= 1;
/** @param {Api.Example} example */
export const textOf = ({ task, object, box }) => (object ? `o${object}` : [task, ...(box ?? [])].join(":"));

// From the address; `file` is an image that was dropped here: { name, data: base64 }, which no address can hold.
/** @type {(params: Params, file?: DroppedImage | null) => Ask} */
export function askFrom(params, file = null) {
  const filters = Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));
  const of = params.of === "objects" ? "objects" : "";
  const browse = ORDERS.find((order) => order === params.browse) ?? clusterIn(params.browse);
  const { like, unlike } = params;
  return { text: params.q ?? "", of, browse, like: examples(like), unlike: examples(unlike), filters, file };
}

/** @param {string | undefined} text */
const clusterIn = (text = "") => (CLUSTER.test(text) ? /** @type {Ask["browse"]} */ (text) : "");

/** @param {Ask} ask */
export const isEmpty = (ask) => !ask.text.trim() && !ask.like.length && !ask.file;

/** @param {Api.Example[]} likes */
const joined = (likes) => likes.map(textOf).join(",");

// Whether an address without a screen is one of the search.
/** @param {Params} params */
export const asksSearch = (params) => [...NAMES, "task"].some((name) => params[name]);

// To the address: every name, so that what is no longer asked for goes away.
/** @type {(ask: Ask) => Record<string, string | null>} */
export function toParams(ask) {
  /** @type {Record<string, string>} */
  const held = { q: ask.text.trim(), of: ask.of, browse: isEmpty(ask) ? ask.browse : "", like: joined(ask.like), unlike: joined(ask.unlike), ...ask.filters };
  return { ...Object.fromEntries(NAMES.map((name) => [name, held[name] ?? null])), task: null };
}

/** @type {(base: string, ask: Ask, limit: number, offset: number, signal: AbortSignal, record?: boolean) => Promise<Api.Found>} */
export const find = (base, ask, limit, offset, signal, record = offset === 0) =>
  isEmpty(ask)
    ? browsed(base, ask, limit, offset, signal)
    : api(`${base}/search`, { json: { ...body(ask, limit, offset), record }, signal });

// Images without a question, as hits that are like nothing.
/** @type {(base: string, ask: Ask, limit: number, offset: number, signal: AbortSignal) => Promise<Api.Found>} */
async function browsed(base, ask, limit, offset, signal) {
  const [order, around] = ask.browse.split("-");
  const given = { order, ...(around && { around }), limit, offset, ...asked(ask.filters) };
  const query = new URLSearchParams(Object.entries(given).map(([name, value]) => [name, String(value)]));
  const { images, total } = await api(`${base}/browse?${query}`, { signal });
  const hits = images.map((/** @type {object} */ image) => ({ ...image, similarity: null, relevance: null }));
  return { hits, total, order: /** @type {Api.Found["order"]} */ (order), window: total, exact: true, waiting: 0, unread: null, nothing_found: null };
}

// Groups of alike images, of those that pass the filters.
/** @type {(base: string, ask: Ask, signal: AbortSignal) => Promise<Api.Clusters>} */
export const findClusters = (base, ask, signal) =>
  api(`${base}/clusters?${new URLSearchParams(Object.entries(asked(ask.filters)).map(([name, value]) => [name, String(value)]))}`, { signal });

/** @type {(base: string, ask: Ask, limit: number, offset: number, signal: AbortSignal) => Promise<Api.FoundObjects>} */
export const findObjects = (base, ask, limit, offset, signal) =>
  api(`${base}/search/objects`, { json: body(ask, limit, offset), signal });

// The same search of objects, as a view of their tasks takes it.
/** @param {Ask} ask */
export const ofObjects = (ask) => {
  const { text, like, unlike, filters } = body(ask, 0, 0);
  return { text, like, unlike, filters };
};

// What is kept of an ask by the server: everything but an uploaded file.
/** @type {(ask: Ask) => Api.KeptAsk} */
export function kept(ask) {
  return { text: ask.text, like: ask.like, unlike: ask.unlike, filters: asked(ask.filters) };
}

/** @param {Ask} ask @param {number} limit @param {number} offset */
const body = (ask, limit, offset) => ({
  text: ask.text,
  limit,
  offset,
  filters: asked(ask.filters),
  like: [...ask.like, ...(ask.file ? [{ image: ask.file.data }] : [])],
  unlike: ask.unlike,
});

// Filters as the API takes them, from the words of the address.
/** @type {(filters: Record<string, string>) => Record<string, string | number | boolean>} */
const asked = (filters) =>
  Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [
      name,
      value === "yes" || value === "no" ? value === "yes" : name.startsWith("video_") ? Number(value) : value,
    ]),
  );

// The other way round: an ask that the server kept (history, saved searches) as the address holds it.
/** @type {(kept: Api.KeptAsk) => Ask} */
export function fromKept(kept) {
  const filters = Object.fromEntries(
    Object.entries(kept.filters ?? {}).map(([name, value]) => [
      name,
      value === true ? "yes" : value === false ? "no" : String(value),
    ]),
  );
  /** @param {Api.Example[]} [given] */
  const tasks = (given) => (given ?? []).filter((example) => example.task);
  return { text: kept.text ?? "", of: "", browse: "", like: tasks(kept.like), unlike: tasks(kept.unlike), filters, file: null };
}

/** @type {(file: File) => Promise<DroppedImage>} */
export function readFile(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const data = String(reader.result).replace(/^[^,]*,/, ""); // of a data URL
      resolve({ name: file.name || "image", data, url: URL.createObjectURL(file) });
    };
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
