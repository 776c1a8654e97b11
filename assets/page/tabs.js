// Other tabs of this browser: what begins or ends in one of them is shown by all that show the same conversation.

const tabs = "BroadcastChannel" in window ? new BroadcastChannel("xiaojia") : null;

function tellTabs(isEnded) {
  const { conversation, generation, temporary } = state;
  if (conversation && !temporary) tabs?.postMessage({ conversation, generation, isEnded });
}

if (tabs) tabs.onmessage = ({ data }) => {
  if (data.conversation !== state.conversation || sending || isLost) return;
  if (data.isEnded || data.generation !== state.generation) act("show", "open");
};
