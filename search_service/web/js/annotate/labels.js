// The project's labels: which to look for, what SAM 3 is asked for each, and from which score a find is shown.
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { fromNames } from "../router.js";
import { nameKey, splitList } from "../typed.js";

const MANY = 8; // labels, from which on they can be looked for

const words = (text) => [...new Set(splitList(text).map((one) => one.replace(/\s+/g, " ")))];

// `drafts`: what a person typed and has not kept yet, as `state()` gave it. `onchange`: other labels or prompts;
// `onthreshold`: a threshold was moved, here or by `setThreshold`.
export function labelForm({ recipe, chosen, drafts = {}, onchange, onthreshold }) {
  const names = recipe.concepts.map((one) => one.label);
  const rows = recipe.concepts.map((concept, place) =>
    row(concept, chosen ? chosen.includes(concept.label) : place === 0),
  );
  const root = h(
    "fieldset",
    { class: "panel labels" },
    h("legend", {}, t("annotate.labels")),
    rows.length > MANY && tools(),
    h(
      "div",
      { class: "label-head muted", "aria-hidden": "true" },
      h("span", {}, t("annotate.label")),
      h("span", {}, t("annotate.prompts")),
      h("span", {}, t("annotate.threshold")),
    ),
    h("div", { class: rows.length > MANY ? "label-list" : "" }, rows.map((one) => one.root)),
    h("p", { class: "muted" }, t("annotate.recipeNote")),
  );

  // Of many labels: those that a word names, and all of those that are shown at once.
  function tools() {
    const word = h("input", {
      id: "label-filter",
      type: "search",
      placeholder: t("annotate.filterLabels"),
      "aria-label": t("annotate.filterLabels"),
      oninput: () => {
        for (const one of rows) one.root.hidden = !nameKey(one.label).includes(nameKey(word.value));
      },
    });
    const tick = (id, on) =>
      h(
        "button",
        {
          id,
          type: "button",
          class: "quiet",
          onclick: () => {
            for (const one of rows) if (!one.root.hidden) one.choose(on);
            onchange();
          },
        },
        t(on ? "annotate.selectLabels" : "annotate.deselectLabels"),
      );
    return h("div", { class: "bar label-tools" }, word, tick("labels-all", true), tick("labels-none", false));
  }

  function row(concept, on) {
    const { label } = concept,
      kept = () => concept.prompts.join(", "),
      draft = drafts?.[label];
    const box = h("input", {
      type: "checkbox",
      checked: on,
      value: label,
      onchange: () => {
        show();
        onchange();
      },
    });
    const prompts = h("input", {
      type: "text",
      value: typeof draft?.prompts === "string" ? draft.prompts : kept(),
      "aria-label": t("annotate.promptsOf", { label }),
      maxlength: 2000,
      oninput: () => {
        show();
        onchange();
      },
    });
    const slider = h("input", {
      type: "range",
      min: recipe.keep_threshold,
      max: 1,
      step: 0.01,
      value: String(concept.threshold),
      "aria-label": t("annotate.thresholdOf", { label }),
      oninput: () => set(Number(slider.value)),
    });
    let unmoved = slider.value; // a threshold between two of the slider's steps is not changed by being shown
    const threshold = () => (slider.value === unmoved ? concept.threshold : Number(slider.value));
    if (typeof draft?.threshold === "number") slider.value = String(draft.threshold);
    const value = h("output", {});
    const reset = h(
      "button",
      {
        type: "button",
        class: "quiet",
        hidden: true,
        title: t("annotate.resetHint"),
        onclick: () => {
          prompts.value = concept.config.prompts.join(", ");
          set(concept.config.threshold);
          onchange();
        },
      },
      t("annotate.reset"),
    );
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = colourOf(names, label);

    const asked = () => (prompts.value === kept() ? concept.prompts : words(prompts.value)); // a prompt may hold a comma
    const reworded = () => JSON.stringify(asked()) !== JSON.stringify(concept.prompts);
    function set(score) {
      slider.value = String(score);
      show();
      onthreshold();
    }
    function show() {
      value.textContent = number(threshold(), 2);
      reset.hidden =
        threshold() === concept.config.threshold && prompts.value === concept.config.prompts.join(", ");
    }
    show();
    return {
      label,
      set,
      chosen: () => box.checked,
      choose: (now) => {
        box.checked = now;
        show();
      },
      threshold,
      draft: () => ({
        ...(reworded() ? { prompts: prompts.value } : {}),
        ...(threshold() === concept.threshold ? {} : { threshold: threshold() }),
      }),
      wanted: () => ({ label, prompts: asked(), threshold: threshold() }),
      changed: () => reworded() || threshold() !== concept.threshold,
      keep: (now) => {
        if (now.threshold !== concept.threshold) unmoved = String(now.threshold);
        Object.assign(concept, now);
      },
      root: h(
        "div",
        { class: "label-row" },
        h("label", { class: "name", title: label }, box, swatch, h("span", {}, label)),
        prompts,
        h("span", { class: "threshold" }, slider, value),
        reset,
      ),
    };
  }

  const on = () => rows.filter((one) => one.chosen());
  return {
    root,
    names,
    labels: () => on().map((one) => one.label),
    concepts: () => on().map((one) => one.wanted()),
    changed: () =>
      on()
        .filter((one) => one.changed())
        .map((one) => one.wanted()),
    // What `changed` returned has become the project's.
    kept: (concepts) => {
      for (const now of concepts) rows.find((one) => one.label === now.label).keep(now);
    },
    thresholds: () => Object.fromEntries(rows.map((one) => [one.label, one.threshold()])),
    setThreshold: (label, value) => rows.find((one) => one.label === label)?.set(value),
    state: () => {
      const changed = rows.map((one) => [one.label, one.draft()]).filter(([, draft]) => Object.keys(draft).length);
      return {
        labels: fromNames(on().map((one) => one.label)),
        recipe: changed.length ? JSON.stringify(Object.fromEntries(changed)) : null,
      };
    },
  };
}
