// The menu of models: at the place where the name of the one that answers stands, and at an answer that another one is to
// write again. Its search field filters the list: a text that is typed there never becomes a model's name.

const SEARCHED_FROM = 12; // entries; a shorter list is read at a glance
const AUTOMATIC = ""; // the first of the list answers, whichever it is
let listedModels = []; // the entries shown now: { name, label }
let activeModel = 0; // the index of the one that Enter chooses
let choice = null; // what the open menu is for: { button, label, entries(), chosen(), choose(entry) }

// The list of the server. A chosen model that it no longer has is forgotten, unless the endpoint gave no list at all.
function hearModels(names) {
  state.models = names;
  const hasList = names.length > 1;
  if (hasList && state.options.model && !names.includes(state.options.model)) keepOption("model", AUTOMATIC);
  showModel();
  if (modelMenu()?.matches(":popover-open")) listModels();
}

function showModel() {
  const button = document.querySelector("#gauge .do-model");
  button.hidden = state.models.length < 2;
  button.textContent = state.options.model || state.models[0] || "";
  button.title = state.words["settings.model"] ?? "";
  markOpener(button, Boolean(modelMenu()?.matches(":popover-open") && choice.button === button));
}

function markOpener(button, isOpen) {
  button.setAttribute("aria-haspopup", "listbox");
  button.setAttribute("aria-expanded", String(isOpen));
}

const modelMenu = () => document.getElementById("models");

// The model of all answers from now on.
function openModels(button) {
  openMenu({
    button,
    label: state.words["settings.model"],
    entries: () => [{ name: AUTOMATIC, label: state.words["models.automatic"].replace("{model}", state.models[0]) }, ...namedModels()],
    chosen: () => state.options.model || AUTOMATIC,
    choose: ({ name, label }) => {
      keepOption("model", name);
      announce(`${state.words["settings.model"]}: ${label}`);
    },
  });
}

// The model of one answer: the same question once more.
function retryWith(button) {
  const { id, value: answered } = button.dataset;
  openMenu({
    button,
    label: state.words["answer.retry_with"],
    entries: () => namedModels().filter(({ name }) => name !== answered),
    chosen: () => null,
    choose: ({ name }) => {
      if (isBusy()) return;
      document.body.classList.add("is-running");
      act("show", "retry", { id, value: name });
    },
  });
}

const namedModels = () => state.models.map((name) => ({ name, label: name }));

function openMenu(wanted) {
  const menu = modelMenu() ?? createModelMenu();
  const isOpen = menu.matches(":popover-open");
  if (isOpen) menu.hidePopover();
  if (isOpen && choice.button === wanted.button) return;
  choice = wanted;
  const search = menu.querySelector("input");
  search.value = "";
  search.hidden = choice.entries().length < SEARCHED_FROM;
  search.placeholder = state.words["models.search"];
  search.setAttribute("aria-label", state.words["models.search"]);
  menu.querySelector('[role="listbox"]').setAttribute("aria-label", choice.label);
  menu.showPopover();
  listModels();
  placeModels(menu, choice.button);
  (search.hidden ? menu.querySelector('[role="listbox"]') : search).focus();
  markOpener(choice.button, true);
}

// Above the button or below it, where there is more room; within the window. The top layer knows no positioned ancestor.
function placeModels(menu, button) {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const isAbove = top > innerHeight - bottom;
  menu.style.bottom = isAbove ? `${innerHeight - top + 6}px` : "auto";
  menu.style.top = isAbove ? "auto" : `${bottom + 6}px`;
  const isAtEnd = (left + right) / 2 > innerWidth / 2;
  menu.style.right = isAtEnd ? `${Math.max(8, innerWidth - right)}px` : "auto";
  menu.style.left = isAtEnd ? "auto" : `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.maxHeight = `${Math.max(120, Math.min((isAbove ? top : innerHeight - bottom) - 16, 460))}px`;
}

function createModelMenu() {
  const menu = element("div", "");
  const search = element("input", "");
  const list = element("div", "");
  menu.id = "models";
  menu.popover = "auto";
  search.type = "search";
  search.autocomplete = "off";
  list.id = "models-list";
  list.tabIndex = 0;
  list.setAttribute("role", "listbox");
  search.setAttribute("role", "combobox");
  search.setAttribute("aria-controls", list.id);
  search.oninput = listModels;
  menu.onkeydown = hearModelKeys;
  menu.ontoggle = ({ newState }) => markOpener(choice.button, newState === "open");
  menu.append(search, list);
  document.querySelector(".gradio-container").append(menu);
  return menu;
}

function listModels() {
  const menu = modelMenu();
  const words = menu.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  listedModels = choice.entries().filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
  const list = menu.querySelector('[role="listbox"]');
  list.replaceChildren(...listedModels.map(modelEntry));
  if (!listedModels.length) list.append(element("p", "hint", state.words["models.none"]));
  const chosen = listedModels.findIndex(({ name }) => name === choice.chosen());
  activateModel(words.length || chosen < 0 ? 0 : chosen);
}

function modelEntry({ name, label }, at) {
  const entry = element("div", "option", label);
  entry.id = `model-${at}`;
  entry.setAttribute("role", "option");
  entry.setAttribute("aria-selected", String(name === choice.chosen()));
  entry.onclick = () => chooseModel(at);
  entry.onpointermove = () => activateModel(at, false);
  return entry;
}

function activateModel(at, scrolls = true) {
  const entries = [...modelMenu().querySelectorAll(".option")];
  activeModel = Math.max(0, Math.min(at, entries.length - 1));
  entries.forEach((entry, index) => entry.classList.toggle("active", index === activeModel));
  const active = entries[activeModel];
  for (const holder of modelMenu().querySelectorAll('input, [role="listbox"]')) holder.setAttribute("aria-activedescendant", active?.id ?? "");
  if (scrolls) active?.scrollIntoView({ block: "nearest" });
}

const MODEL_STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1000, End: 1000 };
function hearModelKeys(event) {
  if (event.isComposing) return;
  const isTyped = event.target.matches("input") && ["Home", "End"].includes(event.key);
  if (event.key in MODEL_STEPS && !isTyped) activateModel(activeModel + MODEL_STEPS[event.key]);
  else if (event.key === "Enter") chooseModel(activeModel);
  else if (event.key === "Escape") closeModels(() => choice.button.focus());
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function chooseModel(at) {
  const entry = listedModels[at];
  if (!entry) return; // no model has the name that was typed
  closeModels(focusComposer);
  choice.choose(entry);
}

function closeModels(goOn) {
  modelMenu().hidePopover();
  goOn();
}
