// The composer: what is edited, and when Enter sends.

let typedBefore = ""; // what stood in the box when an earlier message came into it
function setEditing(id) {
  if (id && !state.editing) typedBefore = typed();
  state.editing = id;
  document.body.classList.toggle("is-editing", Boolean(id));
  if (id) requestAnimationFrame(() => document.querySelector("#composer textarea")?.focus());
}
// What is sent leaves the box at once, by our own hand: what Gradio writes into it comes when it comes, and has taken away
// what was typed next, or a message that was refused and had just come back.
function send(message) {
  state.place += 1;
  const sent = [visit("send"), { text: message?.text ?? "", files: [] }];
  writeComposer(state.editing ? typedBefore : "");
  return sent;
}
function cancelEditing() {
  setEditing("");
  takeBackFiles([]);
  writeComposer(typedBefore);
  focusComposer();
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

// What was being written outlives the page, which is loaded anew when its server is another one by now.
const typed = () => document.querySelector("#composer textarea")?.value ?? "";
function keepDraft() {
  const files = state.files.filter((file) => file.id).map(({ id, label, isSent }) => ({ id, label, isSent }));
  keep("session", "draft", JSON.stringify({ text: typed(), files, editing: state.editing }));
}
function restoreDraft() {
  const draft = readJson("session", "draft");
  if (draft.editing) setEditing(draft.editing);
  if (draft.files?.length) giveFiles(draft.files);
  if (draft.text && !typed()) writeComposer(draft.text);
}
