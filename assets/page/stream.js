// The stream of Gradio's client, read to the event that ends it. `fetch` reports a cut in different ways: Chromium as an
// error, WebKit as the end of the body, Firefox as either. So any end before `close_stream` is a cut, and so is silence.
//
// The server forgets a page's events when its stream is cut. The answer goes on there. Once the server answers again,
// Gradio's client is told that its events are over, and this page asks anew for what it shows and for what was under way.

const SILENT_MILLISECONDS = 40000; // without a byte, the heartbeat included, which comes every 15 seconds
const CLOSE = 'data: {"msg":"close_stream","event_id":null}';
const ASK_MILLISECONDS = 5000; // for the longest of the waits between two questions whether the server is there
const underWay = new Map(); // Gradio's id of an event -> the visit that it was sent with
const early = new Set(); // ids of events that were over before this page heard that they were accepted
const orphans = []; // events that were sent before a cut and accepted after it: no stream has their values
let cuts = 0;
let passOn = null; // to the stream that Gradio's client reads now

// Not the name that Gradio's client makes, which comes too late (fetch.js: askFirst). The page has another session after
// each cut: the server may take the connection that is lost for open, and send values of the old session there.
const PAGE = makeSecret();
const nameSession = () => (cuts ? `${PAGE}-${cuts}` : PAGE);

// Return an answer whose body holds complete frames, and always ends with `close_stream`. ask: requests the stream.
async function readStream(ask) {
  // Of the first events a page may hear the end before it hears that they were accepted: the server would send nothing more,
  // and hold one of the browser's few connections.
  const isIdle = !underWay.size && !joining.size;
  const answer = isIdle ? null : await ask().catch(() => null);
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(out) {
      const pass = passOn = (frame) => out.enqueue(encoder.encode(frame + "\n\n"));
      orphans.splice(0).forEach(passEnd);
      let isWhole = isIdle || await passFrames(answer, pass);
      // The server ends a stream when no event is left, and this page may have sent one before it hears of that: its values
      // wait for another stream, which Gradio's client would not ask for while it takes this one for open.
      while (isWhole && (underWay.size || joining.size)) {
        if (underWay.size) isWhole = await passFrames(await ask().catch(() => null), pass);
        else await Promise.race(joining);
      }
      if (isWhole) pass(CLOSE);
      else if (passOn === pass && await isServerThere()) endStream(pass); // else it was ended while it was open
      if (passOn === pass) passOn = null;
      out.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function endStream(pass) {
  cuts += 1;
  const lost = [...underWay];
  for (const [id] of lost) passEnd(id);
  pass(CLOSE);
  passOn = null;
  setTimeout(resume, 0, lost.map(([, sent]) => sent)); // Gradio's client opens the next stream for what this asks
}

function passEnd(id) {
  const end = { msg: "process_completed", event_id: id, output: { data: [] }, success: true };
  underWay.delete(id);
  if (passOn) passOn(`data: ${JSON.stringify(end)}`);
  else orphans.push(id);
}

// Note an event that the server has accepted. at: the number of cuts when it was sent.
function noteEvent(id, sent, at) {
  if (early.delete(id)) return;
  if (at !== cuts) return passEnd(id);
  underWay.set(id, sent);
  if (ANSWERED.includes(sent.lane)) expectAnswer(id);
}

// One of several servers may end between what this page asks and the answer, which then is not delivered. Whether it is
// another one by now is told by its id; what was asked is kept there, and what is being typed here.
const ANSWERED = ["load", "send", "show", "settle"]; // of these the server always sends something
const ANSWER_MILLISECONDS = 5000;
const overdue = new Map(); // Gradio's id of an event of which nothing has come -> timer
function expectAnswer(id) {
  clearTimeout(overdue.get(id));
  overdue.set(id, setTimeout(comeBack, ANSWER_MILLISECONDS, id));
}
function answerCame(id) {
  clearTimeout(overdue.get(id));
  overdue.delete(id);
}
async function comeBack(id) {
  if (first.size) return expectAnswer(id); // Gradio's client reads nothing yet
  const isSame = await isSameServer();
  if (!overdue.has(id)) return;
  if (isSame === null) expectAnswer(id); // none answers now
  else overdue.delete(id);
  if (isSame !== false) return;
  if (await isSameBuild()) endStream(passOn ?? (() => {}));
  else loadAnew();
}

// Pass an answer's frames on, but the one that ends a stream. Return whether that was the last of them.
async function passFrames(answer, pass) {
  if (!answer?.ok) return false;
  const paced = paceFrames(pass);
  try {
    return await readFrames(answer.body.getReader(), paced.pass);
  } finally {
    paced.flush();
  }
}

async function readFrames(reader, pass) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await readOrGiveUp(reader);
    if (done) return false;
    const frames = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const { msg, id } = kindOf(frame);
      if (msg === "unexpected_error") return false; // of a session that the server does not know any more
      if (msg === "close_stream") return true;
      if (msg === "process_completed" && !underWay.delete(id)) early.add(id);
      answerCame(id);
      pass(frame, msg);
    }
  }
}

