// What Gradio's client asks its server goes with the visitor's secret value: by it the server knows whose page and
// whose upload is meant (chat/http/middleware/gradio_sessions.py). And an event that a server sends away, since it stops, is asked for again
// until another one takes it; a message that nobody takes comes back into the composer.

const AGAIN_MILLISECONDS = 500;
const AGAIN_TIMES = 40;
const bare = window.fetch.bind(window);
window.fetch = (asked, options = {}) => {
  const url = new URL(asked.url ?? asked, location.href);
  if (url.origin !== location.origin || !url.pathname.includes("/gradio_api/")) return bare(asked, options);
  const headers = new Headers(options.headers ?? asked.headers);
  headers.set("x-visitor", state.owner);
  const ask = () => bare(asked, { ...options, headers });
  return url.pathname.endsWith("/queue/join") ? join(ask, options.body) : ask();
};

async function join(ask, body) {
  try {
    let answer = await ask();
    for (let times = 0; answer.status === 503 && times < AGAIN_TIMES; times++) {
      await new Promise((done) => setTimeout(done, AGAIN_MILLISECONDS));
      answer = await ask();
    }
    if (answer.status >= 500) takeBack(JSON.parse(body));
    return answer;
  } catch (error) {
    takeBack(JSON.parse(body));
    throw error;
  }
}
function takeBack({ data: [, message] }) {
  if (message?.text && !typed()) writeComposer(message.text);
}
