// Copies, downloads, and the drawer: content that leaves the page or opens beside it.

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea"); // no clipboard on plain http and in some frames
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(state.words["answer.copied"]);
  document.querySelectorAll(".do-copy.pressed").forEach((button) => { button.classList.replace("pressed", "done"); setTimeout(() => button.classList.remove("done"), 1500); });
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
