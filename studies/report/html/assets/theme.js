// The switch between light and dark; the choice is remembered where the browser lets it be.
(function () {
  var root = document.documentElement;
  var button = document.querySelector('[data-action="theme"]');
  if (!button) return;
  function show(theme) {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light colours" : "Dark colours";
    document.dispatchEvent(new Event("report-theme"));
  }
  function remembered() {
    try { return localStorage.getItem("report-theme"); } catch (e) { return null; }
  }
  button.hidden = false;
  show(root.dataset.theme);
  button.addEventListener("click", function () {
    var theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("report-theme", theme); } catch (e) { /* only for this visit */ }
    show(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function (event) {
    if (!remembered()) show(event.matches ? "dark" : "light");
  });
})();
