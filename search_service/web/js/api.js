// The one way to the REST API. A refused request becomes a `Problem` that says what is wrong in the page's language.
import { problemText, t } from "./i18n.js";

export class Problem extends Error {
  /** @param {string} text @param {Api.ProblemBody} body */
  constructor(text, body = {}, status = 0) {
    super(text);
    this.body = body;
    this.status = status;
    this.code = body.code;
  }
}

// Both of this tab only; the page itself never carries them. PERSON is `{ token, name }` of whoever is signed in.
const KEY = "argus-token",
  PERSON = "argus-person",
  HEADER = "X-Label-Studio-Token";
/** @typedef {(wrong: boolean) => Promise<string | null>} AskToken */
/** @type {AskToken} */
let askToken = () => Promise.resolve(null),
  askPerson = askToken;

// The frame says how a person is asked for the API's token, `token(wrong)`, and for their own, `person(wrong)`. Each
// resolves to what is kept then, as text, or to null.
/** @param {{ token: AskToken, person: AskToken }} asks */
export function onTokensNeeded({ token, person }) {
  askToken = token;
  askPerson = person;
}

/** @type {() => { token: string, name: string } | null} */
export const person = () => JSON.parse(sessionStorage.getItem(PERSON) ?? "null");

/** @param {{ token: string, name: string } | null} who */
export function keepPerson(who) {
  if (who) sessionStorage.setItem(PERSON, JSON.stringify(who));
  else sessionStorage.removeItem(PERSON);
}

const kept = () => [sessionStorage.getItem(KEY), sessionStorage.getItem(PERSON)].join();

// Whether requests carry a token: what an <img> or a link asks for would go without.
export const carriesToken = () => Boolean(sessionStorage.getItem(KEY) || person());

// `own`: somebody's token to be tried, instead of that of who is signed in.
/** @param {Record<string, string>} extra @param {string} [own] */
export function headers(extra = {}, own = person()?.token) {
  const token = sessionStorage.getItem(KEY);
  return { ...extra, ...(token && { Authorization: `Bearer ${token}` }), ...(own && { [HEADER]: own }) };
}

// Whether a request came to nothing because its screen was closed.
/** @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError";

// Returns the answer as a `Response`. `json` makes it a POST, unless `method` says otherwise; `own` as for `headers`;
// `extra` headers besides.
/**
 * @typedef {{ json?: unknown, body?: Blob, signal?: AbortSignal, own?: string, method?: string,
 *   extra?: Record<string, string> }} Options
 * @param {string} path
 * @param {Options} options
 */
export async function request(path, { json, own, extra = {}, ...options } = {}) {
  const sent = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
  /** @type {Record<string, string>} */
  const type = json === undefined ? {} : { "Content-Type": "application/json" };
  const ask = () => fetch(`/api/v1${path}`, { ...sent, ...options, headers: headers({ ...type, ...extra }, own) });
  for (let again = false; ; again = true) {
    const used = kept(),
      answer = await reach(ask);
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => ({})),
      wanted = own ? null : missing(answer.status, body);
    if (!wanted || (used === kept() && !(await newToken(wanted, again || Boolean(wanted.wrong)))))
      throw new Problem(problemText(body, answer.status), body, answer.status);
  }
}

// Which token a refused request lacks; null when that is not why.
/**
 * @typedef {{ ask: AskToken, key: string, wrong?: boolean }} Wanted
 * @param {number} status
 * @param {Api.ProblemBody} body
 * @returns {Wanted | null}
 */
function missing(status, { code, details }) {
  if (code === "person_required") return { ask: askPerson, key: PERSON };
  if (details?.header === HEADER) return { ask: askPerson, key: PERSON, wrong: true };
  return status === 401 ? { ask: askToken, key: KEY } : null;
}

// Several requests may be refused at once; the person is asked once.
/** @type {Promise<string | null> | null} */
let asking = null;
/** @param {Wanted} wanted @param {boolean} wrong */
function newToken({ ask, key }, wrong) {
  asking ??= ask(wrong)
    .then((token) => {
      if (token) sessionStorage.setItem(key, token);
      return token;
    })
    .finally(() => {
      asking = null;
    });
  return asking;
}

/** @param {() => Promise<Response>} ask */
async function reach(ask) {
  try {
    return await ask();
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem(t("common.unreachable"));
  }
}

/**
 * @template [Answer=any]
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export const api = async (path, options) => (await request(path, options)).json();

// Show a task's picture, at most `size` pixels wide.
/** @type {(image: HTMLImageElement, task: number, size: number) => void} */
export const picture = (image, task, size) => show(image, `/images/${task}?size=${size}`);

// Show what the API has at `path`, a picture. An <img> cannot carry a token and does not tell why it failed, so with a
// token, or once it has failed, it is fetched. While the service is busy with others' pictures the placeholder stays.
/** @param {HTMLImageElement} image @param {string} path */
export function show(image, path) {
  image.dataset.path = path;
  if (carriesToken()) {
    fetched(image, path);
    return;
  }
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
/** @param {HTMLImageElement} image @param {string} path */
async function fetched(image, path) {
  const stale = () => image.dataset.path !== path; // the same <img> shows another picture by now
  for (let left = TRIES; ; left--) {
    try {
      const made = URL.createObjectURL(await (await request(path)).blob());
      if (stale()) {
        URL.revokeObjectURL(made);
        return;
      }
      if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
      image.src = made;
      return;
    } catch (error) {
      if (stale()) return;
      const busy = error instanceof Problem && error.code === "busy";
      if (!busy || !left) {
        image.dispatchEvent(new Event("error"));
        return;
      }
    }
    await new Promise((done) => setTimeout(done, 2000 + 2000 * Math.random()));
    if (stale() || !image.isConnected) return;
  }
}
