// The composer: what is edited, and when Enter sends.

function setEditing(id) {
  state.editing = id;
  document.body.classList.toggle("is-editing", Boolean(id));
  if (id) requestAnimationFrame(() => document.querySelector("#composer textarea")?.focus());
}

// As if it were typed: the component hears of it, and grows with it.
function writeComposer(text) {
  const area = document.querySelector("#composer textarea");
  if (!area) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// Enter that ends a composition (an IME's candidate), and Enter while an answer grows, send nothing.
function guardEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || !event.target.closest?.("#composer textarea")) return;
  const isRunning = state.generation || document.body.classList.contains("is-running");
  const isReading = document.body.classList.contains("has-unread");
  if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation();
  else if (isRunning || isReading) {
    sendsWhenRead = isReading && !isRunning;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

// Gradio's own buttons are labelled in English, or not at all.
const LABELS = {
  "#composer .submit-button": "composer.send",
  "#composer .stop-button": "composer.stop",
  "#composer .upload-button": "composer.attach",
  "#sidebar .toggle-button": "sidebar.label",
  "#settings .toggle-button": "settings.label",
  "#desk .do-end": "answer.end",
};
function labelButtons() {
  for (const [selector, key] of Object.entries(LABELS)) {
    const button = document.querySelector(selector);
    const label = state.words[key];
    if (!button || !label || button.title === label) continue;
    button.title = label;
    button.setAttribute("aria-label", label);
  }
}

// What was being typed outlives the page, which is loaded anew when its server is another one by now.
const typed = () => document.querySelector("#composer textarea")?.value ?? "";
function keepDraft() {
  keep("session", "draft", typed());
}
function restoreDraft() {
  const draft = read("session", "draft");
  if (draft && !typed()) writeComposer(draft);
}
