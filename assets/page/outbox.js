// Messages on their way to the server: one at a time, and the others wait until the answer ends. A waiting message can be
// edited and removed, and is kept over a reload.

// Endings after which the next message is sent without being asked for: after all others the visitor decides.
const GOOD_ENDINGS = ["", "stop", "length", "content_filter", "tool_calls"];
let sending = null; // the message that the server has not confirmed yet
let unnamed = null; // what its event was sent with, until the server has named the answer or refused the message
let stopsWhenKnown = false; // Stop was pressed before the server named the answer

const isBusy = () => Boolean(sending || state.generation) || document.body.classList.contains("is-running");

// Enter, or the button. The composer is emptied at once, in the browser: a second Enter finds nothing to send.
// asked: a question that was clicked instead; what stands in the composer stays there.
function submit(asked) {
  const text = asked ?? typed();
  if (!text.trim()) return showHint(state.files.length ? state.words["composer.no_text"] : "");
  if (isLost || !state.files.every(isRead)) {
    if (asked) writeComposer([typed().trim(), asked].filter(Boolean).join("\n"));
    return isLost ? sendWhenBack() : waitForFiles();
  }
  const message = { id: makeKey(), text, files: state.files, editing: state.editing };
  state.files = [];
  if (!asked) writeComposer(state.editing ? typedBefore : "");
  setEditing("");
  drawFiles();
  if (isBusy()) state.queue.push(message);
  else dispatch(message);
  drawQueue();
  keepDraft();
}

function dispatch(message) {
  clearFound();
  sending = message;
  stopsWhenKnown = false;
  state.place += 1;
  state.shown = 0; // the reader goes to the end: what was scrolled up to would be drawn again, for seconds
  leaveEarlier(true);
  document.body.classList.add("is-running");
  showNotice("");
  const files = message.files.map((file) => file.id);
  unnamed = { id: message.id, files, editing: message.editing, text: message.text };
  act("send", "send", unnamed);
}

// What Gradio's event sends: the visit, and the text.
function takeSending() {
  const text = actions.find((action) => action.lane === "send")?.text ?? "";
  return [visit("send"), { text, files: [] }];
}

function sendNext() {
  const isHeld = !GOOD_ENDINGS.includes(state.ended) || isEditingQueue() || state.queue[0]?.isUnsure;
  if (state.queue.length && !isBusy() && !isHeld) sendQueued(state.queue[0]);
  else drawQueue();
}

// A message of the page before a reload that stands in the conversation was sent.
function dropSent() {
  const last = [...document.querySelectorAll("#conversation .question")].at(-1);
  if (!state.queue[0]?.isUnsure || last?.textContent !== state.queue[0].text) return;
  removeQueued(state.queue[0]);
}

function sendQueued(message) {
  state.queue = state.queue.filter((other) => other !== message);
  dispatch(message);
  drawQueue();
  keepDraft();
}

// The server shows the question: it is not on its way any more.
function confirmSent() {
  sending = null;
  drawQueue();
  keepDraft();
  document.body.classList.remove("is-empty");
  document.body.classList.add("is-running");
  stick = true;
  requestAnimationFrame(follow); // at once, the page would be laid out in one long task with what is drawn into it
}

// A message that was refused, or that no server took, comes back into the composer; beside other text it waits.
function returnMessage(message, notice) {
  sending = null;
  leaveEarlier(false);
  document.body.classList.toggle("is-running", Boolean(state.generation));
  if (typed() || state.files.length || state.editing) {
    state.queue.unshift(message);
    state.ended = "error";
  } else {
    writeComposer(message.text);
    setEditing(message.editing);
    state.files = message.files;
    drawFiles();
  }
  if (notice) showNotice(notice);
  drawQueue();
}

// A replica that stops has refused the message. It waits, first of all, until another replica can take it: what is typed
// meanwhile stays in the composer, and a message of a conversation that is left stays in its draft.
function sendAgain(message) {
  sending = null;
  state.queue.unshift(message);
  state.ended = "error"; // nothing else is sent before it
  keepDraft();
  setTimeout(() => { if (state.queue[0] === message && !isBusy() && !isEditingQueue()) sendQueued(message); }, AGAIN_MILLISECONDS);
}

// Stop before the server has named the answer takes effect as soon as it does.
function stopAnswer() {
  stopsWhenKnown = !state.generation;
  act("stop", "stop");
}
function hearStop(event) {
  if (!event.target.closest?.("#composer .stop-button")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  stopAnswer();
}

// --- what waits, above the composer ------------------------------------------------------------------------

const isEditingQueue = () => Boolean(document.activeElement?.closest?.("#queue textarea"));

function drawQueue() {
  const place = document.getElementById("queue");
  if (!place || isEditingQueue()) return;
  const isHeld = !isBusy() && state.queue.length > 0;
  const shown = state.queue.map((message) => queuedMessage(message, isHeld));
  if (sending) shown.unshift(sendingMessage(sending));
  place.replaceChildren(...shown);
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

function sendingMessage(message) {
  const row = element("div", "queued sending");
  row.append(element("span", "state", state.words["queue.sending"]), element("span", "text", message.text));
  return row;
}

function queuedMessage(message, isHeld) {
  const row = element("div", "queued");
  const area = element("textarea", "text");
  area.value = message.text;
  area.rows = Math.min(4, message.text.split("\n").length);
  area.setAttribute("aria-label", state.words["queue.edit"]);
  area.oninput = () => { message.text = area.value; keepDraft(); };
  area.onblur = () => setTimeout(leaveQueued, 0, message);
  area.onkeydown = (event) => { if ((event.key === "Enter" && !event.shiftKey && !event.isComposing) || event.key === "Escape") { event.preventDefault(); event.stopPropagation(); focusComposer(); area.blur(); } };
  row.append(element("span", "state", state.words[isHeld ? "queue.held" : "queue.waiting"]), area);
  for (const file of message.files) row.append(element("span", "file", file.name || file.label));
  if (isHeld) row.append(queueButton("send", state.words["composer.send"], () => sendQueued(message)));
  row.append(queueButton("remove", state.words["queue.remove"], () => removeQueued(message), true));
  return row;
}

function queueButton(name, label, act, isIcon) {
  const button = element("button", `do do-${name}${isIcon ? " icon" : ""}`, isIcon ? "" : label);
  button.type = "button";
  if (isIcon) button.title = label;
  button.setAttribute("aria-label", label);
  button.onclick = act;
  return button;
}

function leaveQueued(message) {
  if (isEditingQueue()) return;
  if (!message.text.trim()) state.queue = state.queue.filter((other) => other !== message);
  sendNext();
  keepDraft();
}

function removeQueued(message) {
  state.queue = state.queue.filter((other) => other !== message);
  focusComposer();
  drawQueue();
  keepDraft();
}
