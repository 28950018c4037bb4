// Searches and sorts the table of companies. Without it, the table is whole and in the server's order.
"use strict";

const table = document.getElementById("companies");
if (table) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => ({
    row,
    place,
    text: row.textContent.toLocaleLowerCase(),
  }));
  search(table, rows);
  sort(table, body, rows);
}

function search(table, rows) {
  const form = document.getElementById("search");
  const query = document.getElementById("query");
  const found = document.getElementById("found");
  const all = rows.length.toLocaleString("en");
  const apply = () => {
    const words = query.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      const isFound = words.every((word) => text.includes(word));
      row.hidden = !isFound;
      count += isFound;
    }
    found.textContent = words.length ? `${count.toLocaleString("en")} of ${all}` : "";
  };
  query.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  // A browser that goes back to this page keeps what was typed.
  apply();
}

function sort(table, body, rows) {
  const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const instant = (cell) => cell.firstElementChild?.dateTime ?? "";
  const keys = {
    name: (cell) => cell.querySelector("bdi").textContent,
    state: (cell) => cell.parentElement.className,
    time: instant,
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  for (const header of table.tHead.rows[0].cells) {
    const kind = header.dataset.sort;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => {
      const isDescending = header.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      const order = kind === "name" ? names.compare : compare;
      const sorted = rows.map((it) => ({ ...it, key: keys[kind](it.row.cells[header.cellIndex]) }));
      const direction = isDescending ? -1 : 1;
      sorted.sort((a, b) => direction * order(a.key, b.key) || a.place - b.place);
      const all = document.createDocumentFragment();
      for (const { row } of sorted) all.append(row);
      body.append(all);
    });
  }
}
