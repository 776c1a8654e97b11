// A message's content -> its structure as one line of text, for tests to compare.
(root) => {
  const BLOCKS = new Set("p ul ol li blockquote h1 h2 h3 h4 h5 h6 details summary table tr th td del sub sup kbd".split(" "));
  const clean = (text) => text.replaceAll("\ufeff", "");
  const inside = (node) => {
    const parts = [...node.childNodes].map(show);
    const isBlocky = [...node.children].some((child) => /^(P|UL|OL|LI|TABLE|THEAD|TBODY|TR|TD|TH|BLOCKQUOTE|H\d|HR)$/.test(child.tagName) || child.classList.contains("code_wrap"));
    return isBlocky ? parts.map((part) => part.trim()).filter(Boolean).join(" ") : parts.join("");
  };
  const show = (node) => {
    if (node.nodeType === 3) return clean(node.data).replace(/\s*\n\s*/g, "");
    if (node.nodeType !== 1) return "";
    const name = node.tagName.toLowerCase();
    if (node.classList.contains("mermaid")) return node.querySelector("svg") ? "drawing" : "undrawn";
    if (node.classList.contains("katex-display")) return `$$(${node.querySelector("annotation").textContent.trim()})`;
    if (node.classList.contains("katex")) return `$(${node.querySelector("annotation").textContent.trim()})`;
    if (node.classList.contains("code_wrap")) {
      const code = node.querySelector("code");
      const language = [...code.classList].find((one) => one.startsWith("language-"))?.slice(9) ?? "";
      return `code[${language}](${code.textContent.replace(/\n$/, "")})`;
    }
    if (name === "code") return `tick(${node.textContent})`;
    if (name === "a") return `a[${node.getAttribute("href")}](${inside(node)})`;
    if (name === "br" || name === "hr") return name;
    if (name === "strong" || name === "b") return `strong(${inside(node)})`;
    if (name === "em" || name === "i") return `em(${inside(node)})`;
    return BLOCKS.has(name) ? `${name}(${inside(node)})` : inside(node);
  };
  return inside(root).trim();
}
