"""What the page's events do. Each is an asynchronous generator of Shown values; page.py puts those into
components.

Callbacks read generations and own none: when one of them is closed, superseded or never resumed, the answer
goes on. Knows no component. What a visit names is checked by the engine for its owner; nothing that is shown
is believed.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio

from chat.asset_files import ASSETS
from chat.engine import Engine
from chat.errors import ChatError, NotFound, Stopping, Unreachable
from chat.generations.generation import Generation
from chat.history import read_words
from chat.ids import new_id
from chat.jobs.deletions import UNDO_SECONDS
from chat.turns.models import QUOTES
from chat.turns.turn import Options, Turn
from chat.ui import sidebar, view
from chat.ui.drawing import count_characters, count_hidden, draw
from chat.ui.follower import Followers, Growing, grow
from chat.ui.loading import find_running, give_back, load, name_files, running_in, split
from chat.ui.page_texts import SAMPLE_STARTERS
from chat.ui.reports import show_refusal, show_undo
from chat.ui.texts import has_text, text
from chat.ui.view import Branch, ChatMessage, Reader
from chat.ui.visits import SHOWN_MAX, Visit
from chat.visitors import Visitor

HELD_SECONDS = 20.0  # that a conversation is held while a message is taken, at most
HEARD_SECONDS = 2.0  # until an ending has come from another replica, at most
Act = Callable[[str, Visitor, Options], Awaitable[Generation]]
SAMPLES_FOLDER = ASSETS / "samples"
SAMPLES = {"zh": "sample-zh.md", "en": "sample-en.md"}


@dataclass(frozen=True)
class Shown:
    """What of the page changes; None: nothing. told: what the script is to know of it.

    growing: the conversation's newest turn, also when its answer is over: to draw it again in the history
    would stop the browser for longer than all that it grew. It moves there when the next one begins.
    composer: the text in it. The others are HTML of ours, which the script puts where it belongs.
    """

    history: list[ChatMessage] | None = None
    growing: list[ChatMessage] | None = None
    told: dict[str, Any] | None = None
    composer: str | None = None
    notice: str | None = None
    conversations: str | None = None
    gauge: str | None = None
    deleted: str | None = None


Showing = AsyncIterator[Shown]


@dataclass(frozen=True)
class Callbacks:
    """The events of the conversation, over one engine. Holds nothing of a visitor but who follows what.

    All but `follow` are short: they show what is there and tell the script which generation runs, and it
    starts the one `follow` that shows how it grows, and `settle` when that is over.
    """

    engine: Engine
    followers: Followers
    # Conversations that get a message, of which owner: since when.
    taking: dict[tuple[str, str], float] = field(default_factory=dict)

    async def act(self, visit: Visit) -> Showing:
        """Do what a button of the page names. Raises ChatError."""
        acts: dict[str, Callable[[Visit], Showing]] = {
            "open": self.open,
            "new": self.new,
            "retry": partial(self.answer_again, act=self.engine.retry),
            "continue": partial(self.answer_again, act=self.engine.resume_answer),
            "read-whole": partial(self.answer_with, reads_whole=True),
            "show-scans": partial(self.answer_with, shows_scans=True),
            "branch": self.choose_branch,
            "undo": self.undo,
            "edit": self.edit,
            "delete": self.delete,
            "delete-all": self.delete_all,
            "restore": self.restore,
            "starter": self.start_with,
        }
        act = acts.get(visit.action)
        if act is None:
            return
        async for shown in act(visit):
            yield shown

    async def open(self, visit: Visit) -> Showing:
        """Show a conversation, after a reload or when it is chosen, with what is being written in it.

        visit.value: the message at which it opens, one that the search of visit.query found.
        """
        follower = self.followers.begin(visit.session)
        at, found = await self._find(visit) if visit.action == "open" and visit.value else (visit, {})
        shown = await self._show(at)
        shown = replace(shown, told={**(shown.told or {}), **found})
        if visit.conversation and not shown.growing and not await self._is_there(visit):
            shown = replace(shown, notice=show_refusal("page.not_here", visit.language))
        async with self.followers.turn(visit.session):
            if follower.is_newest:
                yield shown

    async def _is_there(self, visit: Visit) -> bool:
        """Tell whether the visit's conversation is the visitor's: an address may name any."""
        try:
            await self.engine.store(visit.conversation).conversation(visit.conversation, visit.owner)
        except NotFound:
            return False
        return True

    async def _find(self, visit: Visit) -> tuple[Visit, dict[str, Any]]:
        """Return the visit with the found message on the shown branch, among the messages that are shown."""
        try:
            hit = await self.engine.store(visit.conversation).message(visit.value, visit.owner)
        except NotFound:  # deleted since it was found
            return visit, {}
        ids = [message.id for message in await self.engine.branch(visit.conversation, visit.owner)]
        if hit.id not in ids and hit.conversation_id == visit.conversation:
            branch = await self.engine.store(visit.conversation).select_branch(hit.id, visit.owner)
            ids = [message.id for message in branch]
        if hit.id not in ids:
            return visit, {}
        shown = min(max(visit.shown, len(ids) - ids.index(hit.id)), SHOWN_MAX)
        found = {"message": hit.id, "words": read_words(visit.query)}
        return replace(visit, shown=shown), {"shown": shown, "found": found}

    async def settle(self, visit: Visit) -> Showing:
        """The answer is over: show the turn as it is kept."""
        generation = await find_running(self.engine, visit.generation, visit.owner)
        if generation and not await _ends_elsewhere(generation):
            return
        follower = self.followers.newest(visit.session)
        shown = await self._show(visit)
        told = {**(shown.told or {}), "is_ended": True}
        async with self.followers.turn(visit.session):
            if follower is self.followers.newest(visit.session):
                yield replace(shown, history=None, told=told, notice=None)

    async def new(self, visit: Visit) -> Showing:
        """Show an empty page. What is being written goes on where it is."""
        follower = self.followers.begin(visit.session)
        listed = await sidebar.list_conversations(self.engine, replace(visit, conversation=""))
        async with self.followers.turn(visit.session):
            if not follower.is_newest:
                return
            yield Shown([], [], _tell("", "", is_empty=True, hidden=0), None, "", listed, "")

    async def send(self, visit: Visit, message: str) -> Showing:
        """Answer a message. The page shows it before a model is asked.

        visit.target is the script's id for the message: sent twice, it is answered once.
        """
        known = await self.engine.find_request(visit.target, visit.visitor)
        if known:  # the script did not receive that the message was accepted: its connection was cut
            async for shown in self._open_known(visit, self.engine.conversation_of(known)):
                yield shown
            return
        with self._holding(visit.owner, visit.conversation) as is_first:
            if not (is_first and message.strip()) or await self._is_answering(visit):
                refused = await self._refuse(visit, message, "")
                yield replace(refused, told={**(refused.told or {}), "busy": bool(message.strip())})
                return
            async with aclosing(self._start(visit, message)) as showing:  # type: ignore[type-var]
                async for shown in showing:
                    yield shown

    async def _open_known(self, visit: Visit, conversation: str) -> Showing:
        async for shown in self.open(replace(visit, conversation=conversation)):
            yield replace(shown, told={**(shown.told or {}), "is_known": True})

    @contextlib.contextmanager
    def _holding(self, owner: str, conversation: str) -> Iterator[bool]:
        """Hold a conversation while a message is taken; yield whether no other tab's holds it.

        For a time only: the event of a tab that is closed may never end.
        """
        key, now = (owner, conversation), anyio.current_time()
        is_first = now - self.taking.get(key, -math.inf) > HELD_SECONDS
        if is_first and conversation:
            self.taking[key] = now
        try:
            yield is_first
        finally:
            if self.taking.get(key) == now and is_first:  # else another tab holds it by now
                del self.taking[key]

    async def _start(self, visit: Visit, message: str) -> Showing:
        follower = self.followers.begin(visit.session)
        reader = self._reader(visit)
        names = await name_files(self.engine, visit.files, visit.owner)
        question = view.show_question(message, [view.show_file(id, name) for id, name in names.items()])
        self.followers.put_question(visit.session, [question])
        history, hidden = await self._load_above(visit)
        told = _tell(visit.conversation, "", hidden=hidden, is_sent=True)
        yield Shown(history, [question, view.show_thinking(reader)], told, notice="")
        try:
            turn = await self._turn(visit, message)
            generation, is_new = await self.engine.start_or_find(turn, visit.visitor)
        except ChatError as error:
            shown = await self._refuse(visit, message, reader.show(error))
            if isinstance(error, Stopping) and self.engine.settings.redis_url:
                # the script sends it once more, and another replica answers
                shown = replace(shown, told={**(shown.told or {}), "again": True})
            yield shown
            return
        conversation = self.engine.conversation_of(generation)
        if not is_new:  # another replica has taken the message: it stands in the conversation
            async for shown in self._open_known(visit, conversation):
                yield shown
            return
        with generation.hold():  # a busy server may take longer to tell the page than it waits for a reader
            if follower.is_newest:
                yield Shown(told=self._tell_started(conversation, generation))
            if not visit.conversation:
                yield Shown(conversations=await self._list_with(replace(visit, conversation=conversation)))

    def _tell_started(self, conversation: str, generation: Generation) -> dict[str, Any]:
        return _tell(conversation, generation.id, is_whole=self.engine.model_of(generation) == QUOTES)

    async def _is_answering(self, visit: Visit) -> bool:
        """Tell whether an answer grows in the conversation, whichever tab started it."""
        running = running_in((await load(self.engine, visit)).messages)
        ids = {visit.generation, running} - {""}
        return any([await find_running(self.engine, id, visit.owner) for id in ids])

    async def _refuse(self, visit: Visit, message: str, notice: str) -> Shown:
        """Return the conversation as it is; the message goes back into the composer, with its files."""
        shown = await self._show(visit)
        files = await give_back(self.engine, visit.files, visit)
        told = {**(shown.told or {}), "editing": visit.editing, "files": files}
        return replace(shown, told=told, composer=message, notice=notice)

    async def answer_again(self, visit: Visit, *, act: Act) -> Showing:
        """Answer a question a second time, beside the first answer, or go on with an answer that was cut.

        visit.value: the model of a second answer, where it is not the chosen one.
        """
        branch, reader = await load(self.engine, visit), self._reader(visit)
        ids = [message.id for message in branch.messages]
        if visit.target not in ids or await find_running(self.engine, visit.generation, visit.owner):
            yield await self._show(visit)
            return
        self.followers.begin(visit.session)
        at = ids.index(visit.target)
        turn = [view.show_asked(branch.messages[at - 1], branch, reader)]
        if visit.action == "continue":
            turn += view.show_partial(branch.messages[at], reader)
        self.followers.put_question(visit.session, turn)
        history, hidden = await self._render(replace(branch, messages=branch.messages[: at - 1]), visit)
        told = _tell(visit.conversation, "", hidden=hidden, is_sent=True)
        yield Shown(history, [*turn, view.show_thinking(reader)], told, notice="")
        try:
            model = visit.value if visit.action == "retry" else ""
            options = replace(visit.options, explains=True, model=model or visit.options.model)
            generation = await act(visit.target, visit.visitor, options)
        except ChatError as error:
            yield replace(await self._show(visit), notice=reader.show(error))
            return
        with generation.hold():
            yield Shown(told=self._tell_started(visit.conversation, generation))

    async def answer_with(self, visit: Visit, **more: bool) -> Showing:
        """Answer a question a second time, with more of its files."""
        options = replace(visit.options, **more)  # type: ignore[arg-type]
        async for shown in self.answer_again(replace(visit, options=options), act=self.engine.retry):
            yield shown

    async def follow(self, visit: Visit) -> AsyncGenerator[list[ChatMessage] | None]:
        """Show how an answer grows, until it ends or something else is shown. None: nothing changes."""
        generation = await find_running(self.engine, visit.target, visit.owner)
        if generation is None:
            return
        follower, reader = self.followers.begin(visit.session), self._reader(visit)
        if generation.is_elsewhere:
            await self._show(visit)  # the question was put on the page there
        question = self.followers.question(visit.session)
        shown: list[ChatMessage] | None = None
        latest: Growing | None = None
        with contextlib.suppress(Unreachable):  # the script then shows what history has of it
            async with aclosing(follower.follow(generation, self.followers.load)) as growings:
                async for growing in growings:
                    if growing is not None and growing.ending is not None:
                        continue
                    # Again while nothing comes: what the browser was told by another event may come later.
                    latest = growing or latest
                    if growing or (latest and not (latest.text or latest.reasoning)):  # the wait grows too
                        assert latest
                        shown = [*question, *await self._show_growing(latest, generation, reader, visit)]
                    async with self.followers.turn(visit.session):
                        if follower.is_newest:
                            yield shown
        # Gradio sends the last value a second time when a callback ends: let it be one that changes nothing.
        yield None

    async def stop(self, visit: Visit) -> None:
        """Stop what is written in the conversation that the page shows, whoever started it."""
        generation_id = visit.generation
        if not generation_id and visit.conversation:
            generation_id = running_in(await self.engine.branch(visit.conversation, visit.owner))
        if generation_id:
            await self.engine.stop(generation_id, visit.owner)

    async def choose_branch(self, visit: Visit) -> Showing:
        """Show the branch through a message."""
        await self.engine.store(visit.conversation).select_branch(visit.target, visit.owner)
        async for shown in self.open(visit):
            yield shown

    async def undo(self, visit: Visit) -> Showing:
        """Take the last question back into the composer."""
        question = await self.engine.store(visit.conversation).undo(visit.conversation, visit.owner)
        async for shown in self.open(visit):
            files = await give_back(self.engine, question.attachment_ids if question else (), visit)
            told = {**(shown.told or {}), "files": files}
            yield replace(shown, told=told, composer=question.text if question else "")

    async def edit(self, visit: Visit) -> Showing:
        """Put a question with its files into the composer; what is sent then stands beside it."""
        message = await self.engine.store(visit.conversation).message(visit.target, visit.owner)
        files = await give_back(self.engine, message.attachment_ids, visit)
        told = {"editing": message.id, "files": files, "serial": new_id()}
        yield Shown(told=told, composer=message.text)

    async def delete(self, visit: Visit) -> Showing:
        """Delete a conversation; where it is the one that is shown, an empty page takes its place."""
        kept = await self.engine.store(visit.target).conversation(visit.target, visit.owner)
        number = await self.engine.delete_conversation(visit.target, visit.owner)
        is_shown = visit.target == visit.conversation
        sentence = text(
            visit.language, "deleted.one", title=kept.title or text(visit.language, "sidebar.untitled")
        )
        bar = show_undo(sentence, number, visit.language, UNDO_SECONDS, visit.target if is_shown else "")
        if is_shown:
            async for shown in self.new(visit):
                yield replace(shown, deleted=bar)
        else:
            listed = await sidebar.list_conversations(self.engine, visit)
            yield Shown(conversations=listed, deleted=bar)

    async def delete_all(self, visit: Visit) -> Showing:
        """Delete all conversations and files of the visitor, and the drafts in this browser."""
        number, count = await self.engine.delete_everything(visit.owner)
        sentence = text(visit.language, "deleted.all", count=count)
        shown_again = "" if visit.is_temporary else visit.conversation
        bar = show_undo(sentence, number, visit.language, UNDO_SECONDS, shown_again)
        async for shown in self.new(visit):
            yield replace(shown, deleted=bar, told={**(shown.told or {}), "forgets": True})

    async def restore(self, visit: Visit) -> Showing:
        """Undo a deletion; what was shown is shown again (visit.value), and else only the list changes."""
        try:
            await self.engine.restore(visit.target, visit.owner)
        except NotFound:
            refusal = show_refusal("deleted.too_late", visit.language)
            if not visit.value:
                yield Shown(notice=refusal)
                return
            async for shown in self.new(visit):
                yield replace(shown, notice=refusal)
            return
        if visit.value:
            async for shown in self.open(visit):
                yield replace(shown, deleted="")
        else:
            listed = await sidebar.list_conversations(self.engine, visit)
            yield Shown(conversations=listed, deleted="")

    async def start_with(self, visit: Visit) -> Showing:
        """Ask a starter's question; those about the sample attach it first."""
        key = f"starter.{visit.target}.prompt"
        if not has_text(key):
            return
        files = visit.files
        if visit.target in SAMPLE_STARTERS:
            name = SAMPLES[visit.language]
            path, is_temporary = SAMPLES_FOLDER / name, visit.is_temporary
            sample = await self.engine.attach(path, name, visit.visitor, is_temporary=is_temporary)
            await sample.finish()  # or the receipt would say that it is still being read
            files = (sample.id,)
        async for shown in self.send(replace(visit, files=files, target=""), text(visit.language, key)):
            yield shown

    async def _list_with(self, visit: Visit) -> str:
        """Return the list once a conversation that has just begun is kept."""
        await self.engine.settle(visit.conversation)
        return await sidebar.list_conversations(self.engine, visit)

    # --- inside --------------------------------------------------------------------------------------------

    async def _show(self, visit: Visit) -> Shown:
        """Return a conversation as it is now: its history, and its newest turn."""
        branch, reader = await load(self.engine, visit), self._reader(visit)
        earlier, turn = split(branch)
        running = running_in(turn.messages)
        generation = await find_running(self.engine, running, visit.owner)
        if generation and len(turn.messages) > 1:
            question = [view.show_asked(turn.messages[0], branch, reader)]
            self.followers.put_question(visit.session, question)
            growing = [*question, *await self._show_growing(grow(generation), generation, reader, visit)]
        else:
            running, growing = "", await self._draw(turn, visit, is_end=True)
        history, hidden = await self._render(earlier, visit)
        is_empty = not growing
        ended = (turn.messages[-1].finish_reason or "") if turn.messages else ""
        told = _tell(
            "" if is_empty else visit.conversation, running, hidden=hidden, is_empty=is_empty, ended=ended
        )
        listed = await sidebar.list_conversations(self.engine, visit)
        gauge = view.show_gauge(branch.messages, self.engine.models.window, reader)
        gauge += view.show_left(await self.engine.tokens_left(visit.visitor), reader)
        return Shown(history, growing, told, None, "", listed, gauge)

    async def _show_growing(
        self, growing: Growing, generation: Generation, reader: Reader, visit: Visit
    ) -> list[ChatMessage]:
        """Return the answer so far; the times are those of the answer, whenever the page came."""
        growing.waited, growing.fault = self.engine.waiting(generation)
        if growing.reasoning_seconds is not None:
            kept = self.engine.reasoning_seconds(generation)
            growing.reasoning_seconds = growing.reasoning_seconds if kept is None else kept
        characters = len(growing.text) + len(growing.reasoning)
        return await draw(self.engine.drawing, visit.visitor, characters, view.show_growing, growing, reader)

    async def _render(self, branch: Branch, visit: Visit) -> tuple[list[ChatMessage], int]:
        """Return the newest messages as they are shown, and how many before them are not."""
        hidden = count_hidden(branch.messages, visit.shown)
        return await self._draw(replace(branch, messages=branch.messages[hidden:]), visit), hidden

    async def _draw(self, branch: Branch, visit: Visit, *, is_end: bool = False) -> list[ChatMessage]:
        """Return messages as they are shown; long ones are drawn in a thread."""
        show = partial(view.show_branch, branch, self._reader(visit), is_end=is_end)
        return await draw(self.engine.drawing, visit.visitor, count_characters(branch.messages), show)

    async def _load_above(self, visit: Visit) -> tuple[list[ChatMessage], int]:
        """Return what stands above a question that is sent, which may be an earlier one that was edited."""
        branch = await load(self.engine, visit)
        ids = [message.id for message in branch.messages]
        kept = branch.messages[: ids.index(visit.editing)] if visit.editing in ids else branch.messages
        return await self._render(replace(branch, messages=kept), visit)

    def _reader(self, visit: Visit) -> Reader:
        return Reader(visit.language, visit.minutes, self.engine.settings.image_hosts)

    async def _turn(self, visit: Visit, message: str) -> Turn:
        parent_id = None
        if visit.editing:
            edited = await self.engine.store(visit.conversation).message(visit.editing, visit.owner)
            parent_id = edited.parent_id or ""
        return Turn(
            user_message=message,
            file_ids=visit.files,
            conversation_id=visit.conversation,
            request_id=visit.target or new_id(),
            parent_id=parent_id,
            options=replace(visit.options, explains=True),
            is_temporary=visit.is_temporary,
            wants_title=True,
        )


async def _ends_elsewhere(generation: Generation) -> bool:
    """Tell whether it is over: this replica hears of it a moment after the page that followed it there."""
    if generation.is_elsewhere:
        with anyio.move_on_after(HEARD_SECONDS), contextlib.suppress(Unreachable):
            await generation.wait()
    return generation.is_finished


def _tell(conversation: str, generation: str, **more: object) -> dict[str, Any]:
    """Return what the script is to know: where the page is, and what runs there."""
    return {"conversation": conversation, "generation": generation, **more, "serial": new_id()}
