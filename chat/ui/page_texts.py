"""The parts that hold only words, in a visitor's language: HTML of ours, and what the script says.

Knows no component and no visitor but his language.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from chat.engine import Engine
from chat.ui.download_view import show_download
from chat.ui.html import button, plain, tag
from chat.ui.texts import LANGUAGES, text

STARTERS = ("sample", "explain", "write", "code")
SAMPLE_STARTERS = ("sample", "fault", "warranty", "repair")  # its own sentences answer, without any model
# What the page's script says by itself.
SPOKEN = (
    "answer.complete",
    "answer.copied",
    "answer.selected",
    "answer.copy_code",
    "answer.end",
    "answer.retry_with",
    "answer.user",
    "composer.attach",
    "composer.cancel_edit",
    "composer.no_text",
    "composer.not_uploaded",
    "composer.remove",
    "composer.send",
    "composer.stop",
    "composer.too_large",
    "composer.try_again",
    "composer.unlock",
    "composer.uploading",
    "composer.waits",
    "evidence.close",
    "evidence.download",
    "evidence.exclude",
    "evidence.excluded",
    "evidence.files",
    "evidence.include",
    "evidence.label",
    "evidence.next",
    "evidence.page",
    "evidence.pending",
    "evidence.page.next",
    "evidence.page.previous",
    "evidence.pages",
    "evidence.place_unknown",
    "evidence.previous",
    "evidence.sent.all",
    "evidence.sent.none",
    "evidence.sent.part",
    "evidence.turn",
    "evidence.unavailable",
    "evidence.unread",
    "evidence.zoom.in",
    "evidence.zoom.out",
    "line.lost",
    "line.offline",
    "line.waits",
    "models.automatic",
    "models.none",
    "models.search",
    "page.failed",
    "page.incomplete",
    "page.dismiss",
    "page.not_sent",
    "profile.label",
    "queue.edit",
    "queue.held",
    "queue.remove",
    "queue.sending",
    "queue.waiting",
    "settings.label",
    "settings.model",
    "settings.reset.done",
    "sidebar.delete",
    "sidebar.delete.sure",
    "own.delete",
    "own.delete.sure",
    "sidebar.label",
    "sidebar.new",
    "sidebar.rename",
    "sidebar.rename.to",
)


@dataclass(frozen=True)
class PageTexts:
    """html: what stands in places of the page, by name. placeholders: of boxes, by the ids of their parts."""

    language: str
    name: str
    html: dict[str, str]
    banners: dict[str, str]
    placeholders: dict[str, str]

    def told(self) -> dict[str, object]:
        """Return what the script is to know."""
        spoken = {key: LANGUAGES[self.language][key] for key in SPOKEN}
        language = "zh-CN" if self.language == "zh" else self.language
        return {**asdict(self), "language": language, "words": spoken}


def dress(engine: Engine, language: str, *, is_narrow: bool = False) -> PageTexts:
    """Return the page's words for a language."""
    placeholder = "composer.placeholder.short" if is_narrow else "composer.placeholder"
    name = engine.settings.assistant_name
    return PageTexts(
        language=language,
        name=name,
        html={
            "sidebar-top": _top(language, name),
            "sidebar-bottom": _bottom(language),
            "starters": _starters(language),
            "earlier": button("earlier", text(language, "answer.earlier"), icon=False),
            "editing": tag(
                "p",
                plain(text(language, "composer.editing")),
                button("cancel-edit", text(language, "composer.cancel_edit"), icon=False),
            ),
        },
        banners=show_banners(engine, language),
        placeholders={
            "search": text(language, "sidebar.search"),
            "composer": text(language, placeholder, name=name),
        },
    )


def _top(language: str, name: str) -> str:
    new = button("new", text(language, "sidebar.new"), icon=False)
    temporary = button(
        "temporary", text(language, "sidebar.temporary"), lane="none", icon=False, aria_pressed="false"
    )
    return tag("h1", plain(name)) + tag("div", new, temporary, cls="row")


def _bottom(language: str) -> str:
    other = next(code for code in LANGUAGES if code != language)
    return tag(
        "div",
        button(
            "import",
            text(language, "sidebar.import"),
            lane="none",
            icon=False,
            title=text(language, "sidebar.import.hint"),
        ),
        export_all(language),
        button("language", text(language, "page.language"), lane="none", value=other, icon=False),
        button("appearance", text(language, "page.appearance"), lane="none", icon=False),
        cls="row",
    )


def export_all(language: str) -> str:
    return button("everything", text(language, "sidebar.export_all"), lane="fetch", icon=False)


def show_banners(engine: Engine, language: str) -> dict[str, str]:
    """Return what stands above the conversation, by the name of its place.

    The banner of a download says for itself that a demo model answers: two of them fill a fifth of a phone.
    """
    download = _download(engine, language)
    is_demo = engine.models.is_demo and not download
    return {"banner": _banner(engine, language, is_demo=is_demo), "download": download}


def _download(engine: Engine, language: str) -> str:
    """Return the offer of a model, unless a better one answers already."""
    models = engine.models
    if models.download is None or models.found:
        return ""
    is_used = models.is_connected and not models.is_demo
    may_start = engine.settings.offers_download
    return show_download(models.download, language, may_start=may_start, is_used=is_used)


def _banner(engine: Engine, language: str, *, is_demo: bool) -> str:
    close = button("dismiss", text(language, "page.dismiss"), lane="none")
    found = engine.models.found
    lines = [(text(language, "page.demo") if is_demo else "", "")]
    if found:
        lines.append((text(language, "page.found", name=found.name, address=found.url), ""))
    lines += [(loss, export_all(language)) for loss in _losses(engine, language)]
    lines.append((engine.notice, ""))
    shown = [
        tag("p", tag("span", plain(line)), more, close, data_dismissable="") for line, more in lines if line
    ]
    temporary = tag("p", plain(text(language, "page.temporary")), cls="temporary")
    return "".join([*shown, temporary])


def _losses(engine: Engine, language: str) -> list[str]:
    """Return why what is said here will be lost, for each reason."""
    losses = engine.losses
    if engine.settings.is_space and not engine.settings.database_url:
        losses.append(text(language, "page.storage"))
    return losses


def _starters(language: str) -> str:
    cards = [_starter(language, starter) for starter in dict.fromkeys(STARTERS + SAMPLE_STARTERS)]
    heading = tag("h2", plain(text(language, "starter.heading")))
    tagline = tag("p", plain(text(language, "starter.tagline")))
    return heading + tagline + tag("div", *cards, cls="cards")


def _starter(language: str, starter: str) -> str:
    prompt = text(language, f"starter.{starter}.prompt")
    label = tag("b", plain(text(language, f"starter.{starter}"))) + tag("span", plain(prompt))
    kinds = [
        "card",
        "" if starter in SAMPLE_STARTERS else "for-models",
        "" if starter in STARTERS else "for-quotes",
    ]
    cls = " ".join(filter(None, kinds))
    return tag("button", label, type="button", cls=cls, data_do="starter", data_lane="show", data_id=starter)
