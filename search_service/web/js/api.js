// The one way to the REST API. A refused request becomes a `Problem` that says what is wrong in the page's language.
import { problemText, t } from "./i18n.js";

export class Problem extends Error {
  constructor(text, body = {}, status = 0) {
    super(text);
    Object.assign(this, { body, status, code: body.code });
  }
}

// Both of this tab only; the page itself never carries them. PERSON is `{ token, name }` of whoever is signed in.
const KEY = "argus-token",
  PERSON = "argus-person",
  HEADER = "X-Label-Studio-Token";
let askToken = () => Promise.resolve(null),
  askPerson = () => Promise.resolve(null);

// The frame says how a person is asked for the API's token, `token(wrong)`, and for their own, `person(wrong)`. Each
// resolves to what is kept then, as text, or to null.
export function onTokensNeeded({ token, person }) {
  askToken = token;
  askPerson = person;
}

export const person = () => JSON.parse(sessionStorage.getItem(PERSON) ?? "null");

export function keepPerson(who) {
  if (who) sessionStorage.setItem(PERSON, JSON.stringify(who));
  else sessionStorage.removeItem(PERSON);
}

const kept = () => [sessionStorage.getItem(KEY), sessionStorage.getItem(PERSON)].join();

// Whether requests carry a token: what an <img> or a link asks for would go without.
export const carriesToken = () => Boolean(sessionStorage.getItem(KEY) || person());

// `own`: somebody's token to be tried, instead of that of who is signed in.
export function headers(extra = {}, own = person()?.token) {
  const token = sessionStorage.getItem(KEY);
  return { ...extra, ...(token && { Authorization: `Bearer ${token}` }), ...(own && { [HEADER]: own }) };
}

// Returns the answer as a `Response`. `json` makes it a POST, unless `method` says otherwise; `own` as for `headers`.
export async function request(path, { json, signal, own, ...options } = {}) {
  if (json !== undefined)
    options = { method: "POST", body: JSON.stringify(json), type: "application/json", ...options };
  const { type, ...rest } = options;
  const ask = () =>
    fetch(`/api/v1${path}`, { ...rest, signal, headers: headers(type ? { "Content-Type": type } : {}, own) });
  for (let again = false; ; again = true) {
    const used = kept(),
      answer = await reach(ask);
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => ({})),
      wanted = own ? null : missing(answer.status, body);
    if (!wanted || (used === kept() && !(await newToken(wanted, again || wanted.wrong))))
      throw new Problem(problemText(body, answer.status), body, answer.status);
  }
}

// Which token a refused request lacks; null when that is not why.
function missing(status, { code, details }) {
  if (code === "person_required") return { ask: askPerson, key: PERSON };
  if (details?.header === HEADER) return { ask: askPerson, key: PERSON, wrong: true };
  return status === 401 ? { ask: askToken, key: KEY } : null;
}

// Several requests may be refused at once; the person is asked once.
let asking = null;
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
  if (carriesToken()) return fetched(image, path);
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
