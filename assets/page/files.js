// Files of the composer: a chip from the first byte, its upload (transfers.js), then its reading, one at a time, so that
// each report of the server is received. Exports to import are uploaded likewise.

const unread = []; // files at the server that are not read yet
let reading = null;

// A file: {key, data, name, path, id, label, status, progress, isSent}. data: the browser's File. path: at the server, until
// it is read. id: the engine's. isSent: it is part of an earlier message.
const makeKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const isRead = (file) => Boolean(file.id) && file.status === "done";
const asFile = (kept) => ({ key: kept.id, data: null, name: kept.label, status: "done", isSent: true, ...kept });

function attachFiles(list) {
  clearNotice();
  const files = refuseLarge([...list]).map((data) => ({ key: makeKey(), data, name: data.name, id: "", label: data.name, status: "uploading", progress: 0, isSent: false }));
  state.files = [...state.files, ...files];
  outgoing.push(...files);
  drawFiles();
  startTransfer();
}

function readLater(file, password) {
  unread.push({ file, password });
  file.status = "reading";
  drawFiles();
  readNext();
}

function readNext() {
  if (reading || !unread.length) return;
  reading = unread.shift();
  act("file", "attach", { id: reading.file.key, value: reading.password });
}

// What Gradio's event sends: the visit, and the path of the upload that it reads.
function takeUpload() {
  return [visit("file"), reading ? [reading.file.path] : []];
}

// The report of a reading is lost with its stream. A file that the server has named is there; another one is sent again.
function readAgain() {
  const file = reading?.file;
  reading = null;
  if (file?.id) file.status = "done";
  else if (file?.data) tryAgain(file);
  drawFiles();
  readNext();
}

// Where a file is: in the draft that is shown, or in another one.
const findFile = (key) => [{ files: state.files }, ...drafts.values()].flatMap((draft) => draft.files).find((file) => file.key === key);

function dropFile(file) {
  state.files = state.files.filter((other) => other !== file);
  for (const draft of drafts.values()) draft.files = draft.files.filter((other) => other !== file);
}

function filesRead(told) {
  const file = findFile(told.key);
  if (file) Object.assign(file, { id: told.id || file.id, status: told.read, label: told.label, about: told.about ?? file.about });
  if (told.is_last) {
    if (!file && told.id) act("quiet", "detach", { id: told.id });
    reading = null;
    readNext();
  }
  if (file && told.read === "refused") dropFile(file);
  if (["refused", "password"].includes(told.read)) stopWaiting();
  drawFiles();
  if (told.is_last) keepDraft();
  sendIfRead();
}

// Files that were read before: of a message that is edited or refused, or of a page that was loaded anew.
function giveFiles(files) {
  takeBackFiles(files);
  state.files = [...state.files, ...files.map(asFile)];
  drawFiles();
}
function takeBackFiles(others) {
  state.files = state.files.filter((file) => !file.isSent && others.every((other) => other.id !== file.id));
  drawFiles();
}

function removeFile(file) {
  dropFile(file);
  const at = outgoing.indexOf(file);
  if (at >= 0) outgoing.splice(at, 1);
  file.request?.abort();
  if (file.id && !file.isSent) act("quiet", "detach", { id: file.id });
  drawFiles();
  sendIfRead();
  document.querySelector("#composer textarea")?.focus();
}

// Sending waits for files that are on their way, says so, and can be called off.
let sendsWhenRead = false;
function waitForFiles() {
  sendsWhenRead = true;
  drawFiles();
}
function stopWaiting() {
  sendsWhenRead = false;
  drawFiles();
}
function sendIfRead() {
  if (!sendsWhenRead || !state.files.every(isRead)) return;
  sendsWhenRead = false;
  submit();
}

// --- chips -----------------------------------------------------------------------------------------------

function drawFiles() {
  const place = document.getElementById("files");
  if (!place) return;
  if (place.querySelector("form input")?.value) return updateChips(place); // a password that is being typed stays
  place.replaceChildren(...state.files.map(fileChip), ...profileCard(), ...waitingLine());
}
function updateChips(place) {
  for (const file of state.files) {
    const chip = place.querySelector(`[data-key="${CSS.escape(file.key)}"]`);
    if (!chip) place.append(fileChip(file));
    else if (!chip.matches(`.${file.status}`) || file.status === "reading") chip.replaceWith(fileChip(file));
  }
  for (const chip of place.querySelectorAll(".attached")) if (!state.files.some((file) => file.key === chip.dataset.key)) chip.remove();
}

