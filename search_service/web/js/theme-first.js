// Runs before the first paint, so that a chosen theme does not flash. `theme.js` has the rest.
document.documentElement.dataset.theme = localStorage.getItem("argus-theme") ?? "system";
