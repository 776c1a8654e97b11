// Code blocks of answers: the bar's language, the copy button, and grammars that Gradio's highlighter does not have.
// A block without a grammar is shown as plain text.

const HIGHLIGHTED_CHARACTERS = 50000; // a longer block would stop the browser for longer than colours are worth

function addGrammars({ languages }) {
  if (!languages.javascript || languages.diff) return;
  languages.typescript = languages.ts = languages.tsx = languages.extend("javascript", {
    keyword: /\b(?:abstract|as|async|await|break|case|catch|class|const|continue|debugger|declare|default|delete|do|else|enum|export|extends|finally|for|from|function|get|if|implements|import|in|infer|instanceof|interface|is|keyof|let|namespace|new|of|override|private|protected|public|readonly|return|satisfies|set|static|super|switch|this|throw|try|type|typeof|var|void|while|with|yield)\b/,
    builtin: /\b(?:any|bigint|boolean|never|number|object|string|symbol|undefined|unknown)\b/,
  });
  languages.jsx ??= languages.javascript;
  languages.diff = languages.patch = {
    comment: /^(?:diff |index |@@|---|\+\+\+).*$/m,
    inserted: /^\+.*$/m,
    deleted: /^-.*$/m,
  };
}

// Each update of a growing answer makes its elements anew: they are labelled before they are painted.
function dressCode() {
  for (const block of document.querySelectorAll("#conversation .code_wrap:not([data-language])")) {
    const code = block.querySelector("pre code");
    const language = /\blanguage-(\S+)/.exec(code?.className ?? "")?.[1] ?? "text";
    block.dataset.language = language;
    const button = block.querySelector(".copy_code_button");
    for (const name of ["title", "aria-label"]) button?.setAttribute(name, state.words["answer.copy_code"] ?? "");
    if (!code || code.querySelector(".token") || code.textContent.length > HIGHLIGHTED_CHARACTERS) continue;
    if (window.Prism) addGrammars(window.Prism);
    const grammar = window.Prism?.languages[language.toLowerCase()];
    if (grammar) code.innerHTML = window.Prism.highlight(code.textContent, grammar, language);
  }
}

// Gradio's own copying trims the code, and does nothing where the clipboard is denied.
function hearCopyCode(event) {
  const button = event.target.closest?.("#conversation .copy_code_button");
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const code = button.parentElement.querySelector("pre code");
  if (code) copy(code.textContent.replaceAll("\ufeff", "").replace(/\n$/, ""), button, code);
}
