// What makes pages handier. Every page works without this file.
const root = document.documentElement;
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

export const words = JSON.parse(document.getElementById("ui-words")?.textContent || "{}");

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Nothing is kept; the choice holds for this page.
  }
}

// Light, dark, or as the system says

const systemDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme() {
  const wish = root.dataset.choice || "auto";
  root.dataset.theme = wish === "dark" || (wish === "auto" && systemDark.matches) ? "dark" : "light";
  for (const button of $$("[data-theme-switch]")) {
    button.title = button.dataset[wish];
    button.setAttribute("aria-label", button.dataset[wish]);
  }
  document.dispatchEvent(new Event("tanfeng:theme"));
}

function themeSwitch(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf(root.dataset.choice || "auto") + 1) % order.length];
    root.dataset.choice = next;
    keep("tanfeng.theme", next);
    applyTheme();
  });
}

// Side bar

function foldSwitch(button) {
  button.hidden = false;
  const narrow = matchMedia("(max-width: 1100px)");
  button.addEventListener("click", () => {
    const folded = root.dataset.side ? root.dataset.side === "folded" : narrow.matches;
    root.dataset.side = folded ? "open" : "folded";
    keep("tanfeng.side", root.dataset.side);
  });
}

// Menus close when the attention goes elsewhere

function closeMenus(except) {
  for (const menu of $$("details.menu[open], details.sheet-menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

// Keys: "/" searches, Escape closes, j and k walk down and up a list

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function walkList(step) {
  const rows = $$(".table tbody tr").filter((row) => row.querySelector("a[href]"));
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
  next.querySelector("a[href]").focus();
}

function onKey(event) {
  if (event.key === "Escape") closeMenus(null);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "j" || event.key === "k") {
    walkList(event.key === "j" ? 1 : -1);
  }
}

// Filters submit themselves; a text field waits until the typing stops

function autoSubmit(form) {
  let timer;
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=search], input[type=text]")) return;
    form.requestSubmit();
  });
  form.addEventListener("input", (event) => {
    if (!event.target.matches("input[type=search]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => form.requestSubmit(), 600);
  });
  form.addEventListener("formdata", (event) => {
    // Empty filters do not clutter the address.
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}

// A place to drop a file

function fileDrop(box) {
  const input = box.querySelector("input[type=file]");
  const chosen = box.querySelector("[data-chosen]");
  const limit = Number(input.dataset.limitBytes || 0);
  const show = () => {
    const file = input.files[0];
    chosen.classList.toggle("wrong", Boolean(file && limit && file.size > limit));
    if (!file) chosen.textContent = "";
    else if (limit && file.size > limit) chosen.textContent = words.fileTooLarge.replace("%s", String(limit / 1048576));
    else chosen.textContent = `${file.name} · ${size(file.size)}`;
  };
  input.addEventListener("change", show);
  for (const name of ["dragenter", "dragover"]) input.addEventListener(name, () => box.classList.add("over"));
  for (const name of ["dragleave", "drop"]) input.addEventListener(name, () => box.classList.remove("over"));
  show();
}

function size(bytes) {
  return bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

// Rows ticked together

function bulk(form) {
  const all = form.querySelector("[data-bulk-all]");
  const bar = form.querySelector(".bulk-bar");
  const boxes = () => $$("tbody input[type=checkbox]", form);
  const refresh = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    if (bar) bar.hidden = ticked === 0;
    for (const count of $$("[data-bulk-count]", form)) count.textContent = String(ticked);
    if (all) {
      all.checked = ticked > 0 && ticked === boxes().length;
      all.indeterminate = ticked > 0 && ticked < boxes().length;
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    refresh();
  });
  refresh();
}

// Small things found by attribute, wherever they appear later

function onClick(event) {
  closeMenus(event.target);
  const target = event.target.closest("[data-dismiss], [data-copy], [data-print], [data-confirm], tr[data-row-link]");
  if (!target) return;
  if (target.matches("[data-dismiss]")) target.closest(".notice").remove();
  else if (target.matches("[data-copy]")) copy(target);
  else if (target.matches("[data-print]")) print();
  else if (target.matches("[data-confirm]") && !target.matches("form")) {
    if (!confirm(target.dataset.confirm || words.confirm)) event.preventDefault();
  } else if (target.matches("tr") && !event.target.closest("a, button, input, label, summary")) {
    if (!String(getSelection())) target.querySelector("a[href]")?.click();
  }
}

function onSubmit(event) {
  const question = event.target.dataset.confirm;
  if (question !== undefined && !confirm(question || words.confirm)) event.preventDefault();
}

async function copy(button) {
  await navigator.clipboard?.writeText(button.dataset.copy);
  button.title = words.copied;
}

function enhance(part) {
  $$("[data-theme-switch]", part).forEach(themeSwitch);
  $$("[data-fold]", part).forEach(foldSwitch);
  $$("[data-auto-submit]", part).forEach(autoSubmit);
  $$("[data-file-drop]", part).forEach(fileDrop);
  $$("form[data-bulk]", part).forEach(bulk);
  $$("[data-dismiss]", part).forEach((button) => (button.hidden = false));
  if (part.querySelector("[data-chart]")) import("./charts.js").then((charts) => charts.draw(part));
}

document.addEventListener("click", onClick);
document.addEventListener("submit", onSubmit);
document.addEventListener("keydown", onKey);
document.addEventListener("htmx:afterSwap", (event) => enhance(event.detail.target));
systemDark.addEventListener("change", applyTheme);
enhance(document);
applyTheme();
