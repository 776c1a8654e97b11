// The beginning: listeners, and what Gradio's events may call (`window.xiaojia`).

document.addEventListener("click", closeMenus); // first: a question that is asked then gives the focus back to the list
document.addEventListener("click", hearClick);
document.addEventListener("dblclick", hearDoubleClick);
document.addEventListener("keydown", hearKeys);
document.addEventListener("toggle", showMenu, true);
for (const name of ["keydown", "keypress"]) document.addEventListener(name, hearEnter, true);
document.addEventListener("click", hearSubmit, true);
document.addEventListener("click", hearStop, true);
document.addEventListener("click", hearCopyCode, true);
document.addEventListener("pointerdown", hold, true);
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, release, true);
addEventListener("blur", release);
document.addEventListener("input", hearTyping, true);
document.addEventListener("input", hearSearch);
document.addEventListener("paste", hearPaste, true);
for (const name of ["dragenter", "dragover"]) document.addEventListener(name, dragOver);
for (const name of ["dragleave", "dragend"]) document.addEventListener(name, dragEnd);
document.addEventListener("drop", drop, true);
document.addEventListener("change", hearFiles, true);
document.addEventListener("change", keepWithinBounds, true);
addEventListener("pagehide", keepDraft);
addEventListener("popstate", hearAddress);
document.addEventListener("visibilitychange", () => { keepDraft(); showTitle(false); lookLater(looksAgain); }); // a phone ends hidden pages without a word
function showAppearance() {
  const kept = read("local", "appearance");
  if (kept && document.body.classList.contains("dark") !== (kept === "dark")) document.body.classList.toggle("dark");
}
function begin() {
  watchCited();
  showAppearance();
  followKeyboard();
  // Gradio follows the system once more when it has started. This comes before the next frame is drawn.
  new MutationObserver(showAppearance).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  new MutationObserver(() => { moveParts(); watchScrolling(); hushLogs(); readToasts(); labelButtons(); dressCode(); dressBlocks(); watchFurther(); if (found) drawFound(); }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-live"] });
}
askFirst();
// Gradio may run what it was given for the head before the body is there, or after.
if (document.body && document.readyState !== "loading") begin();
else document.addEventListener("DOMContentLoaded", begin);

function keepOptions(names, values) {
  Object.assign(state.options, Object.fromEntries(names.map((name, at) => [name, values[at]])));
  keep("local", "options", JSON.stringify(state.options));
  showModel();
}
const keepOption = (name, value) => keepOptions([name], [value]);

// Everything is as the owner set it again: the fields are empty and name their defaults.
function resetOptions() {
  keepOption("model", AUTOMATIC);
  announce(state.words["settings.reset.done"]);
}

// A number outside of the bounds that its field names becomes the nearest one inside. Gradio hears the input event.
function keepWithinBounds(event) {
  const field = event.target;
  if (!field.matches?.('#settings input[type="number"]') || field.value === "") return;
  const [low, high] = [field.min, field.max].map((bound) => (bound === "" ? NaN : Number(bound)));
  const value = Number(field.value);
  if (!(value < low || value > high)) return;
  field.value = value < low ? low : high;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function keepKey(key) {
  state.key = (key ?? "").trim();
}

return { keepsPage, visit, takeSending, connect, hear, takeUpload, importing, keepOptions, resetOptions, keepKey, act, state };
