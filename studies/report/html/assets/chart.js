// One chart by uPlot: lines with bands, in the page's colours, linear or logarithmic.
var reportChart = (function () {
  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function shortNumber(value) {
    if (value === 0 || value == null) return value === 0 ? "0" : "";
    var size = Math.abs(value);
    if (size >= 1e6 || size < 1e-3) {
      return value.toExponential(size >= 1e6 ? 1 : 0).replace("e+", "e").replace("-", "−");
    }
    return String(+value.toPrecision(4)).replace("-", "−");
  }
  // A colour that is dark on paper is lightened on a dark ground, with its hue kept.
  function tint(colour, alpha) {
    var mix = 0, n = parseInt(colour.slice(1), 16);
    var parts = [(n >> 16) & 255, (n >> 8) & 255, n & 255];
    var light = (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]) / 255;
    if (document.documentElement.dataset.theme === "dark") mix = Math.max(0, 0.75 - light) * 0.9;
    parts = parts.map(function (part) { return Math.round(part + (255 - part) * mix); });
    return "rgb(" + parts.join(" ") + (alpha === undefined ? "" : " / " + alpha) + ")";
  }
  // Lines of [label, colour, dash, width, times, low, middle, high] on the union of their times.
  function joined(lines) {
    var tables = lines.map(function (line) {
      return [line.times, line.low, line.middle, line.high];
    });
    return tables.length ? uPlot.join(tables) : [[], []];
  }
  function axis(label, log, side) {
    var at = {
      label: label, stroke: css("--ink"), font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif", labelSize: 24,
      grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 },
      values: function (plot, splits) { return splits.map(shortNumber); },
    };
    if (side) at.size = 70;
    if (log) {
      at.filter = function (plot, splits) {
        var powers = splits.map(function (v) { return Math.log10(v); });
        var whole = powers.filter(function (p) { return Math.abs(p - Math.round(p)) < 1e-6; });
        var every = Math.max(1, Math.ceil(whole.length / 7));
        return splits.map(function (v, i) {
          var p = Math.round(powers[i]);
          return Math.abs(powers[i] - p) < 1e-6 && p % every === 0 ? v : null;
        });
      };
      at.grid.filter = at.ticks.filter = at.filter;
    }
    return at;
  }
  function draw(host, lines, options) {
    var data = joined(lines), series = [{}], bands = [];
    lines.forEach(function (line, k) {
      var base = { spanGaps: true, points: { show: line.times.length < 2 }, show: line.show };
      var edge = Object.assign({ stroke: "transparent", width: 0 }, base);
      edge.points = { show: false };
      series.push(Object.assign({}, edge), Object.assign({}, base, {
        label: line.label, stroke: tint(line.colour), width: line.width, dash: line.dash,
      }), Object.assign({}, edge));
      bands.push({ series: [3 * k + 3, 3 * k + 1], fill: tint(line.colour, 0.18) });
    });
    host.textContent = "";
    var width = Math.max(240, host.clientWidth);
    var log = options.log, logX = options.logX;
    return new uPlot({
      width: width, height: Math.max(330, Math.min(420, Math.round(width * 0.5))),
      scales: {
        x: { time: false, distr: logX ? 3 : 1 },
        y: log ? { distr: 3, range: function (u, low, high) { return [options.floor, Math.max(high * 1.5, options.floor * 10)]; } }
               : { distr: 1 },
      },
      axes: [axis(options.xLabel, logX, false), axis(options.yLabel, log, true)],
      series: series, bands: bands,
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      legend: { show: false },
      hooks: { setCursor: [function (plot) { if (options.moved) options.moved(plot, data); }] },
    }, data, host);
  }
  return { draw: draw, number: shortNumber, tint: tint };
})();
