// The files of the conversation, in the viewer: a first page each, what was not read, and whether later questions are asked
// with it. The server tells which are excluded; a file's name and its problems are text here and nothing else.

const THUMBNAIL_WIDTH = 160;

function buildFileButton() {
  const files = element("button", "viewer-files");
  Object.assign(files, { type: "button", onclick: () => listFiles(!viewer.root.classList.contains("is-listing")) });
  files.setAttribute("aria-expanded", "false");
  files.title = say("evidence.files");
  return files;
}

function listFiles(on) {
  viewer.root.classList.toggle("is-listing", on);
  viewer.root.querySelector(".viewer-files").setAttribute("aria-expanded", String(on));
  if (on) drawFileList();
}

function nameFile() {
  const files = viewer.root.querySelector(".viewer-files");
  files.replaceChildren(element("span", "", viewer.file.name), element("small", "", viewer.told.files.length > 1 ? String(viewer.told.files.length) : ""));
  files.setAttribute("aria-label", `${say("evidence.files")}: ${viewer.file.name}`);
}

const kilobytes = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function drawFileList() {
  const list = viewer.root.querySelector(".viewer-list");
  const shown = new Map([...list.children].map((row) => [row.dataset.id, row]));
  list.replaceChildren(...viewer.told.files.map((file) => drawFileRow(file, shown.get(file.id)?.querySelector(".thumbnail"))));
}

function drawFileRow(file, thumbnail) {
  const row = element("li", file.excluded ? "is-excluded" : "");
  row.dataset.id = file.id;
  const open = element("button", "viewer-file");
  Object.assign(open, { type: "button", onclick: () => { listFiles(false); showPage(file, 1); viewer.root.querySelector(".viewer-files").focus(); } });
  if (file === viewer.file) open.setAttribute("aria-current", "true");
  const about = element("span", "");
  about.append(element("b", "", file.name), element("small", "", [kilobytes(file.bytes), file.unit].filter(Boolean).join(" · ")));
  for (const problem of file.problems) about.append(element("small", "unread", problem));
  if (file.excluded) about.append(element("small", "excluded", say("evidence.excluded")));
  open.append(thumbnail ?? makeThumbnail(file), about);
  const use = element("button", "viewer-use", say(file.excluded ? "evidence.include" : "evidence.exclude"));
  Object.assign(use, { type: "button", onclick: () => act("fetch", file.excluded ? "include" : "exclude", { id: file.id }) });
  use.setAttribute("aria-label", `${use.textContent}: ${file.name}`);
  row.append(open, use);
  return row;
}

function makeThumbnail(file) {
  const thumbnail = element("span", "thumbnail", isDrawn(file) ? "" : file.name.includes(".") ? file.name.split(".").at(-1).slice(0, 4) : "");
  thumbnail.setAttribute("aria-hidden", "true");
  if (!isDrawn(file)) return thumbnail;
  fetchImage(file, 1, THUMBNAIL_WIDTH).then((url) => {
    const picture = element("img", "");
    Object.assign(picture, { alt: "", src: url });
    thumbnail.replaceChildren(picture);
  }).catch(() => { thumbnail.textContent = file.kind === "application/pdf" ? "pdf" : ""; });
  return thumbnail;
}

// Which files later questions are asked without: in the list, and on the chips of the questions that came with them.
function hearExcluded(told) {
  for (const file of viewer.told?.files ?? []) if (file.id in told) file.excluded = told[file.id];
  for (const chip of document.querySelectorAll('#conversation .sent-files [data-do="view-file"]')) {
    if (!(chip.dataset.id in told)) continue;
    if (told[chip.dataset.id]) chip.dataset.excluded = say("evidence.excluded");
    else delete chip.dataset.excluded;
  }
  if (!viewer.root) return;
  const focused = document.activeElement?.matches(".viewer-use") && document.activeElement.closest("li").dataset.id;
  drawFileList();
  if (focused) viewer.root.querySelector(`.viewer-list [data-id="${CSS.escape(focused)}"] .viewer-use`)?.focus();
}
