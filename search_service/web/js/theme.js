// Light, dark, or as the system has it.
const KEY = "argus-theme";
const ORDER = ["system", "light", "dark"];

export const theme = () => {
  const chosen = localStorage.getItem(KEY);
  return chosen && ORDER.includes(chosen) ? chosen : "system";
};

export function nextTheme() {
  localStorage.setItem(KEY, ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length]);
  document.documentElement.dataset.theme = theme();
}
