// What Gradio's client asks its server goes with the visitor's secret value: by it the server knows whose page and
// whose upload is meant (chat/sessions.py). And an event that a server sends away, since it stops, is asked for again
// until another one takes it.

const AGAIN_MILLISECONDS = 500;
const AGAIN_TIMES = 40;
const bare = window.fetch.bind(window);
window.fetch = async (asked, options = {}) => {
  const url = new URL(asked.url ?? asked, location.href);
  if (url.origin !== location.origin || !url.pathname.includes("/gradio_api/")) return bare(asked, options);
  const headers = new Headers(options.headers ?? asked.headers);
  headers.set("x-visitor", state.owner);
  const ask = () => bare(asked, { ...options, headers });
  let answer = await ask();
  for (let times = 0; answer.status === 503 && url.pathname.endsWith("/queue/join") && times < AGAIN_TIMES; times++) {
    await new Promise((done) => setTimeout(done, AGAIN_MILLISECONDS));
    answer = await ask();
  }
  return answer;
};