function fileChip(file) {
  const chip = element("div", `attached ${file.status}`);
  chip.dataset.key = file.key;
  const label = element("span", "", describeFile(file));
  label.title = label.textContent;
  chip.append(label);
  if (file.status === "uploading") chip.append(progressBar(file));
  if (file.status === "password") chip.append(passwordForm(file));
  if (file.status === "failed") chip.append(queueButton("again", state.words["composer.try_again"], () => tryAgain(file)));
  chip.append(queueButton("remove", (state.words["composer.remove"] ?? "× {name}").replace("{name}", file.name), () => removeFile(file), true));
  return chip;
}

function describeFile(file) {
  if (file.status === "failed") return state.words["composer.not_uploaded"].replace("{name}", file.name);
  return file.label;
}

function progressBar(file) {
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = file.progress;
  bar.setAttribute("aria-label", (state.words["composer.uploading"] ?? "{name}").replace("{name}", file.name));
  return bar;
}
function drawProgress(file) {
  const bar = document.querySelector(`#files [data-key="${CSS.escape(file.key)}"] progress`);
  if (bar) bar.value = file.progress;
}

function waitingLine() {
  if (!sendsWhenRead) return [];
  const line = element("div", "waiting-files");
  line.setAttribute("role", "status");
  line.append(element("span", "", state.words["composer.waits"]), queueButton("cancel-wait", state.words["composer.cancel_edit"], stopWaiting));
  return [line];
}

function passwordForm(file) {
  const form = document.createElement("form");
  const input = document.createElement("input");
  input.type = "password";
  input.autocomplete = "off";
  input.setAttribute("aria-label", file.label);
  form.append(input, element("button", "do", state.words["composer.unlock"] ?? "OK"));
  form.onsubmit = (event) => {
    event.preventDefault();
    const { value } = input;
    input.value = "";
    clearNotice();
    readLater(file, value);
  };
  return form;
}

// --- where files come from -----------------------------------------------------------------------------------

// A file above the limit is refused here, by name; the others of the same choice are taken.
function refuseLarge(files) {
  const limit = window.gradio_config?.max_file_size ?? Infinity;
  const large = files.filter((file) => file.size > limit);
  const names = large.map((file) => file.name).join(", ");
  if (names) showNotice(state.words["composer.too_large"].replace("{name}", names).replace("{limit}", Math.floor(limit / 1e6)));
  return files.filter((file) => !large.includes(file));
}

function hearFiles(event) {
  if (!event.target.matches?.('#composer input[type="file"]')) return;
  event.stopImmediatePropagation();
  const files = [...event.target.files];
  event.target.value = "";
  attachFiles(files);
}

// A long text becomes a file; text beside a picture of it (a spreadsheet's cells) stays text.
const PASTED_CHARACTERS = 20000;
function hearPaste(event) {
  if (!event.target.matches?.("#composer textarea")) return;
  const text = event.clipboardData.getData("text/plain");
  const files = text ? [] : [...event.clipboardData.files];
  if (text.length > PASTED_CHARACTERS) files.push(new File([text], "pasted_text.txt", { type: "text/plain" }));
  if (!files.length && text) event.stopImmediatePropagation(); // the browser's own pasting is all that it needs
  if (!event.clipboardData.types.length && navigator.vendor.startsWith("Apple")) readPictures();
  if (!files.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  attachFiles(files);
}

// WebKitGTK names no picture in the event; it gives it to what asks while the event is handled. Other engines would ask the
// visitor for leave.
async function readPictures() {
  const items = await navigator.clipboard?.read?.().catch(() => []) ?? [];
  const pictures = items.map((item) => [item, item.types.find((type) => type.startsWith("image/"))]).filter(([, type]) => type);
  const files = await Promise.all(pictures.map(async ([item, type]) => new File([await item.getType(type)], `image.${type.slice(6)}`, { type })));
  if (files.length) attachFiles(files);
}

// A file that is let go beside the composer would be opened by the browser in the place of the page.
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
function dragOver(event) {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("is-dropping");
}
function dragEnd(event) {
  if (event.type !== "dragleave" || !event.relatedTarget) document.body.classList.remove("is-dropping");
}
function drop(event) {
  dragEnd(event);
  if (!holdsFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true })); // the composer would go on waiting for it
  attachFiles(event.dataTransfer.files);
}

// --- imports -------------------------------------------------------------------------------------------------

// Only Gradio's upload route makes a path that the server takes.
let imported = null;
async function importing() {
  return [visit("import"), imported ? [imported] : []];
}
function chooseImport() {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json,application/json";
  input.onchange = async () => {
    const body = new FormData();
    body.append("files", input.files[0]);
    const answer = await fetch(`${root()}/gradio_api/upload`, { method: "POST", body }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (!answer?.ok) return showNotice(said?.error?.message ?? state.words["composer.not_uploaded"].replace("{name}", input.files[0].name));
    [imported] = said;
    act("import", "import");
  };
  input.click();
}
