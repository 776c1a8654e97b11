// What keys do wherever the focus is. The settings list them (chat/ui/page_texts.py).

const boxes = { search: "#search input", composer: "#composer textarea" };
const focusOn = (selector) => document.querySelector(selector)?.focus();
function openSide(side, box) {
  const opener = document.querySelector(`${side}:not(.open) .toggle-button`);
  if (!opener) return focusOn(box);
  opener.click();
  requestAnimationFrame(() => focusOn(box));
}

const KEYS = {
  "ctrl shift o": () => document.querySelector("#sidebar .do-new")?.click(),
  "ctrl k": () => openSide("#sidebar", boxes.search),
  "shift escape": () => focusOn(boxes.composer),
};

function hearKeys(event) {
  if (event.isComposing) return;
  if (event.key === "Escape" && !event.shiftKey) return escape(event);
  if (event.key === "ArrowUp" && event.target.matches?.(boxes.composer)) return editLast(event);
  const named = [(event.ctrlKey || event.metaKey) && "ctrl", event.shiftKey && "shift", event.key.toLowerCase()];
  const act = KEYS[named.filter(Boolean).join(" ")];
  if (!act || event.altKey) return;
  event.preventDefault();
  act();
}

// Escape closes the nearest thing that is open: a menu of the list, the drawer, what is being edited, on a phone the list
// or the settings. With nothing open it stops the answer.
function escape(event) {
  if (document.querySelector("dialog[open], #models:popover-open") || event.target.getAttribute?.("aria-expanded") === "true") return;
  if (event.target.matches?.(boxes.search) && event.target.value) return empty(event.target);
  const open = [...menus()];
  for (const menu of open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (open.length) return;
  const side = document.querySelector("#settings.open .toggle-button") ?? (isPhone() && document.querySelector("#sidebar.open .toggle-button"));
  if (document.body.classList.contains("has-drawer")) closeDrawer();
  else if (document.body.classList.contains("has-viewer")) closeViewer();
  else if (state.editing) cancelEditing();
  else if (sendsWhenRead) stopWaiting();
  else if (side) side.click();
  else if (isBusy()) stopAnswer();
}

// As if it were typed.
function empty(box) {
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// In an empty box: the last question comes back, to be mended.
function editLast(event) {
  const edit = [...document.querySelectorAll('#conversation .user-row [data-do="edit"]')].at(-1);
  if (event.target.value || state.generation || !edit) return;
  event.preventDefault();
  edit.click();
}
