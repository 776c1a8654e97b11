// The document beside an answer: pages as images with the words highlighted, other formats as text and tables. Pages come
// from the routes /ai/files/{id}/pages/{n}, fetched with the visitor's header, since an <img> sends none. What stands in a
// file, its name too, is text here and nothing else.

// goal: the page that was asked for, until it is scrolled away from: pages above it may still grow.
const viewer = { told: null, file: null, at: -1, page: 1, goal: 0, zoom: 1, turned: 0, root: null };
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const PAGES_KEPT = 60; // blobs and texts in this tab
const SHEETS_KEPT = 12; // pages in the document while one is turned after another
const pageCache = new Map();

function openViewer(told) {
  if (!told.claims.length && viewer.told?.claims.length && told.file) told = { ...told, claims: [] };
  viewer.told = told;
  viewer.at = told.at;
  if (!viewer.root) buildViewer();
  document.body.classList.add("has-viewer");
  listFiles(false);
  const claim = told.claims[viewer.at];
  if (claim) showClaim(viewer.at);
  else showPage(findViewed(told.file) ?? told.files[0], 1);
  viewer.root.querySelector(".viewer-close").focus({ preventScroll: true });
}

function closeViewer() {
  document.body.classList.remove("has-viewer");
  const back = opener?.isConnected ? opener : document.querySelector("#composer textarea");
  back?.focus();
  opener = null;
}

const findViewed = (id) => viewer.told.files.find((file) => file.id === id);
const say = (key, values = {}) => Object.entries(values).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, value), state.words[key] ?? "");

// --- the frame ---------------------------------------------------------------------------------------------------

