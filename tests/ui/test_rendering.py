"""The Markdown renderer as pure functions. Its output in a browser: test_markdown_browser.py."""

from __future__ import annotations

import random
import re

import pytest

from chat.ui.markdown import rendering
from chat.ui.markdown.blocks import Blocks
from chat.ui.markdown.fences import is_plain_drawing
from chat.ui.markdown.links import Link, is_allowed_host, pretends, read_link
from chat.ui.markdown.rendering import escape, render, split_blocks
from chat.ui.markdown.settling import TEXT_CHARACTERS_MAX, settle
from tests.markdown_cases import CASES, NAMES, PAYLOADS

TEXTS = [markdown for _, markdown, _ in CASES] + PAYLOADS
HAS_BLOCK = re.compile(r"```|~~~|^    ", re.MULTILINE)  # code blocks, which the browser's tests check
BARE = "br|b|i|em|strong|sub|sup|kbd|u|s|del|ins|mark|small|details|summary"
TAG = re.compile(rf"<(?!https?://)(?!/?(?:{BARE})>)(?!details open>)[a-zA-Z/!?]")


def shown(text: str) -> str:
    """Return the rendered text without what is invisible."""
    return render(text).replace("\ufeff", "").replace("\u2063", "")


def test_plain_text_is_left_as_it_is() -> None:
    text = "一段文字, with _emphasis_ and **bold**.\n\n1. one\n2. two\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"  # noqa: E501
    assert render(text) == text


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
@pytest.mark.parametrize("prefix", ["", "> ", "  "])
def test_code_is_never_changed(fence: str, prefix: str) -> None:
    code = [
        "<script>",
        "**粗：**体 $5 \\(x\\) $$",
        "[a](javascript:b)",
        "",
        "    four",
        "https://x.y，z",
        "&lt;",
    ]
    lines = [fence + "py", *code, fence]
    text = ("- item\n" if prefix == "  " else "") + "\n".join((prefix + line).rstrip() for line in lines)
    assert render(text) == text.replace(fence + "py", fence + "python")  # the grammar's name


def test_code_spans_are_never_changed() -> None:
    text = "`<b>` and ``a`<i>`` and `$x$ **y：**z [a](b)` end"
    assert render(text) == text


def test_a_tab_that_begins_a_line_of_code_has_white_before_it() -> None:
    assert render("```make\nall:\n\tcc\n  x\n```") == " ```make\nall:\n\ufeff\tcc\n\ufeff  x\n```"


def test_bold_beside_full_width_marks_gets_white_where_it_needs_it() -> None:
    assert render("**注意：**正文") == "**注意：**\ufeff正文"
    assert render("这是**“取出”**模式") == "这是\ufeff**“取出”**\ufeff模式"
    assert render("**bold** and **粗体**文字") == "**bold** and **粗体**文字"


def test_formulas_get_delimiters_that_nothing_else_has() -> None:
    assert render("a \\(x\\) b \\[y\\] $$z$$ $x_1$") == (
        "a $\u2063x\u2063$ b $$\u2063y\u2063$$ $$\u2063z\u2063$$ $\u2063x_1\u2063$"
    )
    lefts = [pair["left"] for pair in rendering.LATEX_DELIMITERS]
    assert lefts == ["$$\u2063", "$\u2063"]


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6",
        "US$5",
        "价格$5，运费$3",
        "$HOME/$USER",
        "5$ or 6$",
        "$ x $",
        "a$b$c",
        "\\$x\\$",
        "cost $10-$20",
    ],
)
def test_money_and_shell_variables_are_no_formulas(text: str) -> None:
    assert render(text) == text


def test_the_texts_own_separators_cannot_make_a_formula() -> None:
    assert "\u2063" not in render("$\u2063 5 \u2063$ is $\u2063")


@pytest.mark.parametrize("text", [text for text in TEXTS if not HAS_BLOCK.search(text)])
def test_no_tag_is_left_outside_of_code(text: str) -> None:
    without_code = re.sub(r"(?<!`)(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)", "", render(text))
    without_formulas = re.sub(r"\$\u2063[\s\S]*?\u2063\$", "", without_code)
    assert TAG.findall(without_formulas) == []


