// Messages from the server -> changes of the page. A message is JSON text, the value of a component that is never made.

function hear(said) {
  if (!said || typeof said !== "string") return;
  const told = JSON.parse(said);
  if ((told.asked ?? state.place) !== state.place) return; // somebody has gone elsewhere since
  if ((told.query ?? state.query) !== state.query) delete told.html.conversations; // the list is searched for something else
  if (told.words) Object.assign(state.words, told.words);
  if (told.words) drawQueue();
  if (told.language) document.documentElement.lang = told.language;
  if (told.name) {
    state.name = told.name;
    document.body.style.setProperty("--name", JSON.stringify(told.name));
  }
  if (told.models) hearModels(told.models);
  if ("is_basic" in told) document.body.classList.toggle("is-basic", told.is_basic); // what it cannot do is not offered
  if ("looks" in told) lookLater(told.looks);
  for (const [name, html] of Object.entries(told.banners ?? {})) fillBanner(name, html);
  document.body.classList.toggle("has-models", state.models.length > 1);
  if ("conversation" in told) remember(told.conversation);
  if ("generation" in told) hearGeneration(told.generation);
  if ("generation" in told || "composer" in told) leaveEarlier(false);
  if ("generation" in told && !told.is_sent) unnamed = null;
  if (told.is_known) sending = null; // sent a second time after a cut, it was answered the first time
  if ("ended" in told) state.ended = told.ended;
  if (told.is_sent) confirmSent();
  if ("generation" in told) isWhole = Boolean(told.is_whole ?? (isWhole && told.is_ended));
  if ("composer" in told) takeBackMessage(told);
  if (told.is_ended) announce(state.words["answer.complete"]);
  if (told.is_ended) tellTabs(true);
  if ("is_empty" in told || told.conversation) document.body.classList.toggle("is-empty", Boolean(told.is_empty));
  if ("hidden" in told) showHidden(told.hidden);
  if ("shown" in told) state.shown = told.shown;
  if (told.found) hearFound(told.found);
  for (const [name, html] of Object.entries(told.html ?? {})) fillPlace(name, html);
  for (const [id, words] of Object.entries(told.placeholders ?? {})) fillPlaceholder(id, words);
  if (told.forgets) forgetDrafts();
  if ("copy" in told) giveText(told.copy);
  if ("download" in told) download(told.download);
  if ("drawer" in told) openDrawer();
  if (told.viewer) openViewer(told.viewer);
  if (told.excluded) hearExcluded(told.excluded);
  if ("read" in told) filesRead(told);
  if ("generation" in told) document.body.classList.toggle("is-running", Boolean(state.generation || told.is_sent || sending));
  if ("generation" in told && document.body.classList.contains("is-ready")) sendNext();
  showTitle(Boolean(told.is_ended));
  requestAnimationFrame(() => requestAnimationFrame(() => { holdFocus(); dropSent(); })); // what was told with this is drawn by then
  if (document.body.classList.contains("is-ready")) return;
  closeSidebar();
  restoreDraft();
  document.body.classList.add("is-ready");
  requestAnimationFrame(() => requestAnimationFrame(() => document.body.classList.add("is-settled"))); // drawn by then
  if ("generation" in told) sendNext();
  sendWhatWaited();
}

// One event shows how an answer grows, whoever started it: this page, another tab, or the page before a reload.
let followed = "";
function hearGeneration(generation) {
  const isNew = generation && generation !== state.generation;
  state.generation = generation;
  if (isNew) tellTabs(false);
  if (generation) clearFound();
  if (generation && generation !== followed) act("follow", "follow", { id: generation });
  followed = generation;
  if (generation && stopsWhenKnown) act("stop", "stop");
  if (generation) stopsWhenKnown = false;
}

// Without a model of the owner's the server looks for one on its machine, or downloads one: this page asks whether there is
// one by now, and how far it is. A hidden page asks when it is seen again.
let looking = 0;
let looksAgain = 0;
function lookLater(seconds) {
  clearTimeout(looking);
  looksAgain = seconds;
  if (seconds && !document.hidden) looking = setTimeout(() => act("look", "look"), seconds * 1000);
}

