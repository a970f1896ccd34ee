// The one way to the REST API. A refused request becomes a `Problem` that says what is wrong in the page's language.
import { problemText, t } from "./i18n.js";

export class Problem extends Error {
  constructor(text, body = {}, status = 0) {
    super(text);
    Object.assign(this, { body, status, code: body.code });
  }
}

const KEY = "argus-token"; // of this tab only; the page itself never carries it
let askToken = () => Promise.resolve(null);

// The frame says how a person is asked for the token: `ask(wrong)` resolves to it, or to null.
export function onTokenNeeded(ask) {
  askToken = ask;
}

export function headers(extra = {}) {
  const token = sessionStorage.getItem(KEY);
  return token ? { ...extra, Authorization: `Bearer ${token}` } : extra;
}

// Returns the answer as a `Response`. `json` makes it a POST, unless `method` says otherwise.
export async function request(path, { json, signal, ...options } = {}) {
  if (json !== undefined)
    options = { method: "POST", body: JSON.stringify(json), type: "application/json", ...options };
  const { type, ...rest } = options;
  const ask = () =>
    fetch(`/api/v1${path}`, { ...rest, signal, headers: headers(type ? { "Content-Type": type } : {}) });
  let used = sessionStorage.getItem(KEY),
    answer = await reach(ask);
  for (let wrong = false; answer.status === 401; wrong = true) {
    if (used === sessionStorage.getItem(KEY) && !(await newToken(wrong))) break;
    used = sessionStorage.getItem(KEY);
    answer = await reach(ask);
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Problem(problemText(body, answer.status), body, answer.status);
}

// Several requests may be refused at once; the person is asked once.
let asking = null;
function newToken(wrong) {
  asking ??= askToken(wrong)
    .then((token) => {
      if (token) sessionStorage.setItem(KEY, token);
      return token;
    })
    .finally(() => {
      asking = null;
    });
  return asking;
}

async function reach(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(t("common.unreachable"));
  }
}

export const api = async (path, options) => (await request(path, options)).json();

// Show a task's picture, at most `size` pixels wide.
export const picture = (image, task, size) => show(image, `/images/${task}?size=${size}`);

// Show what the API has at `path`, a picture. An <img> cannot carry a token and does not tell why it failed, so with a
// token, or once it has failed, it is fetched. While the service is busy with others' pictures the placeholder stays.
export function show(image, path) {
  image.dataset.path = path;
  if (sessionStorage.getItem(KEY)) return fetched(image, path);
  image.addEventListener(
    "error",
    (event) => {
      if (image.dataset.path !== path) return;
      event.stopImmediatePropagation();
      fetched(image, path);
    },
    { once: true },
  );
  image.src = `/api/v1${path}`;
}

const TRIES = 20;
async function fetched(image, path) {
  const stale = () => image.dataset.path !== path; // the same <img> shows another picture by now
  for (let left = TRIES; ; left--) {
    try {
      const made = URL.createObjectURL(await (await request(path)).blob());
      if (stale()) return URL.revokeObjectURL(made);
      if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
      image.src = made;
      return;
    } catch (error) {
      if (stale()) return;
      if (error.code !== "busy" || !left) return image.dispatchEvent(new Event("error"));
    }
    await new Promise((done) => setTimeout(done, 2000 + 2000 * Math.random()));
    if (stale() || !image.isConnected) return;
  }
}
