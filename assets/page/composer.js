// The composer: the message that is edited, the text in the box, and when Enter sends.

let typedBefore = ""; // the draft that stood in the box when an earlier message came into it
function setEditing(id) {
  if (id && !state.editing) typedBefore = typed();
  state.editing = id;
  document.body.classList.toggle("is-editing", Boolean(id));
  if (id) requestAnimationFrame(() => document.querySelector("#composer textarea")?.focus());
}
function cancelEditing() {
  setEditing("");
  takeBackFiles([]);
  writeComposer(typedBefore);
  focusComposer();
}

// As if it were typed: Gradio's component receives the input event, and grows with the text.
function writeComposer(text) {
  const area = document.querySelector("#composer textarea");
  if (!area) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// Messages are sent by this script alone: Gradio's own sending writes into the box when its event arrives, which deleted
// text that was typed next. Enter that ends a composition (an IME's candidate) sends nothing.
function hearEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || !event.target.matches?.("#composer textarea")) return;
  event.stopImmediatePropagation();
  if (event.isComposing || event.keyCode === 229 || hasTouchKeyboard()) return;
  event.preventDefault();
  if (event.type === "keydown" && !event.repeat) submit();
}
// A keyboard on the screen has no Shift beside its Enter, which makes a new line there.
const hasTouchKeyboard = () => matchMedia("(hover: none) and (pointer: coarse)").matches;

// Safari lays its keyboard over the page, and moves the page up behind it: it says what of the page is still seen. Of a page
// that is zoomed in by fingers, a part is seen too, and nothing is fitted to it.
function followKeyboard() {
  const view = window.visualViewport;
  const fit = () => {
    if (view.scale !== 1) return;
    document.documentElement.style.setProperty("--height", `${view.height}px`);
    document.documentElement.style.setProperty("--above", `${view.offsetTop}px`);
  };
  for (const name of ["resize", "scroll"]) view?.addEventListener(name, fit);
}
function hearSubmit(event) {
  if (!event.target.closest?.("#composer .submit-button")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  submit();
}
// While an answer grows, the button that sends is there as soon as there is a text to queue.
function hearTyping(event) {
  if (!event.target.matches?.("#composer textarea")) return;
  document.body.classList.toggle("has-text", Boolean(event.target.value.trim()));
  showHint("");
}

// Gradio's own buttons are labelled in English, or not at all.
const LABELS = {
  "#composer .submit-button": "composer.send",
  "#composer .stop-button": "composer.stop",
  "#composer .upload-button": "composer.attach",
  "#sidebar .toggle-button": "sidebar.label",
  "#settings .toggle-button": "settings.label",
  "#desk .do-end": "answer.end",
  "#desk .do-begin": "sidebar.new",
};
const ROLES = { "#sidebar .sidebar-content": ["navigation", "sidebar.label"], "#settings .sidebar-content": ["region", "settings.label"] };
function labelButtons() {
  for (const [selector, [role, key]] of Object.entries(ROLES)) {
    const part = document.querySelector(selector);
    if (!part || !state.words[key] || part.role === role) continue;
    part.role = role;
    part.ariaLabel = state.words[key];
  }
  const area = document.querySelector("#composer textarea");
  if (area && area.dir !== "auto") area.dir = "auto";
  if (area && hasTouchKeyboard()) area.enterKeyHint = "enter";
  for (const [selector, key] of Object.entries(LABELS)) {
    const button = document.querySelector(selector);
    const label = state.words[key];
    if (!button || !label || button.title === label) continue;
    button.title = label;
    button.setAttribute("aria-label", label);
  }
}
