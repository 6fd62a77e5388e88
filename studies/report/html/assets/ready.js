// The scripts are through.
document.documentElement.dataset.ready = "";
