// Runs before the first paint: choose light or dark, fold or open the side bar, say that script runs.
(function () {
  "use strict";
  var root = document.documentElement;
  var wish = "auto";
  var side = "";
  try {
    wish = localStorage.getItem("tanfeng.theme") || "auto";
    side = localStorage.getItem("tanfeng.side") || "";
  } catch (refused) {
    // A browser that keeps nothing follows the system.
  }
  var dark = wish === "dark" || (wish === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.add("js");
  root.dataset.choice = wish;
  root.dataset.theme = dark ? "dark" : "light";
  if (side) root.dataset.side = side;
})();
