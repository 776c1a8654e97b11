"""The inline part of a model's Markdown -> Markdown that Gradio's Chatbot shows as it was meant, and
safely.

Gradio takes formulas out of the text before anything else, then parses with marked 12 and cleans the
HTML. So here formulas get delimiters that nothing else has; `<` is text but for a few bare tags; a link
that is not recognised is broken up rather than left for marked to read otherwise; emphasis beside full-
width punctuation gets a space of no width that JavaScript counts as white. Code spans stay as they are.
Knows no blocks: it is given one paragraph, heading or cell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

from chat.ui.markdown.links import Link, is_allowed_host, pretends, read_link

WHITE = "\ufeff"  # no width; \s in JavaScript, so that a delimiter beside it opens or closes as is meant
SEPARATOR = (
    "\u2063"  # invisible; beside dollar signs it delimits formulas, and is taken out of the text itself
)
PICTURE = "🖼 "
SHORT_CHARACTERS = 600

# A look at the next character comes first: without it all of these are tried at every letter, 9 times slower.
_TOKEN = re.compile(
    r"""(?=[\\$`~<\[!\]hfw*%\n])(?:
    (?P<math>\\[(\[]|\\begin\{(?:align|alignat|equation|gather)\*?\}|\$\$|(?<![\w$\\])\$(?=[^\s$]))
    |(?P<escape>\\[!-/:-@\[-`{-~])
    |(?P<slash>\\(?!\n))
    |(?P<ticks>`+)
    |(?P<tildes>(?<!~)~+(?=`))
    |(?P<auto><(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{0,2048}|[\w.+-]{1,64}@[\w.-]{1,253})>)
    |(?P<tag></?(?P<name>br|b|i|em|strong|sub|sup|kbd|u|s|del|ins|mark|small)\s?/?>)
    |(?P<less><)
    |(?P<foot>\[\^(?P<mark>[\w-]{1,32})\](?![\[(]))
    |(?P<link>!?\[(?P<label>(?:\[(?:\\.|[^\[\]\\]){0,1000}\]|\\.|`[^`]{0,1000}`|[^\[\]\\`]){0,1000}?)\]
        \(\s{0,20}(?P<href><(?:\\.|[^\n<>\\]){1,2048}>|(?:[^\s()\x00-\x1f<]|\([^\s()]{0,500}\)){0,2048})
        (?:\s{1,20}(?:"(?:\\.|[^"\\]){0,500}"|'(?:\\.|[^'\\]){0,500}'))?\s{0,20}\))
    |(?P<image>!(?=\[))
    |(?P<broken>\](?=[(:]))
    |(?P<url>(?:https?|ftp)://[^\s<>`*|\[\]\u3000-\u303f\uff00-\uff65\u2018-\u201d\u2026]{1,2048}
        |www\.[^\s<>`*|\[\]\u3000-\u303f\uff00-\uff65\u2018-\u201d\u2026]{1,2048})
    |(?P<stars>\*+)
    |(?P<latex>%(?=%%LATEX))
    |(?P<line>\n))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLOSERS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_INLINE_MATH = re.compile(r"\$((?:\\.|[^$\\`\n]){1,300}?)(?<!\s)\$(?![\w$])")
_MATH_SIGN = re.compile(r"\\[A-Za-z]|[\^_{}]|^-?[A-Za-z]'?$")
_MATH_SUM = re.compile(r"[\d\sA-Za-z.,()|!'/*+<>=-]*[=+*/<>-][\d\sA-Za-z.,()|!'/*+<>=-]*")
_WORD = re.compile(r"[A-Za-z]{4,}")
_URL_TAIL = re.compile(r"[?!.,:;'\"~_&]+$")
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)


class Run(NamedTuple):
    """A run of stars that opened an emphasis, and where in the source it ends."""

    length: int
    end: int


def write_inline(text: str, hosts: Sequence[str], prefixes: Sequence[str] = ()) -> str:
    """Return the text mended. prefixes: of its lines after the first, put back at line breaks."""
    if len(text) > SHORT_CHARACTERS:
        return Inline(text, hosts, prefixes).write()
    return _write_short(text, tuple(hosts), tuple(prefixes))


@lru_cache(maxsize=4_000)
def _write_short(text: str, hosts: tuple[str, ...], prefixes: tuple[str, ...]) -> str:
    """A list or a table that grows is written many times a second, and its finished lines never change."""
    return Inline(text, hosts, prefixes).write()


def escape(text: str) -> str:
    """Return text as characters that neither Markdown nor HTML reads as anything else, on one line."""
    shown = "".join(" " if c.isspace() else c for c in text if c.isspace() or category(c)[0] != "C")
    return re.sub(r"[!-/:-@\[-`{-~]", lambda match: f"&#{ord(match[0])};", shown)


class Inline:
    """One run over one text: what was written so far, and which emphases are open."""

    def __init__(
        self, text: str, hosts: Sequence[str], prefixes: Sequence[str], *, in_label: bool = False
    ) -> None:
        self.text, self.hosts, self.prefixes, self.in_label = text, hosts, prefixes, in_label
        self.out: list[str] = []
        self.open: list[Run] = []
        self._lines = 0
        self._unclosed: set[str] = set()
        self._ticks: dict[int, list[int]] | None = None
        self._pairs: dict[str, tuple[int, int]] = {}

    def write(self) -> str:
        """Return the whole text, mended."""
        at, text = 0, self.text
        while match := _TOKEN.search(text, at):
            self.out.append(text[at : match.start()])
            put: Callable[[re.Match[str]], int | None] = getattr(self, f"_put_{match.lastgroup}")
            end = put(match)
            at = match.end() if end is None else end
        self.out.append(text[at:])
        return "".join(self.out)

    def _put_line(self, match: re.Match[str] | None) -> None:
        prefix = self.prefixes[self._lines] if self._lines < len(self.prefixes) else ""
        self.out.append("\n" + prefix)
        self._lines += 1

    def _put_verbatim(self, source: str) -> None:
        for number, line in enumerate(source.split("\n")):
            if number:
                self._put_line(None)
            self.out.append(line)

    def _put_math(self, match: re.Match[str]) -> int | None:
        """Write a formula between delimiters that Gradio is told of, or what only looked like one as text."""
        opener = match[0]
        if opener == "$":
            return self._put_dollar(match)
        closer = _CLOSERS.get(opener) or opener.replace("begin", "end")
        end = -1 if closer in self._unclosed else self.text.find(closer, match.end())
        if end < 0:
            self._unclosed.add(closer)
        inner = self.text[match.end() : end].strip() if end > 0 else ""
        if inner and opener not in _CLOSERS:
            name = (
                opener[len("\\begin{") : -1].rstrip("*") + "*"
            )  # without numbers, which start anew in each formula
            inner = f"\\begin{{{name}}}{inner}\\end{{{name}}}"
        if not inner or (opener == "\\(" and "\n\n" in inner):
            self.out.append(opener if opener in _CLOSERS else f"&#92;{opener[1:]}")
            return None
        self._lines += inner.count("\n")
        sign = "$" if opener == "\\(" else "$$"
        self.out.append(f"{sign}{SEPARATOR}{inner}{SEPARATOR}{sign}")
        return end + len(closer)

    def _put_dollar(self, match: re.Match[str]) -> int | None:
        formula = _INLINE_MATH.match(self.text, match.start())
        if formula and _looks_like_math(formula[1]):
            self.out.append(f"${SEPARATOR}{formula[1]}{SEPARATOR}$")
            return formula.end()
        self.out.append("$")
        return None

    def _put_escape(self, match: re.Match[str]) -> None:
        self.out.append("&lt;" if match[0] == "\\<" else match[0])

    def _put_slash(self, match: re.Match[str]) -> None:
        self.out.append("&#92;")

    def _put_ticks(self, match: re.Match[str]) -> int | None:
        """Write a code span, which ends at the next run of as many ticks, or ticks that open nothing."""
        if self._ticks is None:
            self._ticks = {}
            for run in re.finditer("`+", self.text):
                self._ticks.setdefault(len(run[0]), []).append(run.start())
        ends = self._ticks.get(len(match[0]), [])
        following = bisect_right(ends, match.start())
        if following == len(ends):
            self.out.append("&#96;" * len(match[0]))
            return None
        end = ends[following] + len(match[0])
        self._put_verbatim(self.text[match.start() : end])
        return end

    def _put_tildes(self, match: re.Match[str]) -> None:
        self.out.append("&#126;" * len(match[0]))

    def _put_auto(self, match: re.Match[str]) -> None:
        address = match[0][1:-1]
        link = read_link(address if ":" in address else f"mailto:{address}")
        if link and not self.in_label and link.host:
            self.out.append(f"<{link.url}>")
        else:
            self.out.append(f"&lt;{escape(address)}&gt;")

    def _put_tag(self, match: re.Match[str]) -> None:
        """Write a bare tag that is closed in this text; at a line's start marked would see a block."""
        name, start = match["name"].lower(), match.start()
        is_closing = match[0][1] == "/"
        if name != "br" and not self._is_paired(name, start, is_closing):
            self.out.append("&lt;" + match[0][1:])
            return
        begins_line = not self.text[self.text.rfind("\n", 0, start) + 1 : start].strip()
        self.out.append((WHITE if begins_line else "") + f"<{'/' if is_closing else ''}{name}>")

    def _is_paired(self, name: str, at: int, is_closing: bool) -> bool:
        if name not in self._pairs:
            source = self.text.lower()
            self._pairs[name] = source.find(f"<{name}>"), source.rfind(f"</{name}>")
        first, last = self._pairs[name]
        return 0 <= first < at if is_closing else last > at

    def _put_less(self, match: re.Match[str]) -> None:
        self.out.append("&lt;")

    def _put_foot(self, match: re.Match[str]) -> None:
        self.out.append(f"<sup>{match['mark']}</sup>")

    def _put_link(self, match: re.Match[str]) -> None:
        href = match["href"]
        link = read_link(href[1:-1] if href.startswith("<") else href)
        if match[0].startswith("!"):
            self._put_picture(match["label"], link)
            return
        inside = Inline(match["label"], self.hosts, self.prefixes[self._lines :], in_label=True)
        label = inside.write()
        self._lines += inside._lines
        if link and not self.in_label:
            self.out.append(_write_link(label, match["label"], link))
        else:
            self.out.append(f"&#91;{label}&#93;&#40;{escape(href)}&#41;")

    def _put_picture(self, alternative: str, link: Link | None) -> None:
        if link and is_allowed_host(link.host, self.hosts) and link.host:
            self.out.append(f"![{escape(alternative)}](<{link.url}>)")
        elif link and link.host and not self.in_label:
            shown = PICTURE + (escape(alternative) or link.host)
            self.out.append(_write_link(shown, alternative, link))
        else:
            self.out.append(PICTURE + escape(alternative))

    def _put_image(self, match: re.Match[str]) -> None:
        self.out.append("&#33;")

    def _put_broken(self, match: re.Match[str]) -> int:
        following = self.text[match.end()]
        self.out.append(f"]&#{ord(following)};")
        return match.end() + 1

    def _put_url(self, match: re.Match[str]) -> int | None:
        if self.in_label:
            self.out.append(match[0])
            return None
        shown = _trim_url(match[0])
        is_bare = shown[:4].lower() == "www."
        link = read_link(f"http://{shown}" if is_bare else shown)
        if not link:
            self.out.append(escape(shown))
        elif is_bare:
            self.out.append(f"[{escape(shown)}](<{link.url}>)")
        else:
            self.out.append(
                f"<{shown}>" if shown.isascii() and '"' not in shown else f"[{escape(shown)}](<{link.url}>)"
            )
        return match.start() + len(shown)

    def _put_latex(self, match: re.Match[str]) -> None:
        self.out.append("&#37;")

    def _put_stars(self, match: re.Match[str]) -> None:
        """Write a run of stars, with white of no width where CommonMark would not let it open or close."""
        before = self.text[match.start() - 1] if match.start() else " "
        after = self.text[match.end()] if match.end() < len(self.text) else " "
        can_open, opens = _flanks(before, after)
        can_close, closes = _flanks(after, before)
        run = match[0]
        if can_close and self.open and self.open[-1].length == len(run) and self.open[-1].end < match.start():
            self.open.pop()
            self.out.append(run if closes else run + WHITE)
        elif can_open:
            self.open.append(Run(len(run), match.end()))
            self.out.append(run if opens else WHITE + run)
        else:
            self.out.append(run)


def _flanks(outside: str, inside: str) -> tuple[bool, bool]:
    """Tell whether a run between the two should open (or close), and whether CommonMark lets it."""
    if inside.isspace():
        return False, False
    does = not _is_punctuation(inside) or outside.isspace() or _is_punctuation(outside)
    return does or _is_wide(outside) or _is_wide(inside), does


def _is_punctuation(character: str) -> bool:
    return category(character)[0] in "PS"


def _is_wide(character: str) -> bool:
    return "\u2e80" <= character <= "\uffef" or character >= "\U00020000" or character in "“”‘’…—·"


def _looks_like_math(inner: str) -> bool:
    if _MATH_SIGN.search(inner):
        return True
    return (
        bool(_MATH_SUM.fullmatch(inner)) and not _WORD.search(inner) and bool(re.search("[A-Za-z=]", inner))
    )


def _trim_url(url: str) -> str:
    """Return the address without what belongs to the sentence: its last marks, a bracket it did not open."""
    scheme, slashes, rest = url.partition("://")
    head = re.match(r"[\x21-\x7e]*", rest if slashes else url)
    host_end = re.search(r"[/?#]", rest if slashes else url)
    if head and (not host_end or head.end() < host_end.start()):
        url = url[: len(scheme) + len(slashes) + head.end()] if slashes else url[: head.end()]
    while url != (cut := _URL_TAIL.sub("", url)) or (url.endswith(")") and url.count(")") > url.count("(")):
        url = cut if cut != url else url[:-1]
    return url


def _write_link(label: str, source: str, link: Link) -> str:
    """Return the link with its host: a title that the page shows; in words where the text names another."""
    if not link.host:
        return f"[{label}](<{link.url}>)"
    if pretends(source, link.host):
        return f"[{label}](<{link.url}>) ({_WWW.sub('www&#46;', link.host)})"
    return f"[{label}](<{link.url}>)" if link.host in source else f'[{label}](<{link.url}> "{link.host}")'
