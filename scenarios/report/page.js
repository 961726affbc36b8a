"use strict";

// A click on a heading sorts its table, a second one reverses. Rows without a number stay last either way, and rows
// that are equal keep their order.
const inOrder = new Intl.Collator("en", { numeric: true });

function keyOf(cell, numeric) {
  return numeric ? Number(cell.dataset.value ?? cell.textContent) : cell.textContent;
}

function compare(a, b, numeric, sign) {
  if (!numeric) return sign * inOrder.compare(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a === b ? 0 : sign * (a < b ? -1 : 1);
}

function sort(table, heading) {
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const numeric = heading.classList.contains("n");
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [keyOf(row.cells[heading.cellIndex], numeric), row]);
  keyed.sort(([a], [b]) => compare(a, b, numeric, descending ? -1 : 1));
  body.append(...keyed.map(([, row]) => row));
  for (const other of heading.parentNode.cells) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    heading.querySelector("button").addEventListener("click", () => sort(table, heading));
  }
}

// The filter keeps the rows that have every word in what is shown of them, in whatever order.
const runs = document.getElementById("every-run");
const filter = document.getElementById("filter");

function shownText(row) {
  const whole = runs.classList.contains("whole");
  const shown = Array.from(row.cells).filter((cell) => whole || !cell.classList.contains("more"));
  return shown.map((cell) => cell.textContent).join("\n").toLowerCase();
}

function show() {
  runs.classList.toggle("whole", document.getElementById("all-columns").checked);
  const words = filter.value.toLowerCase().split(/\s+/);
  const rows = runs.tBodies[0].rows;
  let found = 0;
  for (const row of rows) {
    const text = shownText(row);
    row.hidden = !words.every((word) => text.includes(word));
    found += !row.hidden;
  }
  document.getElementById("found").value = found === rows.length ? `${found} rows` : `${found} of ${rows.length} rows`;
}

filter?.addEventListener("input", show);
document.getElementById("all-columns")?.addEventListener("change", show);

// Browsers keep over a reload what was typed and ticked.
if (runs) show();

// Algorithms picked out of the figures; with none picked, all are drawn alike.
const picks = document.querySelectorAll(".series button");

function isPicked(pick) {
  return pick.getAttribute("aria-pressed") === "true";
}

function pickOut() {
  const picked = new Set(Array.from(picks).filter(isPicked).map((pick) => pick.value));
  for (const part of document.querySelectorAll("[data-series]")) {
    part.classList.toggle("faint", picked.size > 0 && !picked.has(part.dataset.series));
  }
}

for (const pick of picks) {
  pick.addEventListener("click", () => {
    pick.setAttribute("aria-pressed", String(!isPicked(pick)));
    pickOut();
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

// What is folded away is printed too.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
