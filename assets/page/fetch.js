// Requests of Gradio's client. Each gets the visitor's secret value as a header, from which the server derives the session
// and the upload path (chat/http/middleware/gradio_sessions.py). A 503 of a replica that is stopping is retried until another
// replica takes the event; a message that no replica takes returns to the composer.

const AGAIN_MILLISECONDS = 500;
const AGAIN_TIMES = 40;
const bare = window.fetch.bind(window);
window.fetch = (asked, options = {}) => {
  const url = new URL(asked.url ?? asked, location.href);
  if (url.origin !== location.origin || !url.pathname.includes("/gradio_api/")) return bare(asked, options);
  const headers = new Headers(options.headers ?? asked.headers);
  headers.set("x-visitor", state.owner);
  if (url.pathname.endsWith("/queue/join")) {
    const ask = () => join(url, { ...options, headers });
    return first.size ? takeFirst(options, ask) : ask();
  }
  if (!url.pathname.endsWith("/queue/data")) return watchLine(bare(asked, { ...options, headers }));
  url.searchParams.set("session_hash", nameSession());
  const ask = () => bare(url, { headers, signal: asked.signal, credentials: asked.credentials });
  return readStream(() => takeFirstStream(ask));
};

// What the page asks for when it is loaded is asked for by this script, while Gradio's is still being read and makes its
// components: their events then find the answers there, and need no round trip.
const first = new Map(); // Gradio's number of an event -> promise of the answer that accepts it
let firstStream = Promise.resolve(null); // of the stream with their values
function askFirst() {
  const headers = { "content-type": "application/json", "x-visitor": state.owner };
  for (const { id, js, targets } of window.gradio_config?.dependencies ?? []) {
    const target = targets.find(([, name]) => name === "load");
    const lane = target && /visit\('(\w+)'\)/.exec(js)?.[1];
    if (!lane) continue; // an event of Gradio's own
    const event = { data: [visit(lane)], event_data: null, fn_index: id, trigger_id: target[0], session_hash: nameSession() };
    first.set(id, join(`${root()}/gradio_api/queue/join`, { method: "POST", headers, body: JSON.stringify(event) }));
  }
  const read = (answers) => (answers.every(({ ok }) => ok) ? bare(`${root()}/gradio_api/queue/data?session_hash=${nameSession()}`, { headers }) : null);
  if (first.size) firstStream = Promise.all(first.values()).then(read).catch(() => null);
}
async function takeFirst({ body }, ask) {
  const { fn_index } = JSON.parse(body);
  const answer = first.get(fn_index);
  first.delete(fn_index);
  const given = await answer;
  return given?.ok ? given : ask();
}
async function takeFirstStream(ask) {
  const stream = firstStream;
  firstStream = Promise.resolve(null);
  return (await stream) ?? ask();
}

const joining = new Set(); // promises of the events that are on their way to the server
function join(url, options) {
  const joined = tryJoining(url, options);
  const over = () => joining.delete(joined);
  joining.add(joined);
  joined.then(over, over);
  return joined;
}
async function tryJoining(url, options) {
  const event = JSON.parse(options.body);
  try {
    const at = cuts;
    const body = JSON.stringify({ ...event, session_hash: nameSession() });
    let answer = await watchLine(bare(url, { ...options, body }));
    for (let times = 0; answer.status === 503 && times < AGAIN_TIMES; times++) {
      await new Promise((done) => setTimeout(done, AGAIN_MILLISECONDS));
      answer = await bare(url, { ...options, body });
    }
    if (answer.ok) noteEvent((await answer.clone().json()).event_id, event.data[0] ?? {}, at);
    else takeBack(event);
    return answer;
  } catch {
    takeBack(event);
    return new Response('{"detail": "offline"}', { status: 503 }); // an exception would make Gradio load the page anew
  }
}
function takeBack({ data: [asked] }) {
  const message = sending?.id === asked?.action?.id ? sending : null;
  if (message) unnamed = null;
  if (message) returnMessage(message, state.words["page.not_sent"]);
}
