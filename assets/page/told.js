// What the server tells, and what the page does then. It comes as text, through the value of a hidden component.

function connect(props, watch) {
  watch("value", () => hear(props.value));
}

function hear(said) {
  if (!said || typeof said !== "string") return;
  clearTimeout(overdue);
  const told = JSON.parse(said);
  if ((told.asked ?? state.place) !== state.place) return; // somebody has gone elsewhere since
  if (told.words) Object.assign(state.words, told.words);
  if (told.language) document.documentElement.lang = told.language;
  if (told.name) {
    state.name = told.name;
    document.body.style.setProperty("--name", JSON.stringify(told.name));
  }
  if ("model" in told) showModel(told.model);
  if ("conversation" in told) remember(told.conversation);
  if ("generation" in told) hearGeneration(told.generation);
  if ("editing" in told) setEditing(told.editing);
  if (told.is_sent) sent();
  if (told.files) giveFiles(told.files);
  if (told.is_ended) announce(state.words["answer.complete"]);
  if ("is_empty" in told || told.conversation) document.body.classList.toggle("is-empty", Boolean(told.is_empty));
  if ("hidden" in told) showHidden(told.hidden);
  if ("composer" in told) writeComposer(told.composer);
  if (told.again) setTimeout(() => document.querySelector("#composer .submit-button")?.click(), AGAIN_MILLISECONDS);
  for (const [name, html] of Object.entries(told.html ?? {})) fillPlace(name, html);
  if ("copy" in told) copy(told.copy);
  if ("download" in told) download(told.download);
  if ("drawer" in told) openDrawer();
  if ("read" in told) filesRead(told);
  if ("generation" in told) document.body.classList.toggle("is-running", Boolean(state.generation || told.is_sent));
  showTitle(Boolean(told.is_ended));
  requestAnimationFrame(() => requestAnimationFrame(holdFocus)); // what was told with this is drawn by then
  if (document.body.classList.contains("is-ready")) return;
  closeSidebar();
  restoreDraft();
  document.body.classList.add("is-ready");
}

// One of several servers may end between what this page asks and the answer, which then comes to nobody. Whether it is
// another one by now is told by its id; what was asked is kept there, and what is being typed here.
const ANSWER_MILLISECONDS = 5000;
let overdue = 0;
function expectAnswer() {
  clearTimeout(overdue);
  overdue = setTimeout(comeBack, ANSWER_MILLISECONDS);
}
async function comeBack() {
  const answer = await fetch(`${root()}/gradio_api/app_id`).catch(() => null);
  if (!answer?.ok) return expectAnswer(); // nobody is there now
  if ((await answer.json()).app_id !== window.gradio_config?.app_id) location.reload();
}

// One event shows how an answer grows, whoever started it: this page, another tab, or the page before a reload.
let followed = "";
function hearGeneration(generation) {
  state.generation = generation;
  if (generation && generation !== followed) act("follow", "follow", { id: generation });
  followed = generation;
}

function remember(conversation) {
  const changed = conversation !== state.conversation;
  state.conversation = conversation;
  if (state.temporary) return;
  keep("session", "conversation", conversation);
  keep("local", "conversation", conversation);
  if (!changed) return;
  document.querySelectorAll("#conversations .open").forEach((entry) => {
    if (entry.dataset.id === conversation) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  });
}

function sent() {
  setEditing("");
  state.files = [];
  drawFiles();
  document.body.classList.remove("is-empty");
  document.body.classList.add("is-running");
  goToEnd();
}

// HTML of ours, for a part that is no output of any event. The focus stays on the entry of the list that had it.
function fillPlace(name, html) {
  const place = document.querySelector(`[data-place="${name}"]`);
  if (!place) return;
  const entry = place.contains(document.activeElement) && document.activeElement.closest(".conversation");
  const id = entry && entry.querySelector(".open").dataset.id;
  place.innerHTML = html;
  if (entry) (place.querySelector(`.open[data-id="${id}"]`) ?? place.querySelector(".open"))?.focus();
}

// Who will answer, beside the gauge, where there are several.
function showModel(automatic) {
  state.model = automatic;
  const button = document.querySelector("#gauge .do-model");
  button.hidden = !automatic;
  button.textContent = state.options.model || automatic;
  button.title = state.words["settings.model"] ?? "";
}

function showNotice(sentence) {
  const notice = document.createElement("p");
  notice.className = "error";
  notice.setAttribute("role", "alert");
  notice.textContent = sentence ?? "";
  fillPlace("notice", notice.outerHTML);
}

// The tab says what it holds, that an answer grows in it, or that one has come to its end there unseen.
let isUnseen = false;
function showTitle(isEnded) {
  isUnseen = document.hidden && (isUnseen || isEnded);
  const mark = state.generation ? "… " : isUnseen ? "✓ " : "";
  const title = document.querySelector("#conversations .open[aria-current] span")?.textContent;
  document.title = mark + [title, state.name].filter(Boolean).join(" · ");
}

function announce(sentence) {
  const place = document.getElementById("announcer");
  if (place && sentence) place.textContent = sentence;
}
