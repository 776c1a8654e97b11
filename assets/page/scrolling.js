// Scrolling: stay at the end while the reader is there, and never pull one who has scrolled up.
// Knows the conversation's box alone.

const NEAR_END_PIXELS = 60;
let stick = true;
const scroller = () => document.getElementById("conversation");
const distance = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

function follow() {
  const box = scroller();
  if (!box) return;
  if (stick && !document.body.classList.contains("is-empty")) box.scrollTop = box.scrollHeight;
  showAway(box);
}

function goToEnd() {
  stick = true;
  follow();
}

// What is in the box comes after the box, and is made anew at times: each part is watched once it is there.
const watched = new WeakSet();
const sizes = new ResizeObserver(follow);
function watchScrolling() {
  const box = scroller();
  if (!box) return;
  if (!watched.has(box)) listenToReader(box);
  for (const part of [box, ...box.children]) {
    if (watched.has(part)) continue;
    watched.add(part);
    sizes.observe(part);
  }
}

// Only the reader's own scrolling up lets go: a layout that changes also moves the end away.
const TOUCH_MILLISECONDS = 1000;
function listenToReader(box) {
  let touched = -Infinity;
  let last = box.scrollTop;
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) box.addEventListener(name, () => { touched = performance.now(); }, { passive: true });
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
