// Before anything is drawn: the theme that was chosen last, else the system's.
(function () {
  var chosen = null;
  try { chosen = localStorage.getItem("report-theme"); } catch (e) { /* storage is off: no memory */ }
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme =
    chosen === "dark" || chosen === "light" ? chosen : dark ? "dark" : "light";
})();
