// A text box with suggestions below it: the combobox pattern of the ARIA practices. The list never takes the focus.
import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { nameKey } from "../typed.js";

// `groups(text)` gives [{ title, icon, items: [{ text, choose(), forget?() }] }] for what was typed, in plain small letters;
// it is asked again at every letter, and by `again()`.
export function suggestions(input, groups) {
  const list = h("div", {
    id: "suggestions",
    role: "listbox",
    "aria-label": t("search.suggestions"),
    class: "suggestions",
    hidden: true,
  });
  let options = [],
    active = -1,
    wanted = false;
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": "suggestions",
    "aria-expanded": "false",
  })) {
    input.setAttribute(name, value);
  }

  function show() {
    wanted = true;
    options = [];
    const filled = groups(nameKey(input.value)).filter((group) => group.items.length);
    list.replaceChildren(
      ...filled.map((group) =>
        h(
          "div",
          { role: "group", "aria-label": group.title },
          h("div", { class: "title", "aria-hidden": "true" }, group.title),
          group.items.map((item) => option(item, group.icon)),
        ),
      ),
    );
    mark(-1);
    open(options.length > 0);
  }

  function option(item, sign) {
    const made = h(
      "div",
      {
        role: "option",
        id: `suggestion-${options.length}`,
        "aria-selected": "false",
        onpointerdown: (event) => {
          event.preventDefault();
          if (!event.target.closest(".forget")) choose(item);
        },
      },
      icon(sign),
      h("span", {}, item.text),
      item.forget &&
        h(
          "button",
          {
            type: "button",
            class: "forget quiet",
            tabIndex: -1,
            "aria-label": t("search.forget", { text: item.text }),
            onclick: async () => {
              await item.forget();
              show();
            },
          },
          icon("close"),
        ),
    );
    options.push({ made, item });
    return made;
  }

  // There is more to suggest now. Nothing changes for somebody who does not look, or is choosing already.
  function again() {
    if (wanted && active < 0 && !list.matches(":hover")) show();
  }

  function choose(item) {
    close();
    item.choose();
  }

  function close() {
    wanted = false;
    open(false);
  }

  function open(on) {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (!on) mark(-1);
  }

  function mark(place) {
    active = place;
    options.forEach(({ made }, index) => made.setAttribute("aria-selected", String(index === place)));
    if (place >= 0) {
      input.setAttribute("aria-activedescendant", options[place].made.id);
      options[place].made.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  input.addEventListener("input", show);
  input.addEventListener("click", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!list.hidden) event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) {
        show();
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1,
        count = options.length + 1;
      mark(((active + 1 + step + count) % count) - 1);
    } else if (event.key === "Enter") {
      if (active >= 0 && !list.hidden) {
        event.preventDefault();
        choose(options[active].item);
      } else close();
    }
  });
  return { list, again };
}
