// Pictures of all estimators side by side, after the epoch that a slider is at.
(function () {
  var holder = document.getElementById("data");
  if (!holder) return;
  var places = JSON.parse(holder.textContent).epochs || [];
  document.querySelectorAll("[data-epochs-of]").forEach(function (figure) {
    var place = places[+figure.dataset.placeIndex], slider = figure.querySelector("[data-epochs]");
    var said = figure.querySelector("[data-epoch]"), twins = figure.querySelector(".twins"), shown = [];
    function image(parent, sources, words) {
      var caption = document.createElement("p"), img = document.createElement("img");
      caption.textContent = words;
      img.dataset.epochPicture = "";
      parent.append(caption, img);
      shown.push(function (i) {
        img.src = sources[i];
        img.alt = words + " after epoch " + place.steps[i];
      });
    }
    place.rows.forEach(function (row) {
      var column = document.createElement("div"), title = document.createElement("h3");
      title.textContent = row.label;
      column.append(title);
      if (place.originals) {
        var p = document.createElement("p"), img = document.createElement("img");
        p.textContent = "Test images";
        img.src = place.originals;
        img.alt = "Ten test images";
        column.append(p, img);
      }
      image(column, row.reconstructions, "Reconstructions by " + row.label);
      if (row.samples) image(column, row.samples, "Draws from the prior by " + row.label);
      twins.append(column);
    });
    function show() {
      var i = +slider.value;
      shown.forEach(function (change) { change(i); });
      said.textContent = place.steps[i];
      slider.setAttribute("aria-valuetext", "epoch " + place.steps[i]);
    }
    slider.addEventListener("input", show);
    show();
    figure.hidden = false;
  });
})();
