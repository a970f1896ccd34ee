// Words in English and Japanese. A message is a string with {names} in it, or a function of the same values.
import annotate from "./words/annotate.js";
import common from "./words/common.js";
import evaluate from "./words/evaluate.js";
import exporting from "./words/export.js";
import footage from "./words/footage.js";
import home from "./words/home.js";
import labels from "./words/labels.js";
import like from "./words/like.js";
import picture from "./words/picture.js";
import problems from "./words/problems.js";
import review from "./words/review.js";
import scores from "./words/scores.js";
import search from "./words/search.js";
import setup from "./words/setup.js";
import teach from "./words/teach.js";
import verify from "./words/verify.js";
import wall from "./words/wall.js";
import work from "./words/work.js";

/** @typedef {"en" | "ja"} Language */
/** @typedef {Record<string, any>} Values */
/** @typedef {Record<Language, Record<string, string | ((values: Values) => string)>>} Words */

/** @type {Record<string, Words>} */
export const WORDS = {
  annotate,
  common,
  evaluate,
  export: exporting,
  footage,
  home,
  labels,
  like,
  picture,
  problems,
  review,
  scores,
  search,
  setup,
  teach,
  verify,
  wall,
  work,
};
/** @type {Record<Language, string>} */
export const LANGUAGES = { en: "English", ja: "日本語" };
const KEY = "argus-language";

/** @type {(name: string | null) => Language | null} */
const known = (name) => (name === "en" || name === "ja" ? name : null);

// `?lang=` wins for this visit, then what the person chose before, then what the browser asks for.
/** @type {Language} */
export const language =
  known(new URLSearchParams(location.search).get("lang")) ??
  known(localStorage.getItem(KEY)) ??
  (navigator.languages ?? [navigator.language]).map((name) => known(name.slice(0, 2))).find(Boolean) ??
  "en";
document.documentElement.lang = language;

/** @param {string} name */
export function chooseLanguage(name) {
  localStorage.setItem(KEY, name);
  const address = new URL(location.href);
  address.searchParams.delete("lang");
  location.replace(address);
}

// t("common.task", { task: 3 }); an unknown key shows itself and is an error in the console, so that it is seen.
/** @param {string} key @param {Values} values */
export function t(key, values = {}) {
  const [room, ...rest] = key.split(".");
  const message = WORDS[room]?.[language]?.[rest.join(".")];
  if (message === undefined) {
    console.error(`There are no words for ${key}.`);
    return key;
  }
  if (typeof message === "function") return message(values);
  return message.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// "cpu, fan, hdd and 57 more": a line that stays one when there are many names, or long ones.
/** @param {string[]} names */
export const some = (names, most = 3) => {
  if (names.length <= most + 1) return names.map((name) => short(name)).join(", ");
  const shown = names.slice(0, most).map((name) => short(name));
  return t("common.andMore", { names: shown.join(", "), n: names.length - most });
};

/** @param {string} text */
export const short = (text, most = 40) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** @param {number} value */
export const number = (value, digits = 0) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
/** @param {number} value */
export const percent = (value) => value.toLocaleString(language, { style: "percent", maximumFractionDigits: 0 });
/** @param {string} text */
export const when = (text) => new Date(text).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });

// How long: 45 sec, 12 min, 3 hr, in the page's language.
/** @param {number} seconds */
export const duration = (seconds) => {
  const size = seconds < 120 ? 1 : seconds < 7200 ? 60 : 3600;
  const unit = { 1: "second", 60: "minute", 3600: "hour" }[size];
  return Math.floor(seconds / size).toLocaleString(language, { style: "unit", unit, unitDisplay: "short" });
};

// A place in a video: 2:07, or 2:07.25 between full seconds.
/** @param {number} seconds */
export const clock = (seconds) => {
  const rest = seconds % 60,
    digits = Number.isInteger(rest) ? 0 : 2;
  return `${Math.floor(seconds / 60)}:${rest.toFixed(digits).padStart(digits ? 5 : 2, "0")}`;
};

// A refused request in words: what this language says for the code, then the server's own sentence about the case.
/** @param {Api.ProblemBody} body @param {number} status */
export function problemText(body, status) {
  const own = language === "en" ? "" : String(WORDS.problems[language][body.code ?? ""] ?? "");
  const said = [body.detail, body.hint].filter(Boolean).join(" ");
  if (own && said) return `${own}（${said}）`;
  return own || said || t("common.answered", { status });
}
