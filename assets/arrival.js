// Inline, before everything that the document loads: a part of the page that does not arrive is fetched again with the page.
// Browsers keep the failure of a module, so that no later import of the same page gets it. The page is loaded anew as soon
// as the server answers, after a longer wait each time, and at most three times: then the visitor is asked to.
// Of the page's script it knows `xiaojia.keepsPage()` alone, since that script is one of the parts.
(() => {
"use strict";
const TIMES = 3;
const WAIT_MILLISECONDS = 2000;
const UNFETCHED = /dynamically imported module|module script failed|preload CSS/i;
const PARTS = "script[type=module], script[defer], link[rel=modulepreload], link[rel=stylesheet]";
const COUNT = "xiaojia.reloads";
const WHOLE_MILLISECONDS = 60000; // after which a page that missed nothing has all its parts
const said = document.currentScript.dataset;
let isComing = false;

// Gradio's page finds its files in five steps. A first visit asks for all of them at once. A later one has them: to name them
// would make the browser read them all before the page begins.
function fetchEarly() {
  for (const href of said.early.split(" ")) {
    const kind = href.endsWith(".css") ? { rel: "preload", as: "style" } : { rel: "modulepreload" };
    document.head.append(Object.assign(document.createElement("link"), kind, { crossOrigin: "", href }));
  }
}

function isFirstVisit() {
  try {
    return !localStorage.getItem("xiaojia.owner");
  } catch { // storage is denied
    return true;
  }
}

function countReloads() {
  try {
    return Number(sessionStorage.getItem(COUNT) ?? 0);
  } catch { // storage is denied: once has to do, or the page would be loaded for ever
    return performance.getEntriesByType("navigation")[0]?.type === "reload" ? TIMES : 0;
  }
}

function forgetReloads() {
  try { sessionStorage.removeItem(COUNT); } catch { /* none are kept */ }
}

function fetchAgain() {
  if (isComing || window.xiaojia?.keepsPage()) return;
  isComing = true;
  const times = countReloads();
  if (times >= TIMES) return sayIncomplete();
  try { sessionStorage.setItem(COUNT, String(times + 1)); } catch { /* see countReloads */ }
  setTimeout(reload, times * WAIT_MILLISECONDS);
}

// Not before the server answers: a page that is loaded without a line is the browser's own page of an error.
async function reload() {
  const isThere = await fetch(new URL("healthz", document.baseURI), { cache: "no-store" }).then(({ status }) => status < 500, () => false);
  if (isThere) return location.reload();
  const timer = setTimeout(again, WAIT_MILLISECONDS);
  addEventListener("online", again, { once: true });
  function again() {
    clearTimeout(timer);
    removeEventListener("online", again);
    reload();
  }
}

function sayIncomplete() {
  if (document.readyState === "loading") return document.addEventListener("DOMContentLoaded", sayIncomplete);
  const notice = document.createElement("p");
  const button = document.createElement("button");
  notice.setAttribute("role", "alert");
  notice.id = "incomplete";
  notice.textContent = said.incomplete + " ";
  button.textContent = said.again;
  button.onclick = () => { forgetReloads(); location.reload(); };
  notice.append(button);
  document.body.prepend(notice);
}

setTimeout(() => { if (!isComing) forgetReloads(); }, WHOLE_MILLISECONDS);
if (said.early && isFirstVisit()) fetchEarly();
addEventListener("vite:preloadError", fetchAgain);
addEventListener("unhandledrejection", ({ reason }) => { if (UNFETCHED.test(reason?.message ?? "")) fetchAgain(); });
addEventListener("error", ({ target }) => { if (target.matches?.(PARTS)) fetchAgain(); }, true);
addEventListener("pagehide", () => { isComing = true; }); // what a leaving page breaks off says nothing
addEventListener("pageshow", ({ persisted }) => { if (persisted) isComing = false; });
})();
