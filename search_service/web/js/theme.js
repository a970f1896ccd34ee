// Light, dark, or as the system has it.
const KEY = "argus-theme";
const ORDER = ["system", "light", "dark"];

export const theme = () => (ORDER.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system");

export function nextTheme() {
  localStorage.setItem(KEY, ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length]);
  document.documentElement.dataset.theme = theme();
}
