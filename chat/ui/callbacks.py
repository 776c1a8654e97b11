"""What the page's events do. Each is an asynchronous generator of Shown values; page.py puts those into
components.

Callbacks read generations and own none: when one of them is closed, superseded or never resumed, the answer
goes on. Knows no component. What a visit names is checked by the engine for its owner; nothing that is shown
is believed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chat.engine import Engine
from chat.errors import ChatError, NotFound
from chat.generations import Generation, new_id
from chat.history import Message
from chat.turns import Turn
from chat.ui import sidebar, view
from chat.ui.follower import Follower, Followers
from chat.ui.texts import has_text, text
from chat.ui.view import Branch, ChatMessage, Reader
from chat.ui.visits import Visit

SHOWN_MESSAGES = 40  # rendered at once; "show earlier" adds as many
SAMPLES_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "samples"
SAMPLES = {"zh": "sample-zh.md", "en": "sample-en.md"}


@dataclass(frozen=True)
class Shown:
    """What of the page changes; None: nothing. told: what page.js is to know of it."""

    history: list[ChatMessage] | None = None
    growing: list[ChatMessage] | None = None
    told: dict[str, Any] | None = None
    is_running: bool | None = None
    composer: str | None = None
    notice: str | None = None
    conversations: str | None = None
    gauge: str | None = None


NOTHING = Shown()
Showing = AsyncIterator[Shown]


@dataclass(frozen=True)
class Callbacks:
    """The events of one page, over one engine. Holds nothing of a visitor but who follows what."""

    engine: Engine
    followers: Followers

    async def open(self, visit: Visit) -> Showing:
        """Show a conversation, after a reload or when it is chosen, and follow what is written in it."""
        follower = self.followers.begin(visit.session)
        branch = await self._load(visit)
        async for shown in self._show(visit, follower, branch):
            yield shown

    async def new(self, visit: Visit) -> Showing:
        """Show an empty page. What is being written goes on where it is."""
        self.followers.begin(visit.session)
        listed = await sidebar.list_conversations(self.engine, visit)
        yield Shown([], [], _tell("", "", is_empty=True), False, "", "", listed)

    async def send(self, visit: Visit, message: str) -> Showing:
        """Answer a message. It stands on the page before anything is asked of a model."""
        if not message.strip() or visit.generation:
            yield NOTHING
            return
        follower = self.followers.begin(visit.session)
        reader = self._reader(visit)
        names = await self._names(visit.files, visit.owner)
        question = view.show_question(message, [names.get(id, "") for id in visit.files])
        told = _tell(visit.conversation, "", is_sent=True)
        first = Shown(
            growing=[question, view.show_thinking(reader)], told=told, is_running=True, composer="", notice=""
        )
        yield first
        try:
            turn = await self._turn(visit, message)
            generation = await self.engine.start(turn, visit.visitor)
        except ChatError as error:
            yield self._refused(error, visit, message)
            return
        async for shown in self._follow_new(visit, follower, generation, [question]):
            yield shown

    async def retry(self, visit: Visit) -> Showing:
        """Answer the same question again, beside the first answer."""
        async for shown in self._again(visit, is_new=True):
            yield shown

    async def resume(self, visit: Visit) -> Showing:
        """Go on with an answer that was cut."""
        async for shown in self._again(visit, is_new=False):
            yield shown

    async def choose_branch(self, visit: Visit) -> Showing:
        """Show the branch through a message."""
        self.followers.begin(visit.session)
        await self.engine.store(visit.conversation).select_branch(visit.target, visit.owner)
        async for shown in self.open(visit):
            yield shown

    async def undo(self, visit: Visit) -> Showing:
        """Take the last question back into the composer."""
        question = await self.engine.store(visit.conversation).undo(visit.conversation, visit.owner)
        async for shown in self.open(visit):
            yield shown
        yield Shown(composer=question.text if question else "")

    async def edit(self, visit: Visit) -> Showing:
        """Put a question into the composer; what is sent then stands beside it."""
        message = await self._message(visit)
        yield Shown(told={"editing": message.id}, composer=message.text)

    async def start_with(self, visit: Visit) -> Showing:
        """Ask a starter's question; the one about the sample attaches it first."""
        if not has_text(f"starter.{visit.target}.prompt"):
            return
        files: tuple[str, ...] = visit.files
        if visit.target == "sample":
            name = SAMPLES[visit.language]
            files = ((await self.engine.attach(SAMPLES_FOLDER / name, name, visit.owner)).id,)
        question = text(visit.language, f"starter.{visit.target}.prompt")
        async for shown in self.send(replace(visit, files=files), question):
            yield shown

    async def delete(self, visit: Visit) -> Showing:
        """Delete a conversation, really; where it is the one that is shown, an empty page takes its place."""
        await self.engine.delete_conversation(visit.target, visit.owner)
        if visit.target == visit.conversation:
            async for shown in self.new(visit):
                yield shown
        else:
            yield Shown(conversations=await sidebar.list_conversations(self.engine, visit))

    async def act(self, visit: Visit) -> Showing:
        """Do what a button of the page names. An error becomes a notice."""
        acts: dict[str, Callable[[Visit], Showing]] = {
            "open": self.open,
            "new": self.new,
            "retry": self.retry,
            "continue": self.resume,
            "branch": self.choose_branch,
            "undo": self.undo,
            "edit": self.edit,
            "delete": self.delete,
            "starter": self.start_with,
        }
        act = acts.get(visit.action)
        if act is None:
            return
        try:
            async for shown in act(visit):
                yield shown
        except ChatError as error:
            yield Shown(notice=view.show_error(error.body()["error"], self._reader(visit)))  # type: ignore[arg-type]

    async def stop(self, visit: Visit) -> None:
        """Stop what this page follows; the follower shows the end."""
        generation_id = visit.generation
        if not generation_id and visit.conversation:
            generation_id = _running_in(await self.engine.branch(visit.conversation, visit.owner))
        if generation_id:
            await self.engine.stop(generation_id, visit.owner)

    # --- inside --------------------------------------------------------------------------------------------

    def _reader(self, visit: Visit) -> Reader:
        return Reader(visit.language, visit.minutes, self.engine.settings.image_hosts)

    async def _show(self, visit: Visit, follower: Follower, branch: Branch) -> Showing:
        reader, running = self._reader(visit), _running_in(branch.messages)
        generation = self._find(running, visit.owner)
        kept = branch.messages
        question: list[ChatMessage] = []
        if generation:
            kept = branch.messages[:-2]
            question = view.show_message(branch.messages[-2], branch, reader, is_last=False)[:1]
        shown, hidden = _newest(kept, visit.shown)
        told = _tell(
            visit.conversation if branch.messages else "",
            running if generation else "",
            hidden=hidden,
            is_empty=not branch.messages,
        )
        history = view.show_branch(Branch(shown, branch.alternatives, branch.names), reader)
        growing = [*question, view.show_thinking(reader)] if generation else []
        listed = await sidebar.list_conversations(self.engine, visit)
        if await follower.turn():
            try:
                yield Shown(history, growing, told, bool(generation), None, "", listed)
            finally:
                follower.release()
        if generation:
            async for next_shown in self._follow(visit, follower, generation, question):
                yield next_shown

    async def _follow_new(
        self, visit: Visit, follower: Follower, generation: Generation, question: list[ChatMessage]
    ) -> Showing:
        conversation = self.engine.conversation_of(generation)
        if follower.is_newest:
            yield Shown(told=_tell(conversation, generation.id))
        async for shown in self._follow(
            replace(visit, conversation=conversation), follower, generation, question
        ):
            yield shown

    async def _follow(
        self, visit: Visit, follower: Follower, generation: Generation, question: list[ChatMessage]
    ) -> Showing:
        """Show the answer as it grows, then the turn in its place in history, in one update."""
        reader = self._reader(visit)
        async with aclosing(follower.follow(generation, self.followers.load)) as growings:  # type: ignore[type-var]
            async for growing in growings:
                if growing.ending is not None:
                    break
                if not await follower.turn():
                    return
                try:
                    yield Shown(growing=[*question, *view.show_growing(growing, reader)])
                finally:
                    follower.release()
        if follower.is_newest:
            async for shown in self._show_end(visit, follower):
                yield shown

    async def _show_end(self, visit: Visit, follower: Follower) -> Showing:
        branch = await self._load(visit)
        shown, hidden = _newest(branch.messages, visit.shown)
        history = view.show_branch(Branch(shown, branch.alternatives, branch.names), self._reader(visit))
        listed = await sidebar.list_conversations(self.engine, visit)
        told = _tell(visit.conversation, "", hidden=hidden, is_ended=True)
        if await follower.turn():
            try:
                yield Shown(history, [], told, False, conversations=listed)
            finally:
                follower.release()
        # Gradio sends the last value a second time when a callback ends: let it be one that changes nothing.
        yield NOTHING

    async def _again(self, visit: Visit, *, is_new: bool) -> Showing:
        follower = self.followers.begin(visit.session)
        act = self.engine.retry if is_new else self.engine.resume_answer
        branch = await self._load(visit)
        ids = [message.id for message in branch.messages]
        if visit.target not in ids or visit.generation:
            yield NOTHING
            return
        at = ids.index(visit.target)
        reader = self._reader(visit)
        kept, hidden = _newest(branch.messages[: at - 1], visit.shown)
        question = view.show_message(branch.messages[at - 1], branch, reader, is_last=False)[:1]
        history = view.show_branch(Branch(kept, branch.alternatives, branch.names), reader)
        begun = [] if is_new else view.show_partial(branch.messages[at], reader)
        told = _tell(visit.conversation, "", hidden=hidden, is_sent=True)
        yield Shown(history, [*question, *begun, view.show_thinking(reader)], told, True)
        try:
            generation = await act(visit.target, visit.visitor, visit.options)
        except ChatError as error:
            yield Shown(notice=view.show_error(error.body()["error"], reader))  # type: ignore[arg-type]
            async for shown in self._show_end(visit, follower):
                yield shown
            return
        async for shown in self._follow_new(visit, follower, generation, [*question, *begun]):
            yield shown

    def _refused(self, error: ChatError, visit: Visit, message: str) -> Shown:
        """Nothing was started: the message goes back to where it was typed, and the reason stands above."""
        reason = view.show_error(error.body()["error"], self._reader(visit))  # type: ignore[arg-type]
        told = _tell(visit.conversation, "", is_refused=True, is_empty=not visit.conversation)
        return Shown(growing=[], told=told, is_running=False, composer=message, notice=reason)

    async def _turn(self, visit: Visit, message: str) -> Turn:
        parent_id = None
        if visit.editing:
            edited = await self.engine.store(visit.conversation).message(visit.editing, visit.owner)
            parent_id = edited.parent_id or ""
        return Turn(
            user_message=message,
            file_ids=visit.files,
            conversation_id=visit.conversation,
            request_id=new_id(),
            parent_id=parent_id,
            options=visit.options,
            is_temporary=visit.is_temporary,
        )

    async def _message(self, visit: Visit) -> Message:
        return await self.engine.store(visit.conversation).message(visit.target, visit.owner)

    async def _load(self, visit: Visit) -> Branch:
        if not visit.conversation:
            return Branch()
        try:
            messages = await self.engine.branch(visit.conversation, visit.owner)
            beside = await self.engine.store(visit.conversation).alternatives(visit.conversation, visit.owner)
        except NotFound:
            return Branch()
        ids = tuple(dict.fromkeys(id for message in messages for id in message.attachment_ids))
        return Branch(messages, beside, await self._names(ids, visit.owner))

    async def _names(self, ids: Sequence[str], owner: str) -> dict[str, str]:
        names = {}
        for id in ids:
            try:
                names[id] = (await self.engine.attachment(id, owner)).name
            except NotFound:
                continue
        return names

    def _find(self, generation_id: str, owner: str) -> Generation | None:
        if not generation_id:
            return None
        try:
            generation = self.engine.find(generation_id, owner)
        except NotFound:
            return None
        return None if generation.is_finished else generation


def _running_in(messages: Sequence[Message]) -> str:
    """Return the id of the generation that is writing the branch's last answer, or nothing."""
    last = messages[-1] if messages else None
    return (
        (last.generation_id or "") if last and last.role == "assistant" and last.finish_reason is None else ""
    )


def _newest(messages: Sequence[Message], shown: int) -> tuple[Sequence[Message], int]:
    """Return the messages that are rendered, and how many before them are not."""
    count = max(shown, SHOWN_MESSAGES)
    return messages[-count:], max(0, len(messages) - count)


def _tell(conversation: str, generation: str, **more: object) -> dict[str, Any]:
    """Return what page.js is to know: where the page is, and what runs there."""
    return {"conversation": conversation, "generation": generation, **more, "serial": new_id()}
