// The line to the server: the page says in its own words that it is lost, asks until it is back, and goes on by itself.
// Gradio's message for it is English (layout.css hides its toasts), and Gradio sends nothing more until the page is loaded anew.

const LINE_MILLISECONDS = 2000;
let isLost = false;
let asksAgain = 0;

function lineLost() {
  if (isLost || isLeaving) return;
  isLost = true;
  sayLine();
  asksAgain = setTimeout(askLine, LINE_MILLISECONDS);
}

function sayLine() {
  fillPlace("line", "");
  if (!isLost) return;
  const said = element("p", "line", state.words[navigator.onLine ? "line.lost" : "line.offline"]);
  said.setAttribute("role", "status");
  document.querySelector('[data-place="line"]')?.append(said);
}

async function askLine() {
  clearTimeout(asksAgain);
  const isSame = await isSameBuild();
  if (isSame === null) asksAgain = setTimeout(askLine, LINE_MILLISECONDS);
  else if (hasLostEvents || !isSame) loadAnew();
  else lineBack();
}

// Enter while the line is lost: the message is sent when it is back, also by the page that is loaded then.
function sendWhenBack() {
  keep("session", "sends", "1");
  showHint(state.words["line.waits"]);
  askLine();
}
function sendWhatWaited() {
  if (read("session", "sends") !== "1") return;
  keep("session", "sends", "");
  submit();
}

function lineBack() {
  if (!isLost) return;
  isLost = false;
  sayLine();
  sendWhatWaited();
  if (!sending) act("show", "open");
  lookLater(looksAgain);
}

// A request of the page that reached no server. One that the page itself ended says nothing of the line.
async function watchLine(request) {
  try {
    return await request;
  } catch (error) {
    if (error.name !== "AbortError") lineLost();
    throw error;
  }
}

// Gradio's toasts, of which none is of ours: a lost stream of events, after which it sends nothing more, or an error of the
// server that no callback foresaw.
let hasLostEvents = false;
function readToasts() {
  for (const said of document.querySelectorAll('[data-testid="toast-text"]:not([data-read])')) {
    if (!said.textContent) continue;
    said.dataset.read = "";
    if (said.textContent.includes("Connection to the server was lost")) {
      hasLostEvents = true;
      lineLost();
    } else if (!isLost && !document.querySelector('[data-place="notice"] *')) showNotice(state.words["page.failed"]);
  }
}

// A part of the page's own code did not arrive (assets/arrival.js). What this page alone holds (a visitor's key, a temporary
// conversation) is worth more than that part: then the visitor decides.
function keepsPage() {
  if (!isPageReady() || !(state.key || state.temporary)) return false;
  showNotice(state.words["page.incomplete"]);
  return true;
}
const isPageReady = () => document.body?.classList.contains("is-ready");

let isLeaving = false; // requests that a leaving page ends are no lost line
function loadAnew() {
  if (isLeaving) return; // a second reload would cut the first one short
  isLeaving = true;
  setTimeout(() => location.reload());
}
addEventListener("pagehide", () => { isLeaving = true; });
addEventListener("pageshow", () => { isLeaving = false; });
addEventListener("offline", lineLost);
addEventListener("online", () => { if (isLost) askLine(); });
