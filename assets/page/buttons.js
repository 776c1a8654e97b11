// Buttons -> actions: those that the browser does alone, and those that start an event.

const local = {
  close: closeDrawer,
  "cancel-edit": cancelEditing,
  import: chooseImport,
  temporary: () => { leave("", !state.temporary); act("show", "new"); focusComposer(); },
  language: (button) => { keep("local", "language", button.dataset.value); location.reload(); },
  appearance: () => { keep("local", "appearance", document.body.classList.contains("dark") ? "light" : "dark"); showAppearance(); },
  earlier: showEarlier,
  further: showFurther,
  end: goToEnd,
  begin: () => document.querySelector("#sidebar-top .do-new")?.click(),
  model: openModels,
  "retry-with": retryWith,
  more: showActions,
  toggle: toggleSide,
  "sort-table": sortTable,
  "copy-table": copyTable,
  "save-table": saveTable,
  dismiss: (button) => button.closest("[data-dismissable]")?.remove(),
};

// Model text cannot make a button of the page: what it writes stands in a Chatbot outside of our components.
function isOurs(button) {
  return !button.closest(".prose.chatbot, .md.chatbot") && (!button.closest(".message-row") || button.closest(".component"));
}

// Actions that start an answer: one at a time.
const STARTS = ["starter", "retry", "continue", "read-whole", "show-scans"];

async function hearClick(event) {
  const button = event.target.closest?.("[data-do]");
  if (!button || !isOurs(button) || button.disabled) return;
  if (button.href && (event.ctrlKey || event.metaKey || event.shiftKey)) return; // in a tab or window of its own
  if (button.href) event.preventDefault();
  const { do: name, lane, id } = button.dataset;
  if (local[name]) return local[name](button);
  if (STARTS.includes(name)) {
    if (isBusy()) return; // the second click of two
    document.body.classList.add("is-running");
  }
  const value = await complete(name, button.dataset.value);
  if (value === null) return;
  if (lane === "drawer" || name.startsWith("view")) opener = button;
  pressed = button;
  if (name === "copy") copyAnswer(button);
  if (name === "like" || name === "dislike") press(button);
  const conversation = name === "open" ? id : name === "new" ? "" : undefined;
  if (name === "open") leave(conversation, false); // the list has stored conversations alone
  if (name === "new") leave(conversation);
  if (name === "restore") button.closest(".undo").remove();
  if (name === "restore" && value) leave(value, false); // it was shown when it was deleted
  if (name === "new") focusComposer();
  const isPressed = button.getAttribute("aria-pressed") === "true";
  clearNotice();
  act(lane, name, { id, value: button.hasAttribute("aria-pressed") ? String(isPressed) : value, conversation });
}

// A title that is clicked twice is renamed.
function hearDoubleClick(event) {
  event.target.closest?.("#conversations .open")?.parentElement.querySelector(".do-rename")?.click();
}

// A menu of the list is open alone, and closes with the next click.
const menus = () => document.querySelectorAll("#conversations details[open]");
function closeMenus(event) {
  for (const menu of menus()) {
    if (menu.contains(event.target) && !event.target.closest?.(".menu")) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}
function showMenu(event) {
  if (event.target.open) event.target.querySelector?.("#conversations .menu")?.scrollIntoView({ block: "nearest" });
}

function press(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of button.parentElement.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", String(other === button && on));
}

// Where nothing can be pointed at, most of what can be done with an answer, and its figures, stand behind one button.
function showActions(button) {
  const isOpen = button.closest(".footer").classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(isOpen));
}

function setTemporary(on) {
  state.temporary = on;
  document.body.classList.toggle("is-temporary", on);
  document.querySelector(".do-temporary")?.setAttribute("aria-pressed", String(on));
}

// Who pressed a button that is not there any more goes on in the box.
let pressed = null;
function holdFocus() {
  if (!pressed || pressed.isConnected || document.activeElement !== document.body) return;
  pressed = null;
  focusComposer();
}

// Where there is no keyboard on the screen, that would come up and cover half of it.
function focusComposer() {
  if (matchMedia("(hover: hover)").matches) document.querySelector("#composer textarea")?.focus();
}

const isPhone = () => matchMedia("(max-width: 768px)").matches;

function toggleSide(button) {
  const side = button.parentElement;
  if (side.classList.toggle("open") && side.id === "settings") start("panel");
}

// Gradio's components that stand in HTML of ours, and HTML of ours that stands among Gradio's components: each where it
// belongs, first or last, as soon as both are made.
const MOVED = {
  "settings-content": ["append", "#settings .sidebar-content"], login: ["append", "#sidebar .sidebar-content"],
  beginning: ["prepend", "#conversation"], above: ["prepend", "#desk"], below: ["append", "#desk"],
};
function moveParts() {
  for (const [id, [put, place]] of Object.entries(MOVED)) {
    const part = document.getElementById(id);
    if (part && !part.closest(place)) document.querySelector(place)?.[put](part);
  }
}

// On a phone the list lies over the conversation: closed at first, and again when something was chosen.
function closeSidebar() {
  if (isPhone()) document.querySelector("#sidebar.open .toggle-button")?.click();
}

// An event that starts before the server has answered belongs to the conversation that was chosen.
function leave(conversation, isTemporary = state.temporary) {
  changeDraft(conversation, isTemporary);
  setTemporary(isTemporary);
  remember(conversation, true);
  sending = unnamed = null; // it is sent where it was written, whatever this page shows
  state.ended = "";
  state.place += 1;
  state.shown = 0;
  state.generation = "";
  document.body.classList.remove("is-running");
  drawQueue();
  stick = true;
  clearFound();
  closeSidebar();
}
