// The blocks of the conversation, after each change of the page: whose a message is, which way a text runs, what scrolls
// sideways, and what the reader had selected or scrolled in a text that is drawn again. Gradio makes the elements of a
// growing answer anew at each update.

function dressBlocks() {
  nameSpeakers();
  for (const prose of document.querySelectorAll("#conversation .prose")) {
    if (directed.get(prose) === prose.lastElementChild) continue; // nothing of it was drawn again
    directed.set(prose, prose.lastElementChild);
    directText(prose);
    for (const box of prose.querySelectorAll('li input[type="checkbox"]')) box.setAttribute("aria-label", box.closest("li").textContent.trim().slice(0, 80));
  }
  if (!isBusy()) openToKeys("#conversation .prose :is(pre, table, .katex-display):not([data-measured])");
  for (const drawing of document.querySelectorAll("#conversation .mermaid")) dressDrawing(drawing);
  holdPlaces();
}

// What scrolls sideways can be scrolled by keys, and so can be reached by them; what has room is no stop on the way. All are
// measured before one is changed: the page is laid out once.
function openToKeys(selector) {
  const blocks = [...document.querySelectorAll(selector)].map((block) => [block, block.scrollWidth > block.clientWidth]);
  for (const [block, isWide] of blocks) {
    block.dataset.measured = "";
    if (isWide) block.tabIndex = 0;
    else block.removeAttribute("tabindex");
  }
}
let measuring = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(measuring);
  measuring = requestAnimationFrame(() => openToKeys("#conversation .prose [data-measured]"));
});

// A drawing that mermaid cannot read is shown as it was written; another is enlarged by a click.
const written = new WeakMap();
function dressDrawing(drawing) {
  if (!written.has(drawing) && !drawing.querySelector("svg")) written.set(drawing, drawing.textContent);
  const source = written.get(drawing);
  if (!source || !drawing.querySelector('[aria-roledescription="error"], .error-icon')) return;
  const shown = element("pre", "unreadable", source.trim());
  shown.dir = "ltr";
  drawing.replaceChildren(shown);
}
document.addEventListener("click", ({ target }) => target.closest?.("#conversation .mermaid:has(svg)")?.classList.toggle("is-large"));

// A screen reader says before each message whose it is.
function nameSpeakers() {
  const names = { user: state.words["answer.user"], bot: state.name };
  for (const [speaker, name] of Object.entries(names)) {
    if (!name) continue;
    for (const row of document.querySelectorAll(`#conversation .message-row.${speaker}-row:not([aria-label])`)) {
      row.setAttribute("role", "article");
      row.setAttribute("aria-label", name);
    }
  }
}

// Each block runs the way of its first word that is not code. Only where a text has letters that run right to left: every
// other one runs left to right anyway.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const BLOCKS = "p, ul, ol, li, blockquote, table, th, td, h1, h2, h3, h4, h5, h6, summary";
const directed = new WeakMap();
function directText(prose) {
  if (!RIGHT_TO_LEFT.test(prose.textContent)) return;
  for (const code of prose.querySelectorAll("code:not([dir]), pre:not([dir]), .katex:not([dir])")) code.dir = "ltr";
  for (const block of prose.querySelectorAll(BLOCKS)) block.dir = startsRightToLeft(block) ? "rtl" : "ltr";
}
// Not dir="auto", which looks into no block that has a direction of its own: a list would not follow its items.
function startsRightToLeft(block) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const first = /\p{L}/u.exec(walker.currentNode.data);
    if (first && !walker.currentNode.parentElement.closest("code, pre, .katex")) return RIGHT_TO_LEFT.test(first[0]);
  }
  return false;
}

// What grows is drawn again while it is read: what was selected in it stays selected, and a code block or a table stays
// where it was scrolled to. Places are counted in the text, which only grows.
const WIDE = ":is(pre, table)";
const scrolled = new Map(); // which of the wide blocks -> pixels
let selected = null; // { start, end, words }: characters of the growing text

const growingText = () => document.querySelector("#growing .bot-row .prose");
document.addEventListener("scroll", ({ target }) => {
  if (!target.matches?.(`#growing ${WIDE}`)) return;
  scrolled.set([...document.querySelectorAll(`#growing ${WIDE}`)].indexOf(target), target.scrollLeft);
}, { capture: true, passive: true });

document.addEventListener("selectionchange", () => {
  const [range, text] = [getSelection(), growingText()];
  const isInside = text && !range.isCollapsed && text.contains(range.anchorNode) && text.contains(range.focusNode);
  selected = isInside ? { start: countTo(text, range.getRangeAt(0), true), end: countTo(text, range.getRangeAt(0), false), words: range.toString() } : null;
});

function countTo(text, range, isStart) {
  const before = new Range();
  before.selectNodeContents(text);
  before.setEnd(isStart ? range.startContainer : range.endContainer, isStart ? range.startOffset : range.endOffset);
  return before.toString().length;
}

function holdPlaces() {
  if (!isBusy()) scrolled.clear();
  for (const [at, pixels] of scrolled) {
    const block = document.querySelectorAll(`#growing ${WIDE}`)[at];
    if (block && block.scrollLeft !== pixels) block.scrollLeft = pixels;
  }
  const text = growingText();
  if (!selected || !text || !getSelection().isCollapsed) return;
  const [start, end] = [placeOf(text, selected.start), placeOf(text, selected.end)];
  if (!start || !end) return;
  getSelection().setBaseAndExtent(...start, ...end);
  if (getSelection().toString() === selected.words) return;
  getSelection().removeAllRanges(); // another text by now
  selected = null;
}

function placeOf(text, characters) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let rest = characters; walker.nextNode(); rest -= walker.currentNode.length) {
    if (rest <= walker.currentNode.length) return [walker.currentNode, rest];
  }
  return null;
}
