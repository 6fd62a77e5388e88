// Filters with a live count, and buttons for the sorting library, which listens to clicks on th.
(function () {
  document.querySelectorAll("table[data-sortable]").forEach(function (table) {
    table.querySelectorAll("[data-value]").forEach(function (cell) {
      if (cell.cellIndex !== undefined) cell.dataset.sort = cell.dataset.value;
    });
    table.querySelectorAll("tbody .right:not([data-value])").forEach(function (cell) {
      cell.dataset.sort = "";
    });
    table.querySelectorAll("thead th").forEach(function (th) {
      var button = document.createElement("button");
      button.type = "button";
      while (th.firstChild) button.append(th.firstChild);
      var label = document.createElement("span");
      label.append.apply(label, Array.from(button.childNodes));
      button.append(label);
      th.append(button);
    });
    table.addEventListener("sort-end", function () {
      table.querySelectorAll("thead th:not([aria-sort])").forEach(function (th) {
        th.setAttribute("aria-sort", "none");
      });
    });
  });

  document.querySelectorAll("input[data-filter]").forEach(function (input) {
    var id = input.dataset.filter, whole = document.getElementById(id);
    var count = document.querySelector('[data-count="' + id + '"]');
    function rows() { return whole.querySelectorAll(whole.tBodies ? "tbody tr" : "article"); }
    function apply() {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0, all = rows();
      all.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.includes(word); });
        if (!row.hidden) shown += 1;
      });
      count.textContent = shown + " of " + all.length;
    }
    input.addEventListener("input", apply);
    input.closest(".filter").hidden = false;
    apply();
    // A link that leads to a row which the filter hides shows it again.
    window.addEventListener("hashchange", function () {
      var row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (row && whole.contains(row) && row.closest("[hidden]")) {
        input.value = "";
        apply();
        row.scrollIntoView();
      }
    });
  });
})();
