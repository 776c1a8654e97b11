// Scrolling: stay at the end while the reader is there, and never pull one who has scrolled up.
// Knows the conversation's box alone.

const NEAR_END_PIXELS = 60;
let stick = true;
const scroller = () => document.getElementById("conversation");
const distance = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

function follow() {
  const box = scroller();
  if (!box) return;
  if (below !== null && box.scrollHeight !== below.height) {
    box.scrollTop = box.scrollHeight - below.pixels;
    below = null;
  } else if (stick && !document.body.classList.contains("is-empty")) box.scrollTop = Math.min(box.scrollHeight, farthest(box));
  showAway(box);
}

// An answer that comes whole, as quotes and computed figures do, is read from its beginning: its question stays in sight.
let isWhole = false;
function farthest(box) {
  const question = isWhole && document.querySelector("#growing .question");
  return question ? box.scrollTop + question.getBoundingClientRect().top - box.getBoundingClientRect().top - 12 : Infinity;
}
function letGo() {
  if (isWhole) stick = isWhole = false;
}

// Earlier messages come above what is read, which stays where it is. They come by themselves when one scrolls up to them.
const EARLIER_MESSAGES = 40;
let below = null; // what was under the reader's eye when earlier ones were asked for, until they are there
function showEarlier() {
  const box = scroller();
  below = { height: box.scrollHeight, pixels: box.scrollHeight - box.scrollTop };
  stick = false;
  state.shown += EARLIER_MESSAGES;
  act("show", "open");
}
function watchBeginning(box, button) {
  const come = (seen) => { if (seen.at(-1).isIntersecting && !stick && below === null) showEarlier(); };
  new IntersectionObserver(come, { root: box, rootMargin: "300px 0px 0px" }).observe(button);
}

// When a message is sent the server draws the newest ones alone. The browser takes those that go out of its layout in the
// frame before: removing what is laid out made the task in which they are removed half as long again.
function leaveEarlier(isLeft) {
  if (isLeft) stick = true;
  if (isLeft) isWhole = false;
  document.getElementById("history")?.classList.toggle("is-left", isLeft);
}

function goToEnd() {
  stick = true;
  isWhole = false;
  follow();
}

// What is in the box comes after the box, and is made anew at times: each part is watched once it is there.
const watched = new WeakSet();
const sizes = new ResizeObserver(follow);
function watchScrolling() {
  const box = scroller();
  if (!box) return;
  if (!watched.has(box)) listenToReader(box);
  for (const part of [box, ...box.children, ...box.querySelectorAll("#starters, #earlier")]) {
    if (watched.has(part)) continue;
    watched.add(part);
    sizes.observe(part);
    if (part.id === "earlier") watchBeginning(box, part);
  }
}

// Only the reader's own scrolling up lets go: a layout that changes also moves the end away.
const TOUCH_MILLISECONDS = 1000;
function listenToReader(box) {
  let touched = -Infinity;
  let last = box.scrollTop;
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) box.addEventListener(name, () => { touched = performance.now(); letGo(); leaveFound(); }, { passive: true });
  box.addEventListener("wheel", (event) => { if (event.deltaY < 0 && box.scrollTop > 0) stick = false; }, { passive: true });
  box.addEventListener("scroll", () => {
    const isUp = box.scrollTop < last;
    last = box.scrollTop;
    if (isUp && performance.now() - touched < TOUCH_MILLISECONDS) stick = false;
    else if (!isUp && distance(box) < 4) stick = true;
    showAway(box);
  }, { passive: true });
}

function showAway(box) {
  document.body.classList.toggle("is-away", distance(box) > NEAR_END_PIXELS);
}

// A screen reader would read out each token; the announcer says when an answer is complete.
function hushLogs() {
  document.querySelectorAll('#conversation [role="log"]:not([aria-live="off"])').forEach((log) => log.setAttribute("aria-live", "off"));
}

function showHidden(count) {
  document.body.classList.toggle("has-earlier", count > 0);
}
