// Files: one at a time to the server, so that each answer of it is heard; exports come in the same way.

const waiting = [];
const taken = new Map();
let reading = null;

function takeFiles(value) {
  if (!value?.files?.length) return undefined;
  for (const data of value.files) {
    // The component tells of the same files again before it has heard that they are taken.
    if (performance.now() - (taken.get(data.path) ?? -Infinity) < 1000) continue;
    taken.set(data.path, performance.now());
    const file = { key: crypto.randomUUID?.() ?? String(Math.random()), data, id: "", status: "reading", label: data.orig_name, isSent: false };
    state.files.push(file);
    waiting.push({ file, password: "" });
  }
  drawFiles();
  readNext();
  // What was typed since the component told its value stands in the box alone.
  return { ...value, text: document.querySelector("#composer textarea")?.value ?? value.text, files: [] };
}

function readNext() {
  if (reading || !waiting.length) return;
  reading = waiting.shift();
  reading.file.status = "reading";
  act("file", "attach", { id: reading.file.key.slice(0, 64), value: reading.password });
}

function upload() {
  return [visit("file"), reading ? [reading.file.data.path] : []];
}

// Files that were read before: of a message that is edited or refused, or of a page that was loaded anew.
function giveFiles(files) {
  takeBackFiles(files);
  state.files.push(...files.map((file) => ({ key: file.id, data: { orig_name: file.label }, status: "done", isSent: true, ...file })));
  drawFiles();
}
function takeBackFiles(others) {
  state.files = state.files.filter((file) => !file.isSent && others.every((other) => other.id !== file.id));
  drawFiles();
}

// An export to take in goes the same way as a file: only Gradio's uploader makes a path that the server takes.
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
    const answer = await fetch(`${root()}/gradio_api/upload`, { method: "POST", body });
    const said = await answer.json();
    if (!answer.ok) return showNotice(said.error?.message);
    [imported] = said;
    act("import", "import");
  };
  input.click();
}

function filesRead(told) {
  const file = state.files.find((file) => file.key === told.key);
  if (file) Object.assign(file, { id: told.id || file.id, status: told.read, label: told.label });
  if (told.is_last) {
    if (!file && told.id) act("quiet", "detach", { id: told.id });
    reading = null;
    readNext();
  }
  if (file?.status === "refused") state.files = state.files.filter((other) => other !== file);
  if (["refused", "password"].includes(told.read)) sendsWhenRead = false;
  drawFiles();
  sendIfRead();
}

// Enter while a file is still being read sends as soon as it is: no key press is lost.
let sendsWhenRead = false;
function sendIfRead() {
  if (!sendsWhenRead || state.files.some((file) => !file.id)) return;
  sendsWhenRead = false;
  document.querySelector("#composer .submit-button")?.click();
}

function drawFiles() {
  const place = document.getElementById("files");
  if (!place) return;
  place.replaceChildren(...state.files.map(fileChip));
  document.body.classList.toggle("has-unread", state.files.some((file) => !file.id));
}

function fileChip(file) {
  const chip = document.createElement("div");
  chip.className = `attached ${file.status}`;
  const label = document.createElement("span");
  label.textContent = file.label;
  label.title = file.label;
  chip.append(label);
  if (file.status === "password") chip.append(passwordForm(file));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "do do-remove icon";
  remove.setAttribute("aria-label", (state.words["composer.remove"] ?? "× {name}").replace("{name}", file.data.orig_name));
  remove.onclick = () => removeFile(file);
  chip.append(remove);
  return chip;
}

function passwordForm(file) {
  const form = document.createElement("form");
  const input = document.createElement("input");
  const open = document.createElement("button");
  input.type = "password";
  input.autocomplete = "off";
  input.setAttribute("aria-label", file.label);
  open.className = "do";
  open.textContent = state.words["composer.unlock"] ?? "OK";
  form.append(input, open);
  form.onsubmit = (event) => {
    event.preventDefault();
    waiting.push({ file, password: input.value });
    readNext();
    drawFiles();
  };
  return form;
}

function removeFile(file) {
  state.files = state.files.filter((other) => other !== file);
  if (file.id && !file.isSent) act("quiet", "detach", { id: file.id });
  drawFiles();
  document.querySelector("#composer textarea")?.focus();
}

// What the server would refuse for its size is refused here, by name: Gradio says so in English, and takes none of them.
function refuseLarge(files) {
  const limit = window.gradio_config?.max_file_size ?? Infinity;
  const large = [...files].filter((file) => file.size > limit);
  const names = large.map((file) => file.name).join(", ");
  if (names) showNotice(state.words["composer.too_large"].replace("{name}", names).replace("{limit}", Math.floor(limit / 1e6)));
  const taken = new DataTransfer();
  for (const file of files) if (!large.includes(file)) taken.items.add(file);
  return taken.files;
}
function hearFiles(event) {
  if (!event.target.matches?.('#composer input[type="file"]')) return;
  const taken = refuseLarge(event.target.files);
  if (taken.length === event.target.files.length) return;
  event.target.files = taken;
  if (!taken.length) event.stopImmediatePropagation();
}

// A file that is let go beside the composer would be opened by the browser in the place of the page.
function holdsFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}
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
  if (!holdsFiles(event) || event.defaultPrevented) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true })); // the composer would go on waiting for it
  const input = document.querySelector('#composer input[type="file"]');
  if (!input) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
