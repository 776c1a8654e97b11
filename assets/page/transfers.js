// Uploads of this page's own, one at a time: Gradio's composer shows nothing of an upload, and forgets the file when a
// message is sent meanwhile. XMLHttpRequest, since fetch tells no progress of what it sends.

const outgoing = []; // files that are not at the server yet
let transfer = null;

function startTransfer() {
  if (transfer || !outgoing.length) return;
  transfer = outgoing.shift();
  const file = transfer;
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("files", file.data, file.name);
  file.request = request;
  file.status = "uploading";
  request.open("POST", `${root()}/gradio_api/upload`);
  request.setRequestHeader("x-visitor", state.owner);
  request.upload.onprogress = (event) => { file.progress = event.total ? event.loaded / event.total : 0; drawProgress(file); };
  request.onload = () => endTransfer(file, request);
  request.onerror = () => endTransfer(file, null);
  request.onabort = () => endTransfer(file, null);
  request.send(body);
  drawFiles();
}

function endTransfer(file, request) {
  transfer = null;
  file.request = null;
  const answer = request ? parseAnswer(request) : null;
  if (request?.status === 200 && answer?.[0]) {
    [file.path] = answer;
    file.progress = 1;
    readLater(file, "");
  } else if (request && request.status < 500) {
    dropFile(file);
    showNotice(answer?.error?.message ?? state.words["composer.not_uploaded"].replace("{name}", file.name));
  } else {
    file.status = "failed"; // the line or the server is away: the file stays, with a button that tries again
    stopWaiting();
  }
  drawFiles();
  startTransfer();
}

function parseAnswer(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return null;
  }
}

function tryAgain(file) {
  file.status = "uploading";
  file.progress = 0;
  outgoing.push(file);
  drawFiles();
  startTransfer();
}