async function readOrGiveUp(reader) {
  let timer = 0;
  const silence = new Promise((end) => { timer = setTimeout(end, SILENT_MILLISECONDS, { done: true }); });
  try {
    const read = await Promise.race([reader.read(), silence]);
    if (read.done) reader.cancel().catch(() => {});
    return read;
  } catch {
    return { done: true };
  } finally {
    clearTimeout(timer);
  }
}

// Not parsed: a frame can be long, and Gradio's client parses it.
function kindOf(frame) {
  const [, msg, id] = /^data: \{"msg":"(\w+)"(?:,"event_id":"(\w+)")?/.exec(frame) ?? [];
  return { msg, id };
}

// Return when a server answers: whether this page can go on with it. Another build's page is loaded anew.
async function isServerThere() {
  for (let wait = 250; ; wait = Math.min(2 * wait, ASK_MILLISECONDS)) {
    if (isLeaving) await new Promise((back) => addEventListener("pageshow", back, { once: true }));
    const isSame = await isSameBuild();
    if (isSame === false) loadAnew();
    if (isSame !== null) return isSame;
    lineLost();
    await new Promise((again) => { setTimeout(again, wait); addEventListener("online", again, { once: true }); });
  }
}

// Whether what answers makes the same page, as other replicas do, and this server after a restart; null: none answers.
const { build: BUILD, replicas: REPLICAS } = document.currentScript.dataset;
async function isSameBuild() {
  try {
    const answer = await bare(root() + BUILD, { cache: "no-store", signal: AbortSignal.timeout(ASK_MILLISECONDS) });
    return answer.ok || (answer.status === 404 ? false : null);
  } catch {
    return null;
  }
}

// Whether the server that made this page answers; null: none does.
async function isSameServer() {
  try {
    const answer = await bare(`${root()}/gradio_api/app_id`, { signal: AbortSignal.timeout(ASK_MILLISECONDS) });
    return answer.ok ? (await answer.json()).app_id === window.gradio_config?.app_id : null;
  } catch {
    return null;
  }
}

// Ask anew: for the conversation, and what grows in it; for the message that was on its way; for what else was asked for.
const REPEATED = ["list", "search", "fetch", "drawer", "quiet", "look", "stop"]; // a second time they change nothing
async function resume(lost) {
  if (!document.body.classList.contains("is-ready")) return loadAnew();
  // After a restart, unlike other replicas, it does not know whether it has taken the message that was on its way.
  if (unnamed && REPLICAS === undefined && await isSameServer() === false) return loadAnew();
  followed = "";
  if (unnamed) {
    sending ??= { ...unnamed, files: [] };
    act("send", "send", unnamed);
  }
  if (isLost) lineBack(); // which opens the conversation, too
  else if (!unnamed) act("show", "open");
  for (const { lane, conversation, action } of lost) {
    if (REPEATED.includes(lane)) act(lane, action.name, { ...action, conversation });
  }
  if (lost.some(({ lane }) => lane === "import")) act("list", "list");
  readAgain();
}
