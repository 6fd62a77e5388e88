// The curves that are switched: quantity, data set, iterations or seconds, raw or gap to the best.
(function () {
  var figure = document.querySelector("[data-curves]"), holder = document.getElementById("data");
  if (!figure || !holder) return;
  var data = JSON.parse(holder.textContent).curves;
  if (!data) return;
  var find = function (selector) { return figure.querySelector(selector); };
  var measures = find("[data-measure]"), places = find("[data-place]"), plot = find("[data-plot]");
  var said = find("[data-hover]"), legend = find(".legend"), hidden = {}, chart = null, drawn = [];
  var hint = said.textContent;

  function fill(select, labels, kept) {
    select.textContent = "";
    labels.forEach(function (label, i) { select.add(new Option(label, i)); });
    var at = labels.indexOf(kept);
    select.value = at < 0 ? 0 : at;
    select.closest(".choice").hidden = labels.length < 2;
  }
  function measure() { return data.measures[+measures.value]; }
  function fillPlaces() {
    var kept = places.selectedOptions[0] ? places.selectedOptions[0].text : "";
    fill(places, measure().places.map(function (place) { return place.name; }), kept);
  }
  function line(curve, gap) {
    var style = data.estimators[curve[0]], m = measure();
    // On a logarithmic axis nothing is 0: what is 0 to rounding is drawn at the foot.
    var lift = function (values) {
      return gap ? values.map(function (v) { return v == null ? null : v > m.noise ? v : m.floor; }) : values;
    };
    return {
      name: curve[0], label: style.label, colour: style.colour, dash: style.dash.map(function (d) { return d * 3; }),
      width: style.width, times: curve[1], low: lift(curve[2]), middle: lift(curve[3]), high: lift(curve[4]),
      show: !hidden[curve[0]],
    };
  }
  function positive(lines) {
    return lines.map(function (l) {
      var from = l.times.findIndex(function (t) { return t > 0; });
      var cut = function (values) { return from < 0 ? [] : values.slice(from); };
      return Object.assign({}, l, { times: cut(l.times), low: cut(l.low), middle: cut(l.middle), high: cut(l.high) });
    });
  }
  function showLegend(lines) {
    legend.textContent = "";
    lines.forEach(function (l) {
      var button = document.createElement("button");
      button.type = "button";
      button.dataset.series = l.name;
      button.setAttribute("aria-pressed", String(l.show));
      button.innerHTML = '<svg viewBox="0 0 26 8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" stroke="' +
        reportChart.tint(l.colour) + '" stroke-width="' + l.width + '"' +
        (l.dash.length ? ' stroke-dasharray="' + l.dash.join(" ") + '"' : "") + "/></svg>";
      button.append(l.label);
      button.addEventListener("click", function () {
        hidden[l.name] = !hidden[l.name];
        draw();
        legend.querySelector('[data-series="' + CSS.escape(l.name) + '"]').focus();
      });
      legend.append(button);
    });
  }
  function draw() {
    var m = measure(), gap = figure.dataset.yNow === "gap", x = figure.dataset.xNow;
    var curves = m.places[+places.value][gap ? "gap" : "raw"][x];
    var lines = curves.map(function (curve) { return line(curve, gap); });
    var long = lines.some(function (l) { return l.times[l.times.length - 1] > 60; }) || x === "seconds";
    var logX = long && !/epoch/.test(data.clocks.steps);
    drawn = logX ? positive(lines) : lines;
    showLegend(lines);
    var unit = m.unit ? " (" + m.unit + ")" : "";
    if (chart) chart.destroy();
    chart = reportChart.draw(plot, drawn, {
      log: gap, logX: logX, floor: m.floor, xLabel: data.clocks[x],
      yLabel: (gap ? "gap to the best" : m.label) + unit, moved: read,
    });
    said.textContent = hint;
  }
  function read(plotted) {
    var i = plotted.cursor.idx;
    if (i == null) return;
    var at = plotted.data[0][i], m = measure(), gap = figure.dataset.yNow === "gap";
    var parts = drawn.map(function (l, k) {
      if (!l.show) return null;
      var j = i, row = plotted.data[3 * k + 2];
      while (j > 0 && row[j] == null) j -= 1;
      if (row[j] == null) return null;
      var zero = gap && row[j] <= m.floor;
      return l.label + " " + (zero ? "0 to rounding" : reportChart.number(row[j]));
    }).filter(Boolean);
    said.textContent = data.clocks[figure.dataset.xNow] + " " + reportChart.number(at) + ": " + parts.join("; ");
  }
  function choose(name) {
    figure.querySelectorAll("[data-" + name + "]").forEach(function (button) {
      if (button.tagName !== "BUTTON") return;
      button.addEventListener("click", function () {
        figure.setAttribute("data-" + name + "-now", button.dataset[name]);
        figure.querySelectorAll("button[data-" + name + "]").forEach(function (other) {
          other.setAttribute("aria-pressed", String(other === button));
        });
        draw();
      });
    });
  }
  plot.addEventListener("keydown", function (event) {
    var step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[event.key];
    if (!step || !chart) return;
    event.preventDefault();
    var times = chart.data[0], now = chart.cursor.idx == null ? -1 : chart.cursor.idx;
    var i = Math.max(0, Math.min(times.length - 1, now + step));
    chart.setCursor({ left: chart.valToPos(times[i], "x"), top: 10 });
    read({ cursor: { idx: i }, data: chart.data });
    chart.cursor.idx = i;
  });
  measures.addEventListener("change", function () { fillPlaces(); draw(); });
  places.addEventListener("change", draw);
  choose("x");
  choose("y");
  fill(measures, data.measures.map(function (m) { return m.label; }), "");
  fillPlaces();
  figure.hidden = false;
  draw();
  document.addEventListener("report-theme", draw);
  var width = plot.clientWidth;
  new ResizeObserver(function () {
    if (Math.abs(plot.clientWidth - width) < 2) return;
    width = plot.clientWidth;
    requestAnimationFrame(draw);
  }).observe(plot);
})();
