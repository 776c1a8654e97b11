// What the browser remembers, where this tab is, and what it sends along with every event of Gradio's.
// The files of this folder are one script with one scope (chat/ui/page.py puts them together, in the head, before
// Gradio): names of one are known in the others, and what `start.js` returns is `window.xiaojia`.

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
function readJson(kind, name) {
  try {
    return JSON.parse(read(kind, name)) ?? {};
  } catch {
    return {};
  }
}

function makeSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

// Where this tab is: what its address names, or else its own memory, so that two tabs can hold two conversations; a new tab
// opens the last one.
const state = {
  owner: read("local", "owner") || makeSecret(),
  language: read("local", "language") || navigator.language || "",
  conversation: addressed() || (read("session", "conversation") ?? read("local", "conversation") ?? ""),
  place: 0, // counts where this tab has been: what is told to an earlier place is not for this one
  generation: "",
  editing: "",
  queue: [], // messages that wait until the answer ends (outbox.js)
  ended: "", // how the newest answer ended
  query: "",
  listed: 200, // conversations of the list
  temporary: false,
  shown: 0,
  key: "", // the visitor's own, for the endpoint: in this memory alone, never in storage
  options: readJson("local", "options"),
  files: [], // see files.js
  name: "", // the assistant's
  models: [], // those of the server, the one that answers where none is chosen first
  words: {},
};
keep("local", "owner", state.owner);

const root = () => (window.gradio_config?.root ?? location.origin + location.pathname).replace(/\/$/, "");

const actions = []; // asked for and not yet picked up by the event that their lane's button started

function visit(lane) {
  const at = actions.findIndex((action) => action.lane === lane);
  const action = at < 0 ? {} : actions.splice(at, 1)[0];
  return {
    lane, // for this page alone: stream.js
    owner: state.owner,
    language: state.language,
    place: state.place,
    conversation: action.conversation ?? state.conversation,
    generation: state.generation,
    editing: action.editing ?? state.editing,
    query: state.query,
    listed: state.listed,
    temporary: state.temporary,
    shown: state.shown,
    key: state.key,
    options: state.options,
    minutes: -new Date().getTimezoneOffset(),
    narrow: matchMedia("(max-width: 768px)").matches,
    files: action.files ?? state.files.map((file) => file.id).filter(Boolean),
    action: { name: action.name ?? "", id: action.id ?? "", value: action.value ?? "" },
  };
}

// What starts the event of a lane: a component of Gradio's that says it is there (chat/ui/components.py). Until then nothing
// is asked for.
let start = () => {};
function connect(trigger, events) {
  start = (lane) => trigger(events[lane]);
}

function act(lane, name, more = {}) {
  if (name === "open") followed = ""; // what grows there is followed anew: opening it ends the following before
  actions.push({ lane, name, ...more });
  start(lane);
}
