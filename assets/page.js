// What the page needs of the browser: who the visitor is, where in which conversation, and buttons -> actions.
// Loaded in the head, before Gradio. Gradio's events call `xiaojia.visit(...)`; it answers through `xiaojia.connect`.
window.xiaojia = (() => {
  "use strict";

  // Storage that is denied (a frame of another site, private mode) is memory: the page works until it is closed.
  const memory = { local: {}, session: {} };
  function read(kind, name) {
    try {
      return window[kind + "Storage"].getItem("xiaojia." + name) ?? memory[kind][name] ?? null;
    } catch {
      return memory[kind][name] ?? null;
    }
  }
  function keep(kind, name, value) {
    memory[kind][name] = value;
    try {
      window[kind + "Storage"].setItem("xiaojia." + name, value);
    } catch { /* memory has it */ }
  }
  function readJson(name) {
    try {
      return JSON.parse(read("local", name)) ?? {};
    } catch {
      return {};
    }
  }

  function makeOwner() {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  }

  // Where this tab is: its own memory first, so that two tabs can hold two conversations; a new tab opens the last one.
  const state = {
    owner: read("local", "owner") || makeOwner(),
    language: read("local", "language") || navigator.language || "",
    conversation: read("session", "conversation") ?? read("local", "conversation") ?? "",
    generation: "",
    editing: "",
    query: "",
    temporary: false,
    shown: 0,
    key: "", // the visitor's own, for the endpoint: in this memory alone, never in storage
    options: readJson("options"),
    files: [], // {key, data, id, label, status}: data is Gradio's, id the engine's once it was read
    words: {},
  };
  keep("local", "owner", state.owner);

  const actions = []; // asked for and not yet picked up by the event that their lane's button started

  function visit(lane) {
    const at = actions.findIndex((action) => action.lane === lane);
    const action = at < 0 ? {} : actions.splice(at, 1)[0];
    return {
      owner: state.owner,
      language: state.language,
      conversation: action.conversation ?? state.conversation,
      generation: state.generation,
      editing: state.editing,
      query: state.query,
      temporary: state.temporary,
      shown: state.shown,
      key: state.key,
      options: state.options,
      minutes: -new Date().getTimezoneOffset(),
      narrow: matchMedia("(max-width: 768px)").matches,
      files: state.files.map((file) => file.id).filter(Boolean),
      action: { name: action.name ?? "", id: action.id ?? "", value: action.value ?? "" },
    };
  }

  function act(lane, name, more = {}) {
    actions.push({ lane, name, ...more });
    document.getElementById(`lane-${lane}`)?.click();
  }

  // --- what the server tells -----------------------------------------------------------------------------

  function connect(props, watch) {
    watch("value", () => hear(props.value));
  }

  function hear(told) {
    if (!told || typeof told !== "object") return;
    if (told.words) Object.assign(state.words, told.words);
    if (told.language) document.documentElement.lang = told.language;
    if ("conversation" in told) remember(told.conversation);
    if ("generation" in told) hearGeneration(told.generation);
    if ("editing" in told) setEditing(told.editing);
    if (told.is_sent) sent();
    if (told.is_ended) announce(state.words["answer.complete"]);
    if ("is_empty" in told || told.conversation) document.body.classList.toggle("is-empty", Boolean(told.is_empty));
    if ("hidden" in told) showHidden(told.hidden);
    if ("copy" in told) copy(told.copy);
    if ("download" in told) download(told.download);
    if ("drawer" in told) openDrawer();
    if ("read" in told) filesRead(told);
    document.body.classList.toggle("is-running", Boolean(state.generation || told.is_sent));
    if (!document.body.classList.contains("is-ready")) closeSidebar();
    document.body.classList.add("is-ready");
  }

  // One event shows how an answer grows, whoever started it: this page, another tab, or the page before a reload.
  let followed = "";
  function hearGeneration(generation) {
    state.generation = generation;
    if (generation && generation !== followed) act("follow", "follow", { id: generation });
    followed = generation;
  }

  function remember(conversation) {
    const changed = conversation !== state.conversation;
    state.conversation = conversation;
    if (state.temporary) return;
    keep("session", "conversation", conversation);
    keep("local", "conversation", conversation);
    if (!changed) return;
    document.querySelectorAll("#conversations .open").forEach((entry) => {
      if (entry.dataset.id === conversation) entry.setAttribute("aria-current", "page");
      else entry.removeAttribute("aria-current");
    });
  }

  function sent() {
    setEditing("");
    state.files = [];
    drawFiles();
    document.body.classList.remove("is-empty");
    document.body.classList.add("is-running");
    stick = true;
    follow();
  }

  function announce(sentence) {
    const place = document.getElementById("announcer");
    if (place && sentence) place.textContent = sentence;
  }

  // --- scrolling: stay at the end while the reader is there, and never pull one who has scrolled up --------

  let stick = true;
  const scroller = () => document.getElementById("conversation");
  function follow() {
    const box = scroller();
    if (box && stick) box.scrollTop = box.scrollHeight;
  }
  function watchScrolling() {
    const box = scroller();
    if (!box || box.dataset.watched) return;
    box.dataset.watched = "yes";
    // Only the reader's own scrolling lets go: a layout that grows also moves the end away.
    const look = () => { stick = box.scrollHeight - box.scrollTop - box.clientHeight < 60; };
    for (const name of ["wheel", "touchmove", "keydown", "pointerup"]) box.addEventListener(name, () => requestAnimationFrame(look), { passive: true });
    box.addEventListener("scroll", () => { if (box.scrollHeight - box.scrollTop - box.clientHeight < 4) stick = true; }, { passive: true });
    const sizes = new ResizeObserver(follow);
    for (const child of box.children) sizes.observe(child);
    sizes.observe(box);
  }

  // A screen reader would read out each token; the announcer says when an answer is complete.
  function hushLogs() {
    document.querySelectorAll('#conversation [role="log"]:not([aria-live="off"])').forEach((log) => log.setAttribute("aria-live", "off"));
  }

  function showHidden(count) {
    document.body.classList.toggle("has-earlier", count > 0);
  }

  // --- files: one at a time to the server, so that each answer of it is heard -----------------------------

  const waiting = [];
  const taken = new Map();
  let reading = null;

  function takeFiles(value) {
    if (!value?.files?.length) return undefined;
    for (const data of value.files) {
      // The component tells of the same files again before it has heard that they are taken.
      if (performance.now() - (taken.get(data.path) ?? -Infinity) < 1000) continue;
      taken.set(data.path, performance.now());
      const file = { key: crypto.randomUUID?.() ?? String(Math.random()), data, id: "", status: "reading", label: data.orig_name };
      state.files.push(file);
      waiting.push({ file, password: "" });
    }
    drawFiles();
    readNext();
    return { ...value, files: [] };
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
      const root = (window.gradio_config?.root ?? location.origin + location.pathname).replace(/\/$/, "");
      const answer = await fetch(`${root}/gradio_api/upload`, { method: "POST", body });
      const [path] = await answer.json();
      imported = path;
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
    if (file.id) act("quiet", "detach", { id: file.id });
    drawFiles();
    document.querySelector("#composer textarea")?.focus();
  }

  // --- the composer ---------------------------------------------------------------------------------------

  function setEditing(id) {
    state.editing = id;
    document.body.classList.toggle("is-editing", Boolean(id));
    if (id) requestAnimationFrame(() => document.querySelector("#composer textarea")?.focus());
  }

  // Enter that ends a composition (an IME's candidate), and Enter while an answer grows, send nothing.
  function guardEnter(event) {
    if (event.key !== "Enter" || event.shiftKey || !event.target.closest?.("#composer textarea")) return;
    const isRunning = state.generation || document.body.classList.contains("is-running");
    const isReading = document.body.classList.contains("has-unread");
    if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation();
    else if (isRunning || isReading) {
      sendsWhenRead = isReading && !isRunning;
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }

  // --- copy, export, drawer -------------------------------------------------------------------------------

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

  // --- buttons --------------------------------------------------------------------------------------------

  const local = {
    close: closeDrawer,
    "cancel-edit": () => setEditing(""),
    import: chooseImport,
    temporary: () => { state.temporary = !state.temporary; document.body.classList.toggle("is-temporary", state.temporary); act("show", "new", { conversation: "" }); },
    language: (button) => { keep("local", "language", button.dataset.value); location.reload(); },
    appearance: () => { const dark = document.body.classList.toggle("dark"); keep("local", "appearance", dark ? "dark" : "light"); },
    earlier: () => { state.shown += 80; stick = false; act("show", "open"); },
    dismiss: (button) => button.closest("[data-dismissable]")?.remove(),
  };

  function asked(button) {
    const name = button.dataset.do;
    if (name === "delete") return confirm((state.words["sidebar.delete.sure"] ?? "").replace("{title}", button.dataset.value ?? "")) ? {} : null;
    if (name === "rename") {
      const title = prompt(state.words["sidebar.rename"], button.dataset.value ?? "");
      return title?.trim() ? { value: title.trim() } : null;
    }
    return {};
  }

  // Model text cannot make a button of the page: what it writes stands in a Chatbot outside of our components.
  function isOurs(button) {
    return !button.closest(".prose.chatbot, .md.chatbot") && (!button.closest(".message-row") || button.closest(".component"));
  }

  function hearClick(event) {
    const button = event.target.closest?.("[data-do]");
    if (!button || !isOurs(button) || button.disabled) return;
    const { do: name, lane, id, value } = button.dataset;
    if (local[name]) return local[name](button);
    const answer = asked(button);
    if (answer === null) return;
    if (lane === "drawer") opener = button;
    if (name === "copy") button.classList.add("pressed");
    if (name === "like" || name === "dislike") press(button);
    const conversation = name === "open" ? id : name === "new" ? "" : undefined;
    if (name === "open" || name === "new") leave(conversation);
    const isPressed = button.getAttribute("aria-pressed") === "true";
    act(lane, name, { id, value: answer.value ?? (button.hasAttribute("aria-pressed") ? String(isPressed) : value), conversation });
  }

  function press(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of button.parentElement.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", String(other === button && on));
  }

  // On a phone the list lies over the conversation: closed at first, and again when something was chosen.
  function closeSidebar() {
    if (matchMedia("(max-width: 768px)").matches) document.querySelector("#sidebar.open .toggle-button")?.click();
  }

  // What is sent before the server has answered belongs to what was chosen already.
  function leave(conversation) {
    remember(conversation);
    state.shown = 0;
    state.generation = "";
    setEditing("");
    stick = true;
    if (state.temporary) local.temporary = local.temporary;
    closeSidebar();
  }

  document.addEventListener("click", hearClick);
  for (const name of ["keydown", "keypress"]) document.addEventListener(name, guardEnter, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && document.body.classList.contains("has-drawer")) closeDrawer(); });
  function begin() {
    const appearance = read("local", "appearance");
    if (appearance) document.body.classList.toggle("dark", appearance === "dark");
    new MutationObserver(() => { watchScrolling(); hushLogs(); }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-live"] });
  }
  // Gradio may run what it was given for the head before the body is there, or after.
  if (document.body && document.readyState !== "loading") begin();
  else document.addEventListener("DOMContentLoaded", begin);

  function keepOptions(names, values) {
    state.options = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    keep("local", "options", JSON.stringify(state.options));
  }

  function keepKey(key) {
    state.key = (key ?? "").trim();
  }

  function search(query) {
    state.query = query ?? "";
    return visit("list");
  }

  return { visit, connect, takeFiles, upload, importing, keepOptions, keepKey, search, act, state };
})();
