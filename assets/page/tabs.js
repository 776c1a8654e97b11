// Other tabs of this browser: what begins or ends in one of them is shown by all that show the same conversation.

const tabs = openChannel();
function openChannel() {
  try {
    return new BroadcastChannel("xiaojia");
  } catch { // Firefox denies it with the storage of a frame of another site
    return null;
  }
}

function tellTabs(isEnded) {
  const { conversation, generation, temporary } = state;
  if (conversation && !temporary) tabs?.postMessage({ conversation, generation, isEnded });
}

if (tabs) tabs.onmessage = ({ data }) => {
  if (data.conversation !== state.conversation || sending || isLost) return;
  if (data.isEnded || data.generation !== state.generation) act("show", "open");
};
