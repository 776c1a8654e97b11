// What of the shown messages could run, fetch, lead to a script or cover the page. Empty lists are well.
() => {
  const inside = [...document.querySelectorAll("#growing .message-content .md *")];
  const outer = (elements) => elements.map((element) => element.outerHTML);
  const address = (element) => ["href", "xlink:href", "action", "src"].map((name) => element.getAttribute(name)).find((value) => value !== null) ?? null;
  const LOADS = /^(img|image|script|iframe|object|embed|form|input|video|audio|source|link|style|meta|base|dialog|use)$/i;
  const box = document.querySelector("#whole").getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    pwned: window.pwned ?? null,
    links: inside.map(address).filter((href) => href !== null && !/^(https?:\/\/[^/@]+(\/|$)|mailto:|#)/.test(href)),
    unsafe: outer(inside.filter((e) => e.tagName === "A" && e.getAttribute("href") && (e.target !== "_blank" || !e.rel.includes("noopener")))),
    elements: outer(inside.filter((e) => LOADS.test(e.tagName) && !e.closest(".mermaid"))),
    handlers: outer(inside.filter((e) => [...e.attributes].some((attribute) => attribute.name.startsWith("on")))),
    fixed: outer(inside.filter((e) => ["fixed", "sticky"].includes(getComputedStyle(e).position))),
    isCovered: !document.querySelector("#whole").contains(top),
  };
}
