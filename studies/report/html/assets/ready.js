// On a phone the contents begin closed, so that the answer is seen first.
(function () {
  var contents = document.querySelector(".contents > details");
  if (contents && matchMedia("(max-width: 64rem)").matches) contents.open = false;
})();
// The scripts are through.
document.documentElement.dataset.ready = "";
