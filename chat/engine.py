"""The one door that the page and the routes share: start, follow, stop, forget, close.

It puts the rooms together (history, attachments, models, answers, generations) and owns what they start.
Knows no page, no HTTP and no format. What is another's is NotFound.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import orjson

from chat.allowances import Allowances
from chat.answers import QUOTES_MODEL, Answer, Model, Task
from chat.attachments import Attachment, Attachments
from chat.completions import Completions, Endpoint
from chat.context import Message as Spoken
from chat.errors import ChatError, HistoryUnavailable, Interrupted, InvalidRequest, NotFound, ProviderError
from chat.extraction import Limits as ReaderLimits
from chat.extraction import Readers
from chat.generations import Generation, Generations, Limits, error_event, new_id
from chat.history import History, Message, MessageFields
from chat.recorder import Recorder, Work
from chat.settings import Settings
from chat.turns import Options, Turn, Visitor

IN_MEMORY = "sqlite+aiosqlite:///:memory:"
TEMPORARY = "temporary-"
DEFAULT_WINDOW_TOKENS = 32_768
CHECKPOINT_SECONDS = 5.0
MODELS_SECONDS = 60.0
INLINE_NAME = "file.txt"
DEFAULTS = Options()
IMAGES = 4  # pictures sent with a question, the newest of the conversation


class Engine:
    """Made with `Engine(settings)`, usable between `open` and `aclose`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.notice = ""
        self.folder = settings.data_folder()
        self.readers = Readers(
            ReaderLimits(
                seconds=settings.reader_seconds,
                memory_bytes=settings.reader_memory_mb * 1_000_000,
                characters=settings.max_document_characters,
                processes=settings.reader_processes,
                upload_bytes=settings.max_upload_bytes,
            )
        )
        self.history = History(settings.database_url or f"sqlite:///{self.folder / 'history.sqlite3'}")
        self._temporary = History(IN_MEMORY)
        self._attachments = Attachments(self.readers, self.folder / "files")
        self._completions: Completions | None = None
        self._endpoint: Endpoint | None = None
        self._models: tuple[float, tuple[str, ...]] = (0.0, ())
        self._recorder = Recorder()
        self._allowances = Allowances(settings)
        self._generations = Generations(_limits(settings), self._ended)
        self._answers: WeakKeyDictionary[Generation, Answer] = WeakKeyDictionary()
        self._requests: dict[tuple[str, str], asyncio.Future[str]] = {}
        self._blind_models: set[str] = set()
        self._checkpoints: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open history and the readers. A history that cannot be opened becomes a notice, not a failure."""
        await self._temporary.start()
        try:
            await self.history.start()
            self.notice = self.history.notice
        except HistoryUnavailable as error:
            self.notice = f"{error} Conversations are kept only until the server stops."
            self.history = self._temporary
        await self.readers.start()
        self._checkpoints = asyncio.create_task(self._save_partial_answers())

    def connect(self, endpoint: Endpoint) -> None:
        """Use an endpoint for completions from now on."""
        self._endpoint = endpoint
        self._completions = Completions(endpoint, idle_timeout=self.settings.upstream_idle_timeout)
        self._models = (0.0, ())

    async def aclose(self) -> None:
        """End every generation with an event that its readers get, then close what it used."""
        await self.end_generations()
        if self._checkpoints:
            self._checkpoints.cancel()
        await self._attachments.aclose()
        await self.readers.aclose()
        await self._recorder.aclose()
        if self._completions:
            await self._completions.aclose()
        for history in {self.history, self._temporary}:
            await history.aclose()

    async def end_generations(self) -> None:
        """End every generation with an event that its readers get, and start no more."""
        await self._generations.aclose(error_event(Interrupted("The server was stopped. Continue goes on.")))

    @property
    def is_demo(self) -> bool:
        """Is the tiny embedded model all there is?"""
        return bool(self._endpoint and self._endpoint.is_demo)

    @property
    def window(self) -> int:
        """The model's context window in tokens."""
        return self._window()

    @property
    def running(self) -> int:
        """Answers being written now."""
        return self._generations.running

    # --- generations ---------------------------------------------------------------------------------------

    async def start(self, turn: Turn, visitor: Visitor) -> Generation:
        """Start answering a turn, or return the generation that its request_id names. Raises ChatError."""
        if not turn.request_id:
            return await self._start(turn, visitor)
        key = (visitor.owner, turn.request_id)
        known = self._requests.get(key)
        if known:
            return self.find(await asyncio.shield(known), visitor.owner)
        self._requests[key] = started = asyncio.get_running_loop().create_future()
        started.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            generation = await self._start(turn, visitor)
        except BaseException as error:
            del self._requests[key]
            started.set_exception(error if isinstance(error, ChatError) else ChatError("It did not start."))
            raise
        started.set_result(generation.id)
        return generation

    async def retry(self, message_id: str, visitor: Visitor, options: Options = DEFAULTS) -> Generation:
        """Answer the same question again: a sibling of the answer `message_id`."""
        await self._admit(visitor)
        message = await self._message(message_id, visitor.owner)
        question = await self._message(message.parent_id or "", visitor.owner)
        history = await self._branch_to(question, visitor.owner)
        return await self._answer(question, history[:-1], visitor, options)

    async def resume_answer(
        self, message_id: str, visitor: Visitor, options: Options = DEFAULTS
    ) -> Generation:
        """Continue a broken or stopped answer from its partial text; the same message grows."""
        message = await self._message(message_id, visitor.owner)
        if message.finish_reason is None:
            raise InvalidRequest("This answer is still being written.")
        await self._admit(visitor)
        question = await self._message(message.parent_id or "", visitor.owner)
        history = await self._branch_to(question, visitor.owner)
        return await self._answer(question, history[:-1], visitor, options, begun=message)

    def find(self, generation_id: str, owner: str) -> Generation:
        """Return a generation to follow. Raises NotFound."""
        return self._generations.get(generation_id, owner)

    def conversation_of(self, generation: Generation) -> str:
        """Return the conversation that a generation belongs to."""
        return str(orjson.loads(generation.events[0].data)["conversation_id"])

    async def stop(self, generation_id: str, owner: str) -> Generation:
        """Stop it; returns when its ending is in the log. Idempotent. Raises NotFound."""
        generation = self.find(generation_id, owner)
        generation.cancel()
        await generation.wait()
        return generation

    # --- models --------------------------------------------------------------------------------------------

    async def models(self) -> Sequence[str]:
        """Return the names for the picker, the default first; `quotes` is always among them."""
        return (*await self._endpoint_models(), QUOTES_MODEL)

    async def _endpoint_models(self) -> tuple[str, ...]:
        if not (self._completions and self._endpoint):
            return ()
        if self._endpoint.models:
            return self._endpoint.models
        asked, names = self._models
        now = asyncio.get_running_loop().time()
        if not names or now - asked > MODELS_SECONDS:
            with contextlib.suppress(ProviderError):
                names = await self._completions.models()
            self._models = (now, names)
        return names

    async def _model(self, name: str, has_files: bool) -> tuple[Model, Model | None]:
        """Return who answers, and the demo model where its own try follows the quotes."""
        names = await self._endpoint_models()
        if name == QUOTES_MODEL or (not name and not self._completions):
            return Model(QUOTES_MODEL, None), None
        if name and self._endpoint and self._endpoint.models and name not in names:
            raise InvalidRequest(f"There is no model named {name[:100]}.", field="model", model=name[:100])
        model = Model(name or (names[0] if names else ""), self._completions, self._window())
        if self.is_demo and has_files and not name:
            return Model(QUOTES_MODEL, None), model
        return model, None

    def _window(self) -> int:
        known = self._endpoint.context_window if self._endpoint else 0
        return self.settings.context_window or known or DEFAULT_WINDOW_TOKENS

    # --- files ---------------------------------------------------------------------------------------------

    async def attach(self, path: Path, name: str, owner: str, password: str | None = None) -> Attachment:
        """Read a file; returns when its kind is known and its first text is there. Raises AttachmentError."""
        return await self._attachments.add(path, name, owner, self.history, password)

    async def attachment(self, id: str, owner: str) -> Attachment:
        """Return a file that was attached. Raises NotFound."""
        return await self._attachments.get(id, owner, self.history)

    async def detach(self, id: str, owner: str) -> None:
        """Delete a file. Raises NotFound."""
        await self.attachment(id, owner)
        await self._attachments.remove((id,))
        await self.history.delete_attachment(id, owner)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for an upload; it is gone afterwards."""
        folder = self.folder / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as path:
            yield Path(path)

    # --- conversations -------------------------------------------------------------------------------------

    def store(self, conversation_id: str) -> History:
        """Return where a conversation is kept: in memory alone, where it is temporary."""
        return self._temporary if conversation_id.startswith(TEMPORARY) else self.history

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, with all that was asked to be saved. Raises NotFound."""
        await self._recorder.settle(conversation_id)
        return await self.store(conversation_id).branch(conversation_id, owner)

    async def delete_conversation(self, conversation_id: str, owner: str) -> None:
        """Delete a conversation with its messages and files, and stop what is being written in it."""
        for generation, answer in list(self._answers.items()):
            if answer.conversation_id == conversation_id and generation.owner == owner:
                await self.stop(generation.id, owner)
        await self._recorder.settle(conversation_id)
        files = await self.store(conversation_id).delete_conversation(conversation_id, owner)
        await self._attachments.remove(tuple(files))

    # --- inside --------------------------------------------------------------------------------------------

    async def _start(self, turn: Turn, visitor: Visitor) -> Generation:
        if not turn.user_message.strip():
            raise InvalidRequest("The message is empty.", field="user_message")
        await self._admit(visitor)
        conversation_id = turn.conversation_id or (TEMPORARY if turn.is_temporary else "") + new_id()
        branch: Sequence[Message] = ()
        if turn.conversation_id:
            branch = _cut(await self.branch(conversation_id, visitor.owner), turn.parent_id)
        files = await self._files_of(turn, visitor.owner, self.store(conversation_id))
        question = Message(
            id=new_id(),
            conversation_id=conversation_id,
            parent_id=branch[-1].id if branch else None,
            role="user",
            created=datetime.now(UTC),
            text=turn.user_message,
            attachment_ids=files,
        )
        saves = [partial(self._save_question, question, visitor.owner, not turn.conversation_id)]
        return await self._answer(question, branch, visitor, turn.options, saves)

    async def _admit(self, visitor: Visitor) -> None:
        """Count a message against the visitor's limits. Raises Refused."""
        self._generations.check(visitor.owner)
        await self._allowances.admit(visitor)

    async def tokens_left(self, visitor: Visitor) -> int | None:
        """Return how many tokens the visitor may still use today; None: no limit."""
        return await self._allowances.tokens_left(visitor)

    async def _files_of(self, turn: Turn, owner: str, store: History) -> tuple[str, ...]:
        """Return the ids of the turn's files, its inline text among them. Raises NotFound."""
        for id in turn.file_ids:
            await self._attachments.get(id, owner, store)
        if not turn.file_content.strip():
            return turn.file_ids
        inline = self._attachments.add_text(turn.file_content, INLINE_NAME, owner)
        self._recorder.later(inline.id, partial(store.add_attachment, owner, inline.document, id=inline.id))
        return (*turn.file_ids, inline.id)

    async def _answer(
        self,
        question: Message,
        branch: Sequence[Message],
        visitor: Visitor,
        options: Options,
        saves: Sequence[Work] = (),
        begun: Message | None = None,
    ) -> Generation:
        """Start the generation that answers `question` after `branch`; `begun` is the answer it continues."""
        attachments = await self._attachments_of((*branch, question), visitor.owner)
        model, demo = await self._model(options.model, any(not file.is_image for file in attachments))
        task = Task(
            visitor=visitor,
            question=question.text,
            history=[Spoken(message.role, message.text) for message in branch if message.text],
            attachments=attachments,
            options=_capped(options, self.settings),
            model=model,
            system_prompt=options.system_prompt or self.settings.prompt(),
            file_characters=options.file_characters or self._file_characters(),
            images=await self._images(attachments, model),
            partial=begun.text if begun else "",
            demo=demo,
            blind_models=self._blind_models,
        )
        generation_id = new_id()
        answer = Answer(
            task,
            generation_id=generation_id,
            conversation_id=question.conversation_id,
            message_id=begun.id if begun else new_id(),
        )
        await answer.prepare()
        generation = self._generations.start(
            answer.write(), owner=visitor.owner, id=generation_id, opening=[answer.opening()]
        )
        self._answers[generation] = answer
        opening: Work = partial(self._save_opening, question, answer, visitor.owner, begun)
        for save in (*saves, opening):
            self._recorder.later(question.conversation_id, save)
        return generation

    async def _attachments_of(self, branch: Sequence[Message], owner: str) -> Sequence[Attachment]:
        """Return the files sent along the branch; those that have expired are passed over."""
        store = self.store(branch[-1].conversation_id)
        found = []
        for id in dict.fromkeys(id for message in branch for id in message.attachment_ids):
            with contextlib.suppress(NotFound):
                found.append(await self._attachments.get(id, owner, store))
        return found

    async def _images(self, attachments: Sequence[Attachment], model: Model) -> Sequence[str]:
        if self.settings.vision == "false" or model.completions is None or model.name in self._blind_models:
            return ()
        pictures = [file for file in attachments if file.is_image][-IMAGES:]
        return [await self._attachments.data_url(file) for file in pictures]

    def _file_characters(self) -> int:
        embedded = self._endpoint is not None and not self.settings.has_endpoint
        return self.settings.file_context_characters or (5_000 if embedded else 20_000)

    async def _message(self, message_id: str, owner: str) -> Message:
        try:
            return await self.history.message(message_id, owner)
        except NotFound:
            return await self._temporary.message(message_id, owner)

    async def _branch_to(self, message: Message, owner: str) -> Sequence[Message]:
        """Return the branch from the root to `message`, which is on the shown branch."""
        branch = await self.branch(message.conversation_id, owner)
        return _cut(branch, message.id)

    # --- records: written beside the stream, in order for each conversation --------------------------------

    async def _save_question(self, question: Message, owner: str, is_first: bool) -> None:
        store = self.store(question.conversation_id)
        if is_first:
            await store.create_conversation(owner, id=question.conversation_id)
        await store.add_message(
            question.conversation_id,
            owner,
            "user",
            parent_id=question.parent_id,
            id=question.id,
            attachment_ids=question.attachment_ids,
            text=question.text,
            finish_reason="stop",
        )

    async def _save_opening(
        self, question: Message, answer: Answer, owner: str, begun: Message | None
    ) -> None:
        fields: MessageFields = {
            "generation_id": answer.generation_id,
            "model": answer.task.model.name,
            "receipt": answer.receipt.to_json(),
            "prompt": answer.sent_messages(),
            "finish_reason": None,
            "error": None,
        }
        store = self.store(answer.conversation_id)
        if begun:
            await store.update_message(begun.id, owner, **fields)
        else:
            await store.add_message(
                answer.conversation_id,
                owner,
                "assistant",
                parent_id=question.id,
                id=answer.message_id,
                **fields,
            )

    def _ended(self, generation: Generation) -> None:
        answer = self._answers.get(generation)
        if answer:
            save = partial(self._save_ending, generation, answer)
            self._recorder.later(answer.conversation_id, save)
            tokens = answer.count_tokens(generation.text + generation.reasoning)
            self._recorder.later(
                f"tokens {generation.id}", partial(self._allowances.spend, answer.task.visitor, tokens)
            )

    async def _save_ending(self, generation: Generation, answer: Answer) -> None:
        ending = orjson.loads(generation.events[-1].data)
        cited = generation.find("citations")
        fields: MessageFields = {
            "text": answer.task.partial + generation.text,
            "reasoning": generation.reasoning,
            "finish_reason": generation.finish_reason,
            "error": ending.get("error"),
            "receipt": answer.receipt.to_json(),
            "citations": orjson.loads(cited.data)["citations"] if cited else None,
            "usage": answer.usage,
            "timings": dict(answer.timings()),
            "prompt": answer.sent_messages(),
        }
        await self.store(answer.conversation_id).update_message(answer.message_id, generation.owner, **fields)

    async def _save_partial_answers(self) -> None:
        """Keep what is being written safe from a killed process, every few seconds."""
        saved: WeakKeyDictionary[Generation, int] = WeakKeyDictionary()
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            for generation, answer in list(self._answers.items()):
                if not generation.is_finished and saved.get(generation) != generation.last_id:
                    saved[generation] = generation.last_id
                    save = partial(self._save_partial, generation, answer)
                    self._recorder.later(answer.conversation_id, save)

    async def _save_partial(self, generation: Generation, answer: Answer) -> None:
        text = answer.task.partial + generation.text
        await self.store(answer.conversation_id).update_message(
            answer.message_id, generation.owner, text=text, reasoning=generation.reasoning
        )


def _cut(branch: Sequence[Message], last_id: str | None) -> Sequence[Message]:
    """Return the branch up to a message; None: all of it; empty: nothing. Raises NotFound."""
    if last_id is None or last_id == "":
        return branch if last_id is None else ()
    ids = [message.id for message in branch]
    if last_id not in ids:
        raise NotFound("There is no such message on this branch of the conversation.")
    return branch[: ids.index(last_id) + 1]


def _capped(options: Options, settings: Settings) -> Options:
    limit = settings.max_output_tokens
    if not limit:
        return options
    return dataclasses.replace(options, max_tokens=min(options.max_tokens or limit, limit))


def _limits(settings: Settings) -> Limits:
    return Limits(
        abandoned_after=settings.abandoned_after,
        retention=settings.generation_retention,
        max_running=settings.max_generations,
        max_running_per_owner=settings.max_generations_per_visitor,
        max_events=settings.max_generation_events,
        max_bytes=int(settings.max_generation_mb * 1_000_000),
    )
