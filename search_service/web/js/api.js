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

// Show a task's picture, at most `size` pixels wide. An <img> cannot carry a token, so with one it is fetched.
export async function picture(image, task, size) {
  const url = `/api/v1/images/${task}?size=${size}`;
  if (!sessionStorage.getItem(KEY)) {
    image.src = url;
    return;
  }
  const answer = await fetch(url, { headers: headers() });
  if (!answer.ok) {
    image.dispatchEvent(new Event("error"));
    return;
  }
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(await answer.blob());
}
