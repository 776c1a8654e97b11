// The words that a search found: the conversation opens at the message that has them, and they are marked in it, until
// another conversation is opened or a message is sent. The marks are ranges of the browser: they change no element.

let found = null; // { message, words, isLeft }. isLeft: the reader has scrolled or pressed a key since

function hearFound(told) {
  found = told.words?.length ? { ...told, isLeft: false } : null;
  if (found) stick = false;
  drawFound();
}
function leaveFound() {
  if (found) found.isLeft = true;
}
function clearFound() {
  found = null;
  drawFound();
}

// Parts of the conversation arrive one after the other: called at each change of the page, and drawn once a frame.
let isDrawing = false;
function drawFound() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    const parts = found ? [...document.querySelectorAll("#conversation .prose, #conversation .question")] : [];
    const ranges = parts.flatMap(findRanges);
    window.CSS?.highlights?.set("found", new Highlight(...ranges)); // a browser without them goes to the message alone
    if (found) showFound(ranges);
  });
}

function showFound(ranges) {
  const row = document.querySelector(`#conversation [data-do="copy"][data-id="${CSS.escape(found.message)}"]`)?.closest(".message-row");
  if (!row || found.isLeft) return;
  const box = scroller();
  const place = (ranges.find((range) => row.contains(range.startContainer)) ?? row).getBoundingClientRect();
  const view = box.getBoundingClientRect();
  const top = box.scrollTop + place.top - view.top - view.height / 3;
  if (Math.abs(top - box.scrollTop) > 1) box.scrollTop = top;
}

// As the server folds: full width and half width, upper and lower case are equal. A word stands in one piece of text.
function findRanges(part) {
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  const ranges = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const pieces = Array.from(node.data.split(""), (letter) => letter.normalize("NFKC").toLowerCase());
    const starts = pieces.flatMap((piece, at) => Array(piece.length).fill(at));
    const text = pieces.join("");
    for (const word of found.words) {
      for (let at = text.indexOf(word); word && at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, starts[at]);
        range.setEnd(node, starts[at + word.length - 1] + 1);
        ranges.push(range);
      }
    }
  }
  return ranges;
}

// The event that searches starts again when it ends, where a key was pressed meanwhile.
function hearSearch({ target }) {
  if (!target.matches?.(boxes.search)) return;
  state.query = target.value;
  state.listed = LISTED_MORE;
  start("search");
}

// --- the list ------------------------------------------------------------------------------------------------

// Further conversations come by themselves when the list is scrolled to its end.
const LISTED_MORE = 200;
function showFurther(button) {
  button.disabled = true;
  state.listed += LISTED_MORE;
  act("list", "further");
}
const further = new IntersectionObserver((seen) => { for (const { target, isIntersecting } of seen) if (isIntersecting && !target.disabled) showFurther(target); });
function watchFurther() {
  const button = document.querySelector("#conversations .do-further");
  if (!button || watched.has(button)) return;
  watched.add(button);
  further.observe(button);
}