def test_a_growing_text_ends_as_the_whole() -> None:
    for text in TEXTS:
        for end in range(0, len(text), 7):
            render(text[:end], growing=True)
        assert render(text) == Blocks(()).write(text) or "\n" in text
        assert render(text) == render(text, ())


def test_what_was_remembered_of_a_text_does_not_change_it() -> None:
    text = "\n\n".join(
        markdown for _, markdown, _ in CASES if not markdown.startswith(("```py\nprint", "~~~"))
    )
    rendering._finished.clear()
    fresh = render(text)
    rendering._finished.clear()
    for end in range(0, len(text), 11):
        render(text[:end], growing=True)
        render(text[:end])
    assert render(text) == fresh


def test_what_is_remembered_is_bounded() -> None:
    for number in range(rendering.REMEMBERED_MAX + 9):
        render(f"{number} " + "x" * 300 + "\n\nend\n\nend")
    assert len(rendering._finished) == rendering.REMEMBERED_MAX


def test_pieces_are_the_whole_text() -> None:
    generator = random.Random(5)
    parts = ["```\n", "~~~\n", "\n", "- a\n", "> q\n", "text\n", "    code\n", "$$\n", "1. x\n", "\\[ "]
    for _ in range(300):
        text = "".join(generator.choices(parts, k=12))
        assert "".join(split_blocks(text)) == text


def test_a_growing_text_only_grows_in_ordinary_prose() -> None:
    text = "第一段，没有标记。\n\nSecond paragraph.\n\n- 一项\n- 二项\n\n```py\nx = 1\n```\n\n完。"
    before, changes = "", 0
    for end in range(1, len(text) + 1):
        now = render(text[:end], growing=True)
        changes += not now.startswith(before.rstrip())
        before = now
    assert changes == 0


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("这是**重", "这是**重**"),
        ("这是**", "这是"),
        ("这是**重点：*", "这是**重点：**"),
        ("用`code", "用`code`"),
        ("用`", "用"),
        ("看[文", "看"),
        ("看[文](https://ex", "看"),
        ("公式 \\(x^", "公式"),
        ("公式\n\n$$\nx", "公式\n\n"),
        ("当 $T_c=273", "当"),
        ("由 $x_{1}$，得 a=b", "由 $x_{1}$，得 a=b"),
        ("cd $HOME/some/where and on", "cd $HOME/some/where and on"),
        ("$5 and", "$5 and"),
        ("标题\n-", "标题"),
        ("标题\n==", "标题"),
        ("列\n\n1.", "列\n\n"),
        ("| a | b", ""),
        ("文\n\n| a | b |\n|--", "文\n\n"),
        ("a &l", "a"),
        ("a <b", "a"),
        ("```py\nx = 1\n``", "```py\nx = 1\n"),
        ("```py\nx = `a", "```py\nx = `a"),
        ("ordinary", "ordinary"),
        ("2 * 3", "2 * 3"),
        ("**a** b", "**a** b"),
    ],
)
def test_an_end_that_may_become_something_else_is_held_or_closed(text: str, settled: str) -> None:
    assert settle(text) == settled


def test_nothing_is_held_back_when_the_text_is_whole() -> None:
    for text in ("看[文", "公式 \\(x^", "a &l", "这是**重", "| a | b"):
        assert shown(text).replace("&#91;", "[") == text.replace("\\(", "\\(")


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://Example.com/a?b=c#d", Link("https://example.com/a?b=c#d", "example.com")),
        ("https://例子.中国/路", Link("https://xn--fsqu00a.xn--fiqs8s/路", "xn--fsqu00a.xn--fiqs8s")),
        ("http://127.0.0.1:8000/", Link("http://127.0.0.1:8000/", "127.0.0.1")),
        ("https://[::1]/", Link("https://[::1]/", "[::1]")),
        ("mailto:a@b.org?body=x", Link("mailto:a@b.org", "")),
        ("javascript:alert(1)", None),
        ("&#106;avascript:alert(1)", None),
        ("&amp;#106;avascript:alert(1)", None),
        (" java\tscript:x", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("//evil.example", None),
        ("/ai/stream_chat", None),
        ("#x", None),
        ("", None),
        ("https://", None),
        ("https://a@b.example/", None),
        ("https://a&#64;b.example/", None),
        ("https://a%40b.example/", None),
        ("https://a b.example/", None),
        ("https://[x/", None),
        ("https://a:b/", None),
        ("https://a.example/" + "x" * 3000, None),
        ("ftp://a.example", None),
        ("mailto:x", None),
    ],
)
def test_only_web_and_mail_addresses_may_be_linked(address: str, link: Link | None) -> None:
    assert read_link(address) == link


