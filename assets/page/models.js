// The menu of models, at the place where the name of the one that answers stands. Its search field filters the list: a text
// that is typed there never becomes a model's name.

const SEARCHED_FROM = 12; // entries; a shorter list is read at a glance
const AUTOMATIC = ""; // the first of the list answers, whichever it is
let listedModels = []; // the entries shown now: { name, label }
let activeModel = 0; // the index of the one that Enter chooses

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
  button.setAttribute("aria-haspopup", "listbox");
  button.setAttribute("aria-expanded", String(Boolean(modelMenu()?.matches(":popover-open"))));
}

const modelMenu = () => document.getElementById("models");

function openModels(button) {
  const menu = modelMenu() ?? createModelMenu();
  if (menu.matches(":popover-open")) return menu.hidePopover();
  const search = menu.querySelector("input");
  search.value = "";
  search.hidden = state.models.length < SEARCHED_FROM;
  search.placeholder = state.words["models.search"];
  search.setAttribute("aria-label", state.words["models.search"]);
  menu.querySelector('[role="listbox"]').setAttribute("aria-label", state.words["settings.model"]);
  menu.showPopover();
  listModels();
  placeModels(menu, button);
  (search.hidden ? menu.querySelector('[role="listbox"]') : search).focus();
  showModel();
}

// Above the button, at its end, within the window. The top layer knows no positioned ancestor.
function placeModels(menu, button) {
  const { right, top } = button.getBoundingClientRect();
  menu.style.bottom = `${innerHeight - top + 6}px`;
  menu.style.right = `${Math.max(8, innerWidth - right)}px`;
  menu.style.maxHeight = `${Math.max(120, Math.min(top - 16, 460))}px`;
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
  menu.ontoggle = showModel;
  menu.append(search, list);
  document.querySelector(".gradio-container").append(menu);
  return menu;
}

function listModels() {
  const menu = modelMenu();
  const words = menu.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const automatic = state.words["models.automatic"].replace("{model}", state.models[0]);
  const entries = [{ name: AUTOMATIC, label: automatic }, ...state.models.map((name) => ({ name, label: name }))];
  listedModels = entries.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
  const list = menu.querySelector('[role="listbox"]');
  list.replaceChildren(...listedModels.map(modelEntry));
  if (!listedModels.length) list.append(element("p", "hint", state.words["models.none"]));
  const chosen = listedModels.findIndex(({ name }) => name === (state.options.model || AUTOMATIC));
  activateModel(words.length || chosen < 0 ? 0 : chosen);
}

function modelEntry({ name, label }, at) {
  const entry = element("div", "option", label);
  entry.id = `model-${at}`;
  entry.setAttribute("role", "option");
  entry.setAttribute("aria-selected", String(name === (state.options.model || AUTOMATIC)));
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
  else if (event.key === "Escape") closeModels();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function chooseModel(at) {
  const entry = listedModels[at];
  if (!entry) return; // no model has the name that was typed
  keepOption("model", entry.name);
  closeModels();
  announce(`${state.words["settings.model"]}: ${entry.label}`);
}

function closeModels() {
  modelMenu().hidePopover();
  showModel();
  focusComposer();
}
