// The panel of a run: settings, status, figures, curve, pictures, log, traceback, command.
(function () {
  var dialog = document.querySelector('[data-panel="run"]'), holder = document.getElementById("data");
  if (!dialog || !holder) return;
  var data = JSON.parse(holder.textContent).runs;
  if (!data) return;
  var body = dialog.querySelector("[data-panel-body]"), title = dialog.querySelector("h2");
  var current = null, opener = null, chart = null;
  var PLACE = 0, SEED = 1, STATUS = 2, MESSAGE = 3, TRACEBACK = 4, SCORES = 5, FACTS = 6, CURVE = 7, PICTURES = 8;

  function element(tag, attributes, text) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function part(name, heading) {
    var made = element("section", { "data-part": name });
    made.append(element("h3", {}, heading));
    body.append(made);
    return made;
  }
  function facts(parent, pairs) {
    var list = element("dl", { class: "facts" });
    pairs.forEach(function (pair) {
      var row = element("div");
      row.append(element("dt", {}, pair[0]), element("dd", {}, pair[1]));
      list.append(row);
    });
    parent.append(list);
  }
  function grid(parent, label, titles, rows) {
    var region = element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label });
    var table = element("table"), head = element("tr"), top = element("thead"), rest = element("tbody");
    titles.forEach(function (text, i) { head.append(element("th", { scope: "col", class: i ? "right" : "left" }, text)); });
    rows.forEach(function (row) {
      var line = element("tr");
      row.forEach(function (text, i) {
        line.append(element(i ? "td" : "th", i ? { class: "right" } : { scope: "row" }, text));
      });
      rest.append(line);
    });
    top.append(head);
    table.append(top, rest);
    region.append(table);
    parent.append(region);
  }
  function said(value) {
    return typeof value === "string" ? value : JSON.stringify(value);
  }
  function number(value) { return value == null ? "—" : reportChart.number(value); }
  function seeds(key) {
    var place = data.runs[key][PLACE];
    return Object.keys(data.runs).filter(function (other) { return data.runs[other][PLACE] === place; })
      .sort(function (a, b) { return data.runs[a][SEED] - data.runs[b][SEED]; });
  }
  function fill(key) {
    var run = data.runs[key], place = data.places[run[PLACE]];
    current = key;
    title.textContent = place.dataset + ", " + place.label + ", seed " + run[SEED];
    body.textContent = "";
    var status = part("status", "Status");
    facts(status, [["ended", run[STATUS]], ["seed", String(run[SEED])], ["key", key]].concat(
      run[MESSAGE] ? [["message", run[MESSAGE]]] : [],
      Object.keys(run[FACTS] || {}).map(function (name) { return [name.replace(/_/g, " "), said(run[FACTS][name])]; })));
    if (run[TRACEBACK]) part("traceback", "Traceback").append(element("pre", { tabindex: "0" }, run[TRACEBACK]));
    var settings = Object.keys(place.settings).map(function (name) { return [name, said(place.settings[name])]; });
    var rest = Object.keys(place.conditions).map(function (name) { return [name.replace(/_/g, " "), said(place.conditions[name])]; });
    facts(part("settings", "Settings of " + place.registered), settings.concat(rest));
    if (run[SCORES]) scores(run[SCORES]);
    if (run[CURVE]) curve(run[CURVE], place);
    if (run[PICTURES]) pictures(run[PICTURES]);
    if (run[CURVE]) log(run[CURVE]);
    part("command", "To run it again").append(
      element("pre", { tabindex: "0" }, place.command.replace("SEEDS", run[SEED] + 1)));
    var all = seeds(key), at = all.indexOf(key);
    dialog.querySelector('[data-action="previous"]').disabled = at === 0;
    dialog.querySelector('[data-action="next"]').disabled = at === all.length - 1;
  }
  function scores(values) {
    var rows = [];
    data.measures.forEach(function (measure, i) {
      if (values[i] != null) rows.push([measure[0].replace(/_/g, " "), measure[1] || "—", number(values[i]), measure[2] === "1" ? "" : measure[2]]);
    });
    if (rows.length) grid(part("scores", "Figures"), "Figures of this run", ["quantity", "split", "value", "unit"], rows);
  }
  function curve(way, place) {
    var made = part("curve", "Curve"), host = element("div", { class: "plot" });
    made.append(host);
    var colours = (JSON.parse(holder.textContent).curves || { estimators: {} }).estimators;
    var colour = colours[place.estimator] ? colours[place.estimator].colour : "#0072b2";
    var label = data.curve.join(", ").replace(/_/g, " ");
    var log = way[0].length > 1 && way[0][way[0].length - 1] > 60, from = log && way[0][0] <= 0 ? 1 : 0;
    var cut = function (values) { return values.slice(from); };
    requestAnimationFrame(function () {
      if (chart) chart.destroy();
      chart = reportChart.draw(host, [{
        label: place.label, colour: colour, dash: [], width: 2, show: true,
        times: cut(way[0]), low: cut(way[2]), middle: cut(way[2]), high: cut(way[2]),
      }], { log: false, logX: log, xLabel: "steps", yLabel: label });
    });
    var last = way[0].length - 1;
    made.append(element("p", {}, label + ": " + number(way[2][0]) + " at step " + way[0][0] + ", " +
      number(way[2][last]) + " at step " + way[0][last] + ", after " + number(way[1][last]) + " seconds of fitting."));
  }
  function pictures(list) {
    var made = part("pictures", "Pictures");
    list.forEach(function (picture) {
      var figure = element("figure");
      figure.append(element("img", { src: picture[2], alt: picture[0] + ": " + picture[1] }),
        element("figcaption", {}, picture[0] + ": " + picture[1]));
      made.append(figure);
    });
  }
  function log(way) {
    var rows = way[0].map(function (step, i) { return [String(step), number(way[1][i]), number(way[2][i])]; });
    grid(part("log", "Log: what was recorded on the way"), "Recorded progress of this run",
      ["step", "seconds", data.curve.join(", ").replace(/_/g, " ")], rows);
  }
  function keyOf(hash) {
    var key = decodeURIComponent(hash.replace(/^#run-/, ""));
    return /^#run-/.test(hash) && data.runs[key] ? key : null;
  }
  function open(key, from) {
    if (from) opener = from;
    fill(key);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    title.focus();
    if (location.hash !== "#run-" + key) history.replaceState(null, "", "#run-" + key);
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-run]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link.dataset.run, link);
      return;
    }
    // With the mouse any cell of a row opens the row's run, unless something was being selected.
    var cell = event.target.closest && event.target.closest("tbody td");
    if (!cell || event.target.closest("a, button") || String(getSelection())) return;
    var own = cell.parentNode.querySelector("a[data-run]");
    if (own) open(own.dataset.run, own);
  });
  dialog.addEventListener("click", function (event) {
    if (event.target === dialog) return dialog.close();
    var action = event.target.dataset ? event.target.dataset.action : null;
    if (action === "close") dialog.close();
    if (action === "previous" || action === "next") {
      var all = seeds(current), to = all[all.indexOf(current) + (action === "next" ? 1 : -1)];
      if (to) open(to, null);
    }
  });
  dialog.addEventListener("close", function () {
    history.replaceState(null, "", location.pathname + location.search);
    (opener || document.getElementById("main")).focus();
    opener = null;
  });
  function fromFragment() {
    var key = keyOf(location.hash);
    if (key && !(dialog.open && key === current)) open(key, null);
  }
  window.addEventListener("hashchange", fromFragment);
  fromFragment();
})();
