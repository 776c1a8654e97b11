// Chips in an answer's text: the signs that chat/ui/cited_marks.py put where claims stand become buttons. What a chip says
// is in the list under the answer, which is HTML of ours; model text can make neither a sign nor a chip.

const SIGN_BEGIN = "\ue200", SIGN_END = "\ue201";
const SIGN = /\ue200(?:\ue202|([\ue210-\ue21f]{8})([\ue210-\ue21f]{1,6}))([^\ue200\ue201]*)(\ue201?)/; // \ue202: of an answer that grows
const SIGNS = /[\ue200-\ue21f]/g;
const LOOKS = 300; // for the list, a frame each
const chips = new WeakSet(); // made here

const readDigits = (signs) => [...signs].map((sign) => (sign.codePointAt(0) - 0xe210).toString(16)).join("");

function dressCited(records) {
  const hasSigns = (node) => node.textContent.includes(SIGN_BEGIN);
  for (const { type, target, addedNodes } of records) {
    const changed = type === "characterData" ? [target] : addedNodes;
    for (const node of changed) if (node.isConnected && hasSigns(node)) dressIn(node);
  }
}

function dressIn(node) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const texts = node.nodeType === Node.TEXT_NODE ? [node] : [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) if (text.data.includes(SIGN_BEGIN) || text.data.includes(SIGN_END)) dressText(text);
}

function dressText(text) {
  if (!text.parentElement?.closest("#history, #growing") || text.parentElement.closest("code, pre, .katex, textarea")) {
    text.data = text.data.replace(SIGNS, "");
    return;
  }
  const parts = document.createDocumentFragment();
  let rest = text.data;
  for (let found = SIGN.exec(rest); found; found = SIGN.exec(rest)) {
    const [whole, key, number, inside, end] = found;
    const label = end ? inside : "";
    parts.append(rest.slice(0, found.index).replace(SIGNS, ""), key ? makeChip(readDigits(key), parseInt(readDigits(number), 16), label) : makePending(label));
    if (!end) parts.append(inside);
    rest = rest.slice(found.index + whole.length);
  }
  parts.append(rest.replace(SIGNS, ""));
  text.replaceWith(parts);
}

function makeChip(key, number, label) {
  const chip = element("span", "cite");
  chip.append(...withBrackets(label));
  chip.dataset.key = key;
  chip.dataset.number = number;
  chip.setAttribute("role", "button");
  chip.tabIndex = 0;
  chips.add(chip);
  nameChip(chip);
  return chip;
}

// The brackets of a mark are copied with it, and not seen: the chip has an edge.
function withBrackets(label) {
  const inside = /^([[【])(.+)([\]】])$/.exec(label);
  if (!inside) return label ? [label] : [];
  const [, open, words, close] = inside;
  return [element("span", "bracket", open), words, element("span", "bracket", close)];
}

// A mark of an answer that grows: nothing is known of it yet, so it opens nothing.
function makePending(label) {
  const chip = element("span", "cite");
  chip.append(...withBrackets(label));
  chip.dataset.status = "pending";
  chip.title = state.words["evidence.pending"] ?? "";
  return chip;
}

// The list stands under the text, and may be drawn after it.
const findClaim = (chip) => document.querySelector(`.component .citations[data-cited="${chip.dataset.key}"] [data-do="view"][data-value="${chip.dataset.number}"]`);
function nameChip(chip, looks = 0) {
  const claim = findClaim(chip);
  if (!claim && looks < LOOKS) return requestAnimationFrame(() => { if (chip.isConnected) nameChip(chip, looks + 1); });
  if (!claim) return chip.replaceWith(chip.textContent); // a sign of a model's
  const { status, kind, short, verdict, where } = claim.dataset;
  Object.assign(chip.dataset, { status, kind });
  if (short) chip.dataset.short = short;
  chip.setAttribute("aria-label", [chip.textContent, verdict, where].filter(Boolean).join(": "));
  chip.setAttribute("aria-haspopup", "dialog");
}

function openChip(event) {
  const chip = event.target.closest?.(".cite");
  if (!chip || !chips.has(chip)) return;
  if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
  const claim = findClaim(chip);
  if (!claim) return;
  event.preventDefault();
  hideTip();
  if (chip.dataset.status === "computed") return showComputed(chip);
  opener = chip;
  act("fetch", "view", { id: claim.dataset.id, value: claim.dataset.value });
}

// The words around the place, while a chip is pointed at or has the focus. Plain text, whatever stands in the file.
let tip = null;
function showTip(event) {
  const chip = event.target.closest?.(".cite");
  if (!chip || !chips.has(chip)) return;
  const claim = findClaim(chip);
  if (!claim) return;
  hideTip();
  const { verdict, where, before = "", words = "", after = "", status } = claim.dataset;
  tip = element("div", "cite-tip");
  tip.dataset.status = status;
  tip.setAttribute("role", "tooltip");
  tip.append(element("b", "", verdict));
  if (where) tip.append(element("span", "where", where));
  if (words) {
    const said = element("p", "", "");
    said.append(before && `…${before}`, element("mark", "", words), after && `${after}…`);
    tip.append(said);
  }
  document.body.append(tip);
  const at = chip.getBoundingClientRect(), own = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - own.width - 8))}px`;
  tip.style.top = at.top > own.height + 12 ? `${at.top - own.height - 6}px` : `${at.bottom + 6}px`;
}
function hideTip() {
  tip?.remove();
  tip = null;
}

document.addEventListener("click", openChip);
document.addEventListener("keydown", openChip);
for (const name of ["pointerover", "focusin"]) document.addEventListener(name, showTip);
for (const name of ["pointerout", "focusout", "scroll"]) document.addEventListener(name, hideTip, true);
function watchCited() {
  new MutationObserver(dressCited).observe(document.body, { childList: true, characterData: true, subtree: true });
}