function iconButton(name, label, act, path) {
  const button = element("button", `viewer-${name}`);
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="${path}"/></svg>`;
  button.onclick = act;
  return button;
}

function buildViewer() {
  const root = element("div", "");
  root.id = "viewer";
  root.setAttribute("role", "dialog");
  root.setAttribute("aria-label", say("evidence.label"));
  const head = element("header", "");
  head.append(buildFileButton(), iconButton("download", say("evidence.download"), saveFile, "M12 4v11m-4-4 4 4 4-4M5 20h14"), iconButton("close", say("evidence.close"), closeViewer, "m6 6 12 12M18 6 6 18"));
  const claim = element("div", "viewer-claim");
  claim.setAttribute("aria-live", "polite");
  const tools = element("div", "viewer-tools");
  const number = element("input", "viewer-number");
  Object.assign(number, { type: "text", inputMode: "numeric" });
  number.setAttribute("aria-label", say("evidence.page"));
  number.onchange = () => showPage(viewer.file, Number.parseInt(number.value, 10) || viewer.page);
  tools.append(
    iconButton("before", say("evidence.page.previous"), () => turnPage(-1), "m15 5-7 7 7 7"), number, element("span", "viewer-count"),
    iconButton("after", say("evidence.page.next"), () => turnPage(1), "m9 5 7 7-7 7"), element("span", "viewer-about"),
    iconButton("smaller", say("evidence.zoom.out"), () => zoom(-1), "M5 12h14"), iconButton("larger", say("evidence.zoom.in"), () => zoom(1), "M5 12h14M12 5v14"),
    iconButton("turn", say("evidence.turn"), turn, "M20 4v5h-5M19.5 9A8 8 0 1 0 20 14"),
  );
  const pages = element("div", "viewer-pages");
  pages.tabIndex = 0;
  pages.addEventListener("scroll", followScroll, { passive: true });
  for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) pages.addEventListener(name, () => { viewer.goal = 0; }, { passive: true });
  root.append(head, element("ul", "viewer-list"), claim, tools, pages);
  root.addEventListener("keydown", hearViewerKeys);
  document.querySelector(".gradio-container").append(root);
  viewer.root = root;
}

const VIEWER_KEYS = {
  n: () => stepClaim(1), p: () => stepClaim(-1), PageDown: () => turnPage(1), PageUp: () => turnPage(-1),
  "+": () => zoom(1), "-": () => zoom(-1), r: turn, Escape: closeViewer,
};
function hearViewerKeys(event) {
  if (event.key === "Escape" && viewer.root.classList.contains("is-listing")) {
    event.stopPropagation();
    listFiles(false);
    return viewer.root.querySelector(".viewer-files").focus();
  }
  const typing = event.target.matches("input");
  const act = VIEWER_KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape")) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

// --- claims ------------------------------------------------------------------------------------------------------

const shownClaims = () => viewer.told.claims.map((claim, at) => at).filter((at) => viewer.told.claims[at].text);
function stepClaim(step) {
  const order = shownClaims();
  if (!order.length) return;
  const at = order.indexOf(viewer.at);
  showClaim(order[(at + step + order.length) % order.length]);
}

function showClaim(at) {
  viewer.at = at;
  const claim = viewer.told.claims[at];
  drawClaim();
  const file = findViewed(claim.file) ?? viewer.file ?? viewer.told.files[0];
  if (claim.page && findViewed(claim.file)) showPage(file, claim.page, true);
  else if (!viewer.file && file) showPage(file, 1);
  else drawMarks();
}

function drawClaim() {
  const place = viewer.root.querySelector(".viewer-claim");
  const claim = viewer.told.claims[viewer.at];
  place.replaceChildren();
  if (!claim) return;
  const order = shownClaims();
  const verdict = element("p", "viewer-verdict");
  verdict.dataset.status = claim.status;
  verdict.append(element("b", "", claim.verdict), claim.place && element("span", "", ` ${claim.place}`));
  const quote = element("p", "viewer-quote", claim.kind === "quote" ? `“${claim.text}”` : claim.text);
  const steps = element("div", "viewer-steps");
  steps.append(
    iconButton("previous", say("evidence.previous"), () => stepClaim(-1), "m6 15 6-6 6 6"),
    element("span", "", `${order.indexOf(viewer.at) + 1} / ${order.length}`),
    iconButton("next", say("evidence.next"), () => stepClaim(1), "m6 9 6 6 6-6"),
  );
  const words = element("div", "");
  words.append(verdict, quote);
  place.append(words, steps);
}

// --- pages -------------------------------------------------------------------------------------------------------

function askRoute(path) {
  const headers = { "x-visitor": state.owner };
  if (viewer.told.pass) headers["x-pass"] = viewer.told.pass;
  return bare(`${root()}/ai/files/${path}`, { headers });
}

async function refusalOf(answer) {
  const said = await answer.json().catch(() => null);
  return said?.error?.message ?? String(answer.status);
}

// What was fetched is fetched once. Of a page that was refused the next look asks again.
function cached(key, make) {
  if (!pageCache.has(key)) {
    const made = make();
    pageCache.set(key, made);
    made.catch(() => pageCache.delete(key));
    while (pageCache.size > PAGES_KEPT) {
      const [old, value] = pageCache.entries().next().value;
      pageCache.delete(old);
      value.then((url) => { if (typeof url === "string") URL.revokeObjectURL(url); }).catch(() => {});
    }
  }
  return pageCache.get(key);
}

const fetchImage = (file, number, width) => cached(`${file.id} ${number} ${width}`, async () => {
  const answer = await askRoute(`${file.id}/pages/${number}?width=${width}`);
  if (!answer.ok) throw new Error(await refusalOf(answer));
  return URL.createObjectURL(await answer.blob());
});

function fetchText(file, number, claim = viewer.told.claims[viewer.at]) {
  const [start, end] = claim?.file === file.id && claim.kind !== "page_mark" ? [claim.start, claim.end] : [0, 0];
  return cached(`${file.id} ${number} ${start}-${end} text`, async () => {
    const answer = await askRoute(`${file.id}/pages/${number}/text?start=${start}&end=${end}`);
    if (!answer.ok) throw new Error(await refusalOf(answer));
    return answer.json();
  });
}

const isDrawn = (file) => file.kind === "application/pdf" || file.kind.startsWith("image/");
const wantedWidth = () => Math.min(2400, Math.round(Math.max(320, viewer.root.querySelector(".viewer-pages").clientWidth - 32) * viewer.zoom * Math.min(devicePixelRatio || 1, 2)));

function turnPage(step) {
  showPage(viewer.file, viewer.page + step);
}

// The page, with its neighbours above and below. Those further away are fetched when they are scrolled to.
function showPage(file, number, isClaim = false) {
  if (!file) return;
  const isOther = file !== viewer.file;
  if (isOther) turnTo(0);
  viewer.file = file;
  viewer.page = viewer.goal = Math.max(1, Math.min(file.pages, number));
  nameFile();
  const pages = viewer.root.querySelector(".viewer-pages");
  const known = isOther ? null : findSheet(viewer.page);
  if (!known || isClaim) pages.replaceChildren(...makeSheets(viewer.page));
  else addNeighbours(pages);
  drawTools();
  drawClaim();
  reachGoal();
  fetchAhead(file, viewer.page);
}

// Turning on finds the next page drawn: it is put in place while this one is read.
function addNeighbours(pages) {
  const { page } = viewer;
  if (page < viewer.file.pages && !findSheet(page + 1)) pages.append(makeSheet(page + 1));
  if (page > 1 && !findSheet(page - 1)) pages.prepend(makeSheet(page - 1));
  const far = () => (page - pages.firstChild.dataset.page > pages.lastChild.dataset.page - page ? pages.firstChild : pages.lastChild);
  while (pages.children.length > SHEETS_KEPT) far().remove();
}

// What is likely to be looked at after that: the page behind the next one, and the page of the next claim. The page that is
// shown goes first, and another one that is gone to ends it.
async function fetchAhead(file, page) {
  const order = shownClaims();
  const next = viewer.told.claims[order[order.indexOf(viewer.at) + 1]];
  const pages = [[file, page + 2, viewer.told.claims[viewer.at]], [next?.page ? findViewed(next.file) : null, next?.page, next]];
  await Promise.allSettled(isDrawn(file) ? [fetchImage(file, page, wantedWidth()), fetchText(file, page)] : []);
  for (const [from, number, claim] of pages) {
    if (viewer.file !== file || viewer.page !== page) return;
    if (!from || !isDrawn(from) || number > from.pages) continue;
    await Promise.allSettled([fetchImage(from, number, wantedWidth()), fetchText(from, number, claim)]);
  }
}

// The page itself is asked for first, and then its neighbours, of which the next one is likelier.
function makeSheets(number) {
  const numbers = [number, number + 1, number - 1].filter((one) => one >= 1 && one <= viewer.file.pages);
  return numbers.map(makeSheet).sort((one, other) => one.dataset.page - other.dataset.page);
}

const findSheet = (number) => viewer.root.querySelector(`.sheet[data-page="${number}"]`);
const bringUp = (place) => place?.scrollIntoView({ block: "start" });

function drawTools() {
  const { file, page, root: own } = viewer;
  own.querySelector(".viewer-number").value = page;
  own.querySelector(".viewer-count").textContent = `/ ${file.pages.toLocaleString()}`;
  own.querySelector(".viewer-before").disabled = page <= 1;
  own.querySelector(".viewer-after").disabled = page >= file.pages;
  own.querySelector(".viewer-about").textContent = file.problems.join("; ");
  own.classList.toggle("is-text", !isDrawn(file));
  own.classList.toggle("is-single", file.pages === 1);
}

function makeSheet(number) {
  const sheet = element("figure", "sheet is-loading");
  sheet.dataset.page = number;
  sheet.style.setProperty("--zoom", viewer.zoom);
  fillSheet(sheet, viewer.file, number);
  return sheet;
}

// The picture is shown as soon as it is there; what stands where on it may come later.
async function fillSheet(sheet, file, number) {
  const isWanted = () => sheet.isConnected && viewer.file === file;
  const drawn = Promise.allSettled([isDrawn(file) ? fetchImage(file, number, wantedWidth()) : null]);
  const asked = Promise.allSettled([fetchText(file, number)]);
  const [image] = await drawn;
  const layer = image.value && isWanted() ? await showPicture(sheet, image.value) : null;
  const [page] = await asked;
  if (!isWanted()) return;
  sheet.classList.remove("is-loading");
  const text = page.value;
  if (layer) {
    if (text) drawLayer(layer, text, Number(sheet.style.getPropertyValue("--aspect")));
  } else if (text?.text) {
    sheet.classList.add("is-text");
    sheet.replaceChildren(...(image.reason ? [element("p", "hint", say("evidence.unavailable", { reason: image.reason.message }))] : []), drawText(text, number));
  } else sheet.replaceChildren(element("p", "hint", text && !image.reason ? say("evidence.unread") : say("evidence.unavailable", { reason: (image.reason ?? page.reason)?.message ?? "" })));
  if (text) sheet.append(caption(file, number, text));
  reachGoal();
}

async function showPicture(sheet, url) {
  const picture = element("img", "");
  picture.alt = "";
  picture.src = url;
  await picture.decode().catch(() => {});
  const layer = element("div", "layer");
  const paper = element("div", "paper"); // as large as the picture: parts of it are placed by its height
  const frame = element("div", "frame"); // as large as the paper looks when it is turned
  paper.append(picture, layer);
  frame.append(paper);
  sheet.style.setProperty("--aspect", picture.naturalHeight / picture.naturalWidth);
  sheet.replaceChildren(frame);
  sheet.classList.remove("is-loading");
  reachGoal();
  return layer;
}

// All that is highlighted is seen if it fits: a quote that goes on in the next column goes on far above.
function reachGoal() {
  const sheet = viewer.goal && findSheet(viewer.goal);
  if (!sheet) return;
  const marks = [...sheet.querySelectorAll(".mark, mark")].map((mark) => mark.getBoundingClientRect());
  if (!marks.length) return bringUp(sheet);
  const pages = viewer.root.querySelector(".viewer-pages");
  const [own, all] = [marks[0], pages.getBoundingClientRect()];
  const top = Math.min(...marks.map((mark) => mark.top));
  const left = all.height - (Math.max(...marks.map((mark) => mark.bottom)) - top) - 16;
  const [first, above] = left > 16 ? [top, Math.min(160, all.height / 3, left)] : [own.top, Math.min(160, all.height / 3)];
  pages.scrollTop += first - all.top - above;
  pages.scrollLeft += Math.min(0, own.left - all.left - 16) || Math.max(0, own.right - all.right + 16);
}

function drawMarks() {
  viewer.root.querySelectorAll(".mark").forEach((mark) => mark.remove());
}

// Highlights, what was sent, and the text of the page, to be selected: each line as wide as it is on the image.
function drawLayer(layer, page, aspect) {
  const stretches = sentOn(page);
  const isPart = stretches.length && coverage(page, stretches) < 0.98;
  for (const [, , left, top, right, bottom] of isPart ? page.spans.filter(([start, end]) => stretches.some(([a, b]) => start < b && a < end)) : []) layer.append(placed("sent", left, top, right, bottom));
  for (const [, , left, top, right, bottom] of page.boxes) layer.append(placed("mark", left, top, right, bottom));
  for (const [start, end, left, top, right, bottom] of page.spans) layer.append(textLine(page.text.slice(start, end), left, top, right, bottom, aspect));
}

function placed(name, left, top, right, bottom) {
  const box = element("div", name);
  box.style.cssText = `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`;
  return box;
}

const measure = document.createElement("canvas").getContext("2d");
function textLine(text, left, top, right, bottom, aspect) {
  measure.font = "100px sans-serif";
  const height = (bottom - top) * aspect; // of the page's width
  const natural = (measure.measureText(text).width / 100) * height;
  const line = element("span", "", text);
  line.style.cssText = `left:${100 * left}%;top:${100 * top}%;font-size:${100 * height}cqw;transform:scaleX(${natural ? (right - left) / natural : 1})`;
  return line;
}

// --- what was sent -----------------------------------------------------------------------------------------------

// The stretches that were sent, as offsets into this page's text.
function sentOn(page) {
  if (page.start === null || !viewer.file.sent) return [];
  return viewer.file.sent.map(([start, end]) => [Math.max(0, start - page.start), Math.min(page.text.length, end - page.start)]).filter(([start, end]) => start < end);
}
const coverage = (page, stretches) => stretches.reduce((sum, [start, end]) => sum + end - start, 0) / Math.max(1, page.text.trimEnd().length);

function caption(file, number, page) {
  const said = [page.printed && page.printed !== String(number) ? `${number} (${page.printed})` : file.pages > 1 ? `${page.label || number}` : ""];
  if (file.sent && page.text) {
    const stretches = sentOn(page);
    said.push(say(!stretches.length ? "evidence.sent.none" : coverage(page, stretches) < 0.98 ? "evidence.sent.part" : "evidence.sent.all"));
  }
  const claim = viewer.told.claims[viewer.at];
  const isHere = claim && claim.file === file.id && page.start !== null && claim.start < page.start + page.text.length && claim.end > page.start;
  if (isHere && isDrawn(file) && claim.kind !== "page_mark" && !page.is_known) said.push(say("evidence.place_unknown"));
  return element("figcaption", "", said.filter(Boolean).join(" · "));
}

// --- formats without pages as images -----------------------------------------------------------------------------

function drawText(page, number) {
  const claim = viewer.told.claims[viewer.at];
  const isMarked = claim && claim.file === viewer.file.id && claim.kind !== "page_mark";
  const mark = isMarked ? [claim.start - page.start, claim.end - page.start] : [0, 0];
  const sent = sentOn(page);
  const body = element("div", "viewer-text");
  if (page.heading || (page.label && viewer.file.pages > 1)) body.append(element("h3", "", page.heading || page.label));
  let at = 0, table = null;
  for (const line of page.text.split("\n")) {
    const isSent = sent.some(([start, end]) => at < end && start < at + line.length);
    if (line.includes(" | ") || line.endsWith(" |")) {
      if (!table) body.append(table = element("table", ""));
      table.append(tableRow(line, at, mark, isSent));
    } else {
      table = null;
      if (line.trim()) body.append(textParagraph(line, at, mark, isSent));
    }
    at += line.length + 1;
  }
  return body;
}

function textParagraph(line, at, mark, isSent) {
  const begins = viewer.file.kind === "text/markdown" ? /^(?:#{1,6}|\s*[-*+]) /.exec(line)?.[0] || "" : "";
  const part = element(begins.startsWith("#") ? "h4" : "p", isSent ? "is-sent" : "");
  part.classList.toggle("is-item", Boolean(begins) && !begins.startsWith("#"));
  part.append(...withBold(line.slice(begins.length), at + begins.length, mark));
  return part;
}

// Markdown's bold words are bold, without their marks: offsets stay those of the file's text.
function withBold(text, at, mark) {
  const pieces = viewer.file.kind === "text/markdown" ? text.split("**") : [text];
  if (pieces.length % 2 === 0) return withMark(text, at, mark);
  return pieces.flatMap((piece, number) => {
    const shown = withMark(piece, at, mark);
    at += piece.length + 2;
    if (number % 2 === 0) return shown;
    const bold = element("strong", "");
    bold.append(...shown);
    return [bold];
  });
}

function tableRow(line, at, mark, isSent) {
  const row = element("tr", isSent ? "is-sent" : "");
  for (const cell of line.split(/ \| ?| \|$/)) {
    const place = line.indexOf(cell, row.dataset.at ? Number(row.dataset.at) : 0);
    row.dataset.at = place + cell.length;
    const field = element("td", "");
    field.append(...withMark(cell, at + place, mark));
    row.append(field);
  }
  return row;
}

function withMark(text, at, [start, end]) {
  const [first, last] = [Math.max(0, start - at), Math.min(text.length, end - at)];
  return first < last ? [text.slice(0, first), element("mark", "", text.slice(first, last)), text.slice(last)] : [text];
}

// --- moving ------------------------------------------------------------------------------------------------------

// More pages at both ends; the number is that of the page that fills most of the view.
function followScroll() {
  const pages = viewer.root.querySelector(".viewer-pages");
  const sheets = [...pages.children];
  if (!sheets.length || viewer.goal) return;
  const last = Number(sheets.at(-1).dataset.page), first = Number(sheets[0].dataset.page);
  if (pages.scrollTop + 2 * pages.clientHeight > pages.scrollHeight && last < viewer.file.pages) pages.append(makeSheet(last + 1));
  if (pages.scrollTop < 200 && first > 1) {
    const height = pages.scrollHeight;
    pages.prepend(makeSheet(first - 1));
    pages.scrollTop += pages.scrollHeight - height;
  }
  const middle = pages.getBoundingClientRect().top + pages.clientHeight / 3;
  const seen = sheets.find((sheet) => sheet.getBoundingClientRect().bottom > middle);
  if (seen && Number(seen.dataset.page) !== viewer.page) {
    viewer.page = Number(seen.dataset.page);
    drawTools();
  }
}

function zoom(step) {
  const at = ZOOMS.indexOf(viewer.zoom) + step;
  if (!ZOOMS[at]) return;
  viewer.zoom = ZOOMS[at];
  const { page } = viewer;
  viewer.root.querySelector(".viewer-pages").replaceChildren();
  showPage(viewer.file, page, true);
}

// The pages of a file are turned together, for a scan that lies on its side.
function turn() {
  if (!isDrawn(viewer.file)) return;
  turnTo((viewer.turned + 1) % 4);
  viewer.goal = viewer.page;
  reachGoal();
}
function turnTo(quarters) {
  viewer.turned = quarters;
  viewer.root.querySelector(".viewer-pages").dataset.turned = quarters;
}

async function saveFile() {
  const { file } = viewer;
  const answer = await askRoute(`${file.id}/content`);
  if (!answer.ok) return showNotice(await refusalOf(answer));
  const link = element("a", "");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
