// The address of the page names the conversation that it shows, `/?c=<id>`, so that it can be reloaded, kept as a bookmark
// and opened in a second tab. A temporary conversation and an empty page have none. The id is no key: a
// conversation is shown to the visitor that began it alone.

function addressed() {
  const named = new URLSearchParams(location.search).get("c") ?? "";
  return /^[\w-]{1,64}$/.test(named) ? named : "";
}

// isChosen: the visitor went there, and Back leads to where this tab was. Else the server has named what is shown.
function showAddress(isChosen) {
  const address = new URL(location.href);
  if (state.conversation && !state.temporary) address.searchParams.set("c", state.conversation);
  else address.searchParams.delete("c");
  if (address.href !== location.href) history[isChosen ? "pushState" : "replaceState"](null, "", address);
}

// Back and Forward.
function hearAddress() {
  const conversation = addressed();
  if (conversation === state.conversation && !state.temporary) return;
  leave(conversation, false);
  act("show", conversation ? "open" : "new", { conversation });
}
