// Copies, downloads, and the drawer: content that leaves the page or opens beside it.

// WebKit takes a text while a click is handled, and not later. The text of an answer comes from the server: the clipboard
// receives a promise of it at the click.
let giveText = () => {}; // the text of the answer that is being copied
function copyAnswer(button) {
  const text = new Promise((give) => { giveText = give; });
  copy(text, button, button.closest(".message-row")?.querySelector(".prose, .question") ?? button);
}

// "Copied" is said where it is true. Elsewhere the text is selected: shown, what has it on the page.
async function copy(text, button, shown) {
  const isCopied = await writeClipboard(text);
  if (isCopied) {
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  } else getSelection().selectAllChildren(shown);
  const words = state.words[isCopied ? "answer.copied" : "answer.selected"];
  announce(words);
  if (!isCopied) showHint(words);
}

async function writeClipboard(text) {
  try {
    const data = Promise.resolve(text).then((text) => new Blob([text], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": data })]);
    return true;
  } catch {
    return copySelection(await text); // no clipboard on plain http and in some frames
  }
}

function copySelection(text) {
  const area = document.createElement("textarea");
  let isHeard = false; // a browser may refuse, and return true all the same
  area.value = text;
  area.oncopy = () => { isHeard = true; };
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy") && isHeard;
  area.remove();
  return isCopied;
}

function download({ name, text, type }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

let opener = null;
function openDrawer() {
  document.body.classList.add("has-drawer");
  requestAnimationFrame(() => document.querySelector("#drawer .do-close")?.focus());
}
function closeDrawer() {
  document.body.classList.remove("has-drawer");
  opener?.focus();
  opener = null;
}