function remember(conversation, isChosen = false) {
  const changed = conversation !== state.conversation;
  state.conversation = conversation;
  showAddress(isChosen);
  renameDraft(conversation);
  if (state.temporary) return;
  keep("session", "conversation", conversation);
  keep("local", "conversation", conversation);
  if (!changed) return;
  document.querySelectorAll("#conversations .open").forEach((entry) => {
    if (entry.dataset.id === conversation) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  });
}

// A text that comes back: of a message that was refused, taken back or is edited, with its files.
function takeBackMessage(told) {
  const files = (told.files ?? []).map(asFile);
  if (sending && told.busy) { // an answer grows in another tab
    state.queue.unshift(sending);
    sending = null;
    return drawQueue();
  }
  if (told.again) return sendAgain({ id: makeKey(), text: told.composer, files, editing: told.editing ?? "" });
  if (sending) return returnMessage({ ...sending, text: told.composer, files, editing: told.editing ?? "" });
  if ("editing" in told) setEditing(told.editing);
  giveFiles(files);
  writeComposer(told.composer);
}

// A banner that says what it said before stays as it is: what was dismissed does not come back.
const banners = {};
function fillBanner(name, html) {
  if (banners[name] === html) return;
  banners[name] = html;
  const pressed = document.activeElement?.closest?.(`[data-place="${name}"] [data-do]`);
  fillPlace(name, html);
  if (pressed) document.querySelector(`[data-place="${name}"] [data-do]`)?.focus(); // "Pause" became "Resume"
}

// A button that is replaced while it is pressed gets no click. So what is pressed is filled when it is released.
let held = null; // the place with a pressed pointer
const waiting = new Map(); // name of a place -> HTML that came meanwhile
const hold = ({ target }) => { held = target.closest?.("[data-place]"); };
const release = () => setTimeout(() => { // after the click
  held = null;
  for (const [name, html] of waiting) fillPlace(name, html);
  waiting.clear();
});

// HTML of ours, for a part that is no output of any event. The focus stays on the entry of the list that had it.
function fillPlace(name, html) {
  const place = document.querySelector(`[data-place="${name}"]`);
  if (!place) return;
  if (place === held) return void waiting.set(name, html);
  const entry = place.contains(document.activeElement) && document.activeElement.closest(".conversation");
  const id = entry && entry.querySelector(".open").dataset.id;
  place.innerHTML = html;
  for (const part of place.querySelectorAll("[data-seconds]")) setTimeout(() => part.remove(), part.dataset.seconds * 1000);
  if (entry) (place.querySelector(`.open[data-id="${id}"]`) ?? place.querySelector(".open"))?.focus();
}

function fillPlaceholder(id, words) {
  const box = document.querySelector(`#${id} :is(textarea, input[type="text"])`);
  if (box) box.placeholder = box.ariaLabel = words;
}

function showNotice(sentence) {
  if (!sentence) return fillPlace("notice", "");
  const notice = document.createElement("p");
  notice.className = "error";
  notice.setAttribute("role", "alert");
  notice.textContent = sentence;
  fillPlace("notice", notice.outerHTML);
}

// What an earlier deed of the visitor led to is not said beside the next one.
function clearNotice() {
  for (const notice of document.querySelectorAll('[data-place="notice"] > :not(.hint)')) notice.remove();
}

// The tab says what it holds, that an answer grows in it, or that one has come to its end there unseen.
let isUnseen = false;
function showTitle(isEnded) {
  isUnseen = document.hidden && (isUnseen || isEnded);
  const mark = state.generation ? "… " : isUnseen ? "✓ " : "";
  const title = document.querySelector("#conversations .open[aria-current] span")?.textContent;
  document.title = mark + [title, state.name].filter(Boolean).join(" · ");
  document.body.style.setProperty("--name", JSON.stringify(title || state.name)); // a phone has no list beside it
}

// A hint stands where a notice does, and goes with the next key.
function showHint(sentence) {
  const place = document.querySelector('[data-place="notice"]');
  if (sentence) {
    fillPlace("notice", "");
    place?.append(element("p", "hint", sentence));
  } else place?.querySelector(".hint")?.remove();
}

function announce(sentence) {
  const place = document.getElementById("announcer");
  if (place && sentence) place.textContent = sentence;
}
