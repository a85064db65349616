// Runs in the page and returns what is wrong with it: names, labels, headings, width.
() => {
  const faults = [];
  const name = (element) =>
    (element.getAttribute("aria-label") || element.title || element.textContent || element.value || "").trim() ||
    (element.querySelector("[aria-label]") ? "labelled" : "");
  for (const element of document.querySelectorAll("a[href], button, summary")) {
    if (element.checkVisibility() && !name(element)) faults.push("no name: " + element.outerHTML.slice(0, 120));
  }
  for (const element of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const labelled = element.labels?.length || ["aria-label", "aria-labelledby", "title"].some((one) => element.getAttribute(one));
    if (!labelled) faults.push("no label: " + element.outerHTML.slice(0, 120));
  }
  for (const element of document.querySelectorAll("img:not([alt])")) faults.push("no alt: " + element.outerHTML.slice(0, 120));
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("id twice: " + id);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  else if (!document.querySelector("h1").textContent.trim()) faults.push("empty h1");
  if (!document.title.trim() || document.title.trim().startsWith("·")) faults.push("no title");
  for (const cell of document.querySelectorAll("td, dd, p, h1")) {
    if (/(^|[\s(（])(None|nan|NaN|undefined|null|Infinity)($|[\s)）%,])/.test(cell.textContent)) faults.push("raw value: " + cell.textContent.trim().slice(0, 80));
  }
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) {
    const who = [...document.querySelectorAll("main *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
    faults.push(over + " px too wide: " + who.slice(0, 3).map((element) => element.tagName + "." + (element.className.baseVal ?? element.className)).join(", "));
  }
  return faults;
}
