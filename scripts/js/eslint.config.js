// What the page's JavaScript keeps to; run from the repository's root by scripts/check_page.py.
import comments from "@eslint-community/eslint-plugin-eslint-comments/configs";
import js from "@eslint/js";
import globals from "globals";

// Markup reaches the document through `h` in dom.js alone, as text: so neither a task's data nor an error can hold any.
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({ property }));

export default [
  js.configs.recommended,
  comments.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      // A longer one says why: // eslint-disable-next-line max-lines-per-function -- the reason
      "@eslint-community/eslint-comments/require-description": ["error", { ignore: ["eslint-enable"] }],
    },
  },
  {
    files: ["search_service/web/js/**"],
    languageOptions: { globals: globals.browser },
    rules: {
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", 42], // 40 of body, and the lines on which it begins and ends
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": ["error", ...MARKUP],
    },
  },
  {
    files: ["tests/**", "scripts/js/**"],
    languageOptions: { globals: { ...globals.node, location: "readonly", sessionStorage: "readonly" } },
  },
];
