// Drafts: the text, the files and the waiting messages of each conversation. Another conversation has another draft.
// `state.files`, `state.queue`, `state.editing` and the composer's box hold the draft of the conversation that is shown.

const drafts = new Map(); // name of a draft -> draft, for the conversations that are not shown
let shownDraft = nameDraft(state.conversation, false);

// A temporary conversation's files are in the server's memory alone: its draft is never the draft of a stored one.
function nameDraft(conversation, isTemporary) {
  return (isTemporary ? "~" : "") + conversation;
}

const typed = () => document.querySelector("#composer textarea")?.value ?? "";
const takeDraft = (queue = state.queue) => ({ text: typed(), files: state.files, queue, editing: state.editing, before: typedBefore });

function putDraft({ text = "", files = [], queue = [], editing = "", before = "" } = {}) {
  state.files = files;
  state.queue = queue;
  setEditing(editing);
  typedBefore = before;
  writeComposer(text);
  drawFiles();
  drawQueue();
}

// The visitor goes to another conversation: its draft comes, and this one's stays behind.
function changeDraft(conversation, isTemporary) {
  const name = nameDraft(conversation, isTemporary);
  if (name === shownDraft) return;
  sendsWhenRead = false;
  loadDrafts().set(shownDraft, joinDrafts(takeDraft(), drafts.get(shownDraft)));
  shownDraft = name;
  putDraft(drafts.get(name));
  drafts.delete(name);
}

// The server names the conversation that this page shows: a new one has an id now, and its draft goes with it.
function renameDraft(conversation) {
  shownDraft = nameDraft(conversation, state.temporary);
}

function forgetDrafts() {
  drafts.clear();
  putDraft();
  keepDraft();
}

// A draft outlives its page: a reload, and a phone that ends hidden pages. A file that is still on its way does not.
const keepFile = ({ id, label, name, isSent, about }) => ({ id, label, name, isSent, about });
const keepFiles = (files) => files.filter((file) => file.id).map(keepFile);
function keepDraft() {
  // A message that the server has not confirmed may not have reached it: on the next page it waits for the visitor.
  const queue = sending ? [{ ...sending, isUnsure: true }, ...state.queue] : state.queue;
  const all = new Map(loadDrafts());
  all.set(shownDraft, joinDrafts(takeDraft(queue), all.get(shownDraft))); // it is among them until the page is ready
  const kept = [...all].map(([name, draft]) => [name, {
    ...draft,
    files: keepFiles(draft.files),
    queue: draft.queue.map((message) => ({ ...message, files: keepFiles(message.files) })),
  }]);
  keep("session", "drafts", JSON.stringify({ shown: shownDraft, kept }));
}
const joinDrafts = (draft, { text = "", files = [], queue = [], ...before } = {}) => (
  { ...draft, ...before, text: draft.text || text, files: [...files, ...draft.files], queue: [...queue, ...draft.queue] });

// Those that were kept become this page's, once: it may leave before it is ready.
let loaded = null;
function loadDrafts() {
  if (loaded) return drafts;
  loaded = readJson("session", "drafts");
  for (const [name, draft] of loaded.kept ?? []) {
    const files = (draft.files ?? []).map(asFile);
    const queue = (draft.queue ?? []).map((message) => ({ ...message, files: message.files.map(asFile) }));
    drafts.set(name, { ...draft, files, queue });
  }
  return drafts;
}

function restoreDraft() {
  loadDrafts();
  const { shown } = loaded;
  // What was typed while the page was loading is newer than what is kept.
  const draft = drafts.get(shownDraft) ?? drafts.get(shown?.startsWith("~") ? shown : "\0") ?? {};
  drafts.delete(shownDraft);
  if (draft.text || draft.files?.length || draft.queue?.length || draft.editing) putDraft({ ...draft, text: typed() || draft.text });
}
