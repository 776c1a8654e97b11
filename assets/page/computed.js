// The table of a computation under an answer: sorted by a column, copied, saved as CSV. Its cells have the plain number in
// data-value. What stands in a file is text here and nothing else.

function resultOf(button) {
  return button.closest(".computation")?.querySelector(".result table");
}

// Rows without a value stay at the end, whichever way a column is sorted.
function sortTable(button) {
  const head = button.closest("th"), table = head.closest("table");
  const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way);
  const at = [...head.parentElement.children].indexOf(head), sign = way === "ascending" ? 1 : -1;
  const isNumber = head.dataset.kind === "number";
  const keyOf = (row) => (isNumber ? Number(row.cells[at].dataset.value ?? NaN) : row.cells[at].textContent);
  const isMissing = (key) => key === "" || Number.isNaN(key);
  const compare = (one, two) => (isNumber ? one - two : one.localeCompare(two, undefined, { numeric: true }));
  const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row), row]);
  rows.sort(([one], [two]) => isMissing(one) - isMissing(two) || (isMissing(one) ? 0 : sign * compare(one, two)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function readTable(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent));
  return [heads, ...rows];
}

function copyTable(button) {
  const table = resultOf(button);
  const lines = readTable(table).map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t"));
  copy(lines.join("\n"), button, table);
}

// RFC 4180, with a mark that lets Excel read UTF-8. A text that a spreadsheet would run as a formula begins with '.
function saveTable(button) {
  const write = (cell) => {
    const text = /^[=+@\t\r]|^-(?!\d)/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = readTable(resultOf(button)).map((row) => row.map(write).join(","));
  download({ name: "result.csv", text: `\ufeff${lines.join("\r\n")}\r\n`, type: "text/csv" });
}

// A figure's chip opens how it was computed.
function showComputed(chip) {
  const how = chip.closest(".message-row, .bubble-wrap, #conversation")?.querySelector(".computation") ?? [...document.querySelectorAll(".computation")].pop();
  how?.scrollIntoView({ block: "nearest" });
  how?.querySelector(".how")?.setAttribute("open", "");
}