def test_what_could_break_out_of_a_link_is_encoded() -> None:
    link = read_link('https://a.example/"<>\\`{}|^ x')
    assert link == Link("https://a.example/%22%3C%3E%5C%60%7B%7D%7C%5E%20x", "a.example")


@pytest.mark.parametrize(
    ("text", "host", "does"),
    [
        ("https://bank.cn", "evil.example", True),
        ("bank.cn", "evil.example", True),
        ("见 www.bank.cn 官网", "evil.example", True),
        ("bank.cn", "bank.cn", False),
        ("www.bank.cn", "bank.cn", False),
        ("bank.cn", "login.bank.cn", False),
        ("bank.cn", "bank.cn.evil.example", True),
        ("аррle.com", "apple.com", True),
        ("版本 3.11", "python.org", False),
        ("点这里", "evil.example", False),
    ],
)
def test_a_text_pretends_where_it_names_another_host(text: str, host: str, does: bool) -> None:
    assert pretends(text, host) is does


def test_the_host_stands_beside_what_pretends_and_in_the_title_elsewhere() -> None:
    assert render("[https://bank.cn](https://evil.example/x)") == (
        "[https://bank.cn](<https://evil.example/x>) (evil.example)"
    )
    assert render("[文档](https://example.com)") == '[文档](<https://example.com> "example.com")'


def test_pictures_are_links_but_for_allowed_hosts() -> None:
    text = "![图](https://cdn.pictures.example/a.png)"
    assert render(text) == '[🖼 图](<https://cdn.pictures.example/a.png> "cdn.pictures.example")'
    assert render(text, ["pictures.example"]) == "![图](<https://cdn.pictures.example/a.png>)"
    assert render("![图](data:image/png;base64,AA)") == "🖼 图"
    assert not is_allowed_host("notpictures.example", ["pictures.example"])


@pytest.mark.parametrize("name", NAMES)
def test_an_escaped_name_has_nothing_that_markdown_or_html_reads(name: str) -> None:
    escaped = escape(name)
    assert re.sub(r"&#\d{2,3};", "", escaped).replace(" ", "").isalnum()
    assert "\u202e" not in escaped


@pytest.mark.parametrize(
    ("drawing", "is_plain"),
    [
        ("graph TD\nA[甲<br/>乙] --> B", True),
        ("classDiagram\nA <|-- B", True),
        ('graph TD\nclick A "https://x"', False),
        ("%%{init: {}}%%\ngraph TD", False),
        ('graph TD\nA["<img src=x>"]', False),
        ("graph TD\nstyle A fill:red", False),
        ("---\nconfig: x\n---\ngraph TD", False),
        ("graph TD\nA[x```\ny", False),
    ],
)
def test_a_drawing_that_could_do_more_than_draw_is_shown_as_code(drawing: str, is_plain: bool) -> None:
    assert is_plain_drawing(drawing) is is_plain
    assert render(f"```mermaid\n{drawing}\n```").startswith("```mermaid" if is_plain else "```text")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "[a](" * 5_000,
        "![" * 10_000,
        "`" * 20_000,
        " ".join("`" * length for length in range(1, 200)),
        "$a" * 10_000,
        "\\[" * 10_000,
        "**a" * 7_000,
        "<b>" * 7_000,
        ">" * 2_000,
        "- " * 2_000,
        "|a\n|-\n" * 3_000,
        "https://a" * 2_000,
    ],
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    """A quadratic scan of any of these would take minutes."""
    assert render(text)
    assert render(text[:TEXT_CHARACTERS_MAX], growing=True) is not None
