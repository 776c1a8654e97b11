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
  if (url.pathname.endsWith("/queue/join")) return join(url, { ...options, headers });
  if (!url.pathname.endsWith("/queue/data")) return watchLine(bare(asked, { ...options, headers }));
  url.searchParams.set("session_hash", nameSession(url.searchParams.get("session_hash")));
  return readStream(() => bare(url, { headers, signal: asked.signal, credentials: asked.credentials }));
};

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
    const body = JSON.stringify({ ...event, session_hash: nameSession(event.session_hash) });
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
