"""The one interface of page and routes: start, follow, stop, attach, delete, close.

Combines stores, attachments, models, answers and generations, and owns every task that they start. Knows no
page, no HTTP and no file format. Data of another owner is NotFound, the same as data that does not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import anyio
import orjson

from chat.cluster.peers import Peers
from chat.cluster.request_ids import RequestIds
from chat.completions import Embeddings, Endpoint
from chat.errors import HistoryUnavailable, Interrupted, InvalidRequest, NotFound, Unreachable
from chat.extraction import ReaderLimits, Readers
from chat.extraction.ocr.installed import name_engines
from chat.fair_places import FairThreads
from chat.files.attachment import Attachment
from chat.files.attachments import Attachments
from chat.files.conversation_files import ConversationFile, ConversationFiles
from chat.files.page_views import PageViews
from chat.files.quote_boxes import QuoteBoxes
from chat.files.upload_inbox import DISK_LIMIT, UploadInbox
from chat.generations.events import error_event
from chat.generations.generation import Generation, GenerationLimits
from chat.generations.registry import Generations
from chat.history import LISTED_MAX, History, Message
from chat.history.answer_log import AnswerLog, AnswerRow
from chat.history.stores import TEMPORARY, Stores, cut_branch
from chat.ids import new_id
from chat.jobs.accounting import Accounting
from chat.jobs.background_tasks import BackgroundTasks
from chat.jobs.checkpoints import save_growing_answers
from chat.jobs.deletions import Deletions
from chat.jobs.endpoint_setup import find_embedding_endpoint
from chat.jobs.expiry import expire_files, expire_generations, expire_requests
from chat.jobs.passage_vectors import VectorMaker
from chat.jobs.place_leases import renew_places
from chat.limits.answer_places import SharedPlaces
from chat.limits.at_once import AtOnce
from chat.limits.auth import Auth
from chat.limits.passes import SECONDS as PASS_SECONDS
from chat.limits.passes import Passes
from chat.limits.quotas import Quotas
from chat.settings import Settings
from chat.shares import Limit, Shares
from chat.telemetry.loop_watch import LoopWatch
from chat.telemetry.metrics import Metrics
from chat.telemetry.traces import Traces
from chat.turns.answer import Answer
from chat.turns.computing import Computing
from chat.turns.context import AnswerTask, find_cited
from chat.turns.models import Models
from chat.turns.prompt import PromptMessage
from chat.turns.turn import Options, Turn
from chat.visitors import Visitor

if TYPE_CHECKING:
    from chat.cluster.mirrors import Mirror

RECORD_SECONDS = 1.0  # longest wait of a start for a history that replicas share
JOIN_SECONDS = 2.0  # between two attempts to join the other replicas
RETRY_TEMPERATURE = 0.7  # the demo model decodes greedily: a retry would repeat the answer
DEFAULTS = Options()
# Bytes in memory of answers, request bodies and files of temporary conversations together.
MEMORY_LIMIT = Limit(of_visitor=256_000_000, of_network=512_000_000, total=1_250_000_000)
# Bytes of request bodies in memory at the same time.
BODIES_LIMIT = Limit(of_visitor=64_000_000, of_network=128_000_000, total=512_000_000)


@dataclass(frozen=True)
class _Inquiry:
    """One question that is to be answered. branch: the messages before it, root first.

    owner: of the conversation; the visitor's, or empty for an anonymous conversation, whose id is its key.
    is_asked_now: the question is not stored yet. is_first: it begins its conversation. continued: the broken
    answer that grows. generation_id: chosen by the caller; empty: a new one.
    """

    question: Message
    branch: Sequence[Message]
    visitor: Visitor
    owner: str
    options: Options
    is_asked_now: bool = False
    is_first: bool = False
    wants_title: bool = False
    continued: Message | None = None
    generation_id: str = ""


class Engine:
    """Made with `Engine(settings)`; usable between `open` and `aclose`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._history_notice = ""
        self.models = Models(settings)
        self.access = Auth(settings)
        self._work = tempfile.TemporaryDirectory(prefix="xiaojia-")
        self.folder = Path(self._work.name)
        upload = settings.max_upload_bytes
        self.inbox = UploadInbox(self.folder / "inbox", DISK_LIMIT.at_least(2 * upload))
        self.memory = Shares("bytes in memory", MEMORY_LIMIT.at_least(4 * upload))
        self.bodies = Shares("bytes of requests", BODIES_LIMIT.at_least(2 * upload), self.memory)
        self.metrics = Metrics(lambda: self.running)
        self._loop_watch = LoopWatch()
        self.metrics.watch_loop(self._loop_watch.longest)
        self.readers = Readers(ReaderLimits.from_settings(settings), self.metrics.observes_waits("files"))
        self._drawers = Readers(ReaderLimits.of_pages(settings), self.metrics.observes_waits("pages"))
        self._ocr = Readers(ReaderLimits.of_ocr(settings)) if settings.ocr != "off" else None
        self.threads = FairThreads("work", on_wait=self.metrics.observes_waits("threads"))
        self.drawing = FairThreads("drawing", on_wait=self.metrics.observes_waits("drawing"))
        self._traces = Traces(settings.otlp_endpoint)
        self._stores = self._create_stores()
        self._answer_log = AnswerLog(self._stores)
        self._attachments = self._create_attachments()
        self.pages = PageViews(self._drawers, self._attachments)
        self._quote_boxes = QuoteBoxes(self.pages)
        self._files = ConversationFiles(self._stores, self._attachments)
        self._quotas = Quotas(settings)
        self._vectors = self._create_vectors()
        self.passes = Passes()
        self.at_once = AtOnce()
        self._generations = Generations(GenerationLimits.from_settings(settings), self._ended, self.memory)
        self._answers: WeakKeyDictionary[Generation, Answer] = WeakKeyDictionary()
        self._peers = Peers(settings.redis_url, self._generations, self._end_sealed)
        self._stores.announce = self._peers.announce_unwritten
        self._requests = RequestIds(self._peers.replica, self._stores)
        self._places: SharedPlaces | None = None
        self._watch_bytes()
        self._resuming: set[tuple[str, str]] = set()
        self._tasks = BackgroundTasks()
        self._deletions = Deletions(self._stores, self._attachments, self._tasks)
        self._accounting = self._create_accounting()

    def _create_stores(self) -> Stores:
        settings = self.settings
        return Stores(
            settings.database_url or f"sqlite:///{settings.data_folder() / 'history.sqlite3'}",
            is_shared=bool(settings.redis_url),
            on_wait=self.metrics.observes_waits("searches"),
            folder=settings.data_folder(),
        )

    def _create_accounting(self) -> Accounting:
        return Accounting(
            self._stores,
            self._answer_log,
            self._tasks,
            self._generations,
            self.metrics,
            self._traces,
            logs_prompts=self.settings.log_prompts,
        )

    def _create_attachments(self) -> Attachments:
        return Attachments(
            self.readers,
            self._drawers,
            self.folder / "files",
            self._stores,
            self.threads,
            self.metrics.observe_reading,
            is_shared=bool(self.settings.redis_url),
            ocr=self._ocr,
            ocr_pages=self.settings.ocr_pages,
            stored_bytes=int(self.settings.stored_files_mb * 1_000_000),
            memory=self.memory,
        )

    def _create_vectors(self) -> VectorMaker | None:
        endpoint = find_embedding_endpoint(self.settings)
        if endpoint is None:
            return None
        client = Embeddings(endpoint, self.settings.embedding_model)
        return VectorMaker(client, self._attachments.contents, self._quotas)

    def _watch_bytes(self) -> None:
        """Let the metrics read how many bytes each kind of thing holds."""
        self.metrics.watch_bytes(
            {
                "answers": lambda: self._generations.bytes,
                "uploads": lambda: self.inbox.shares.total,
                "bodies": lambda: self.bodies.total,
                "temporary": lambda: self._attachments.temporary.total,
                "cached": lambda: self._attachments.cached_characters,
                "pages": lambda: self.pages.cached_bytes,
            }
        )

    async def open(self) -> None:
        """Open history and the readers. A history that cannot be opened becomes a notice, not a failure."""
        self._history_notice = await self._stores.open()
        await self.readers.start()
        self._traces.open()
        if self.settings.redis_url and not await self._join():
            self._tasks.start(self._keep_joining())
        self._tasks.start(save_growing_answers(self._answer_log, self._answers))
        self._tasks.start(expire_files(self._stores, self._attachments, self.settings.file_retention))
        self._tasks.start(expire_generations(self._generations))
        if self.settings.redis_url:
            self._tasks.start(expire_requests(self._stores))
        self._tasks.start(self._loop_watch.run())
        self._tasks.start(self._deletions.keep())

    async def _join(self) -> bool:
        """Join the other replicas; False if their prefix is not known, because the database is away."""
        try:
            prefix = self.settings.redis_prefix or await self._stores.shared_name()
        except HistoryUnavailable:
            return False
        self._quotas.share(prefix)
        if self._quotas.shared:
            self._places = SharedPlaces(self._quotas.shared, self._generations.places)
            self._tasks.start(renew_places(self._places))
        await self._peers.open(prefix)
        await self._share_passes()
        return True

    async def _keep_joining(self) -> None:
        """Join as soon as the database tells its id."""
        has_joined = False
        while not has_joined:
            await asyncio.sleep(JOIN_SECONDS)
            has_joined = await self._join()

    def connect(self, endpoint: Endpoint) -> None:
        """Use an endpoint for completions from now on."""
        self.models.connect(endpoint)

    async def aclose(self) -> None:
        """End every generation with an event that its subscribers receive, then close all dependencies."""
        await self.end_generations()
        await self._peers.aclose()
        await self._tasks.aclose()
        if not self._peers.replica:  # else another one may still undo
            await self._deletions.purge(0)
        if self._vectors:
            await self._vectors.aclose()
        await self._quote_boxes.aclose()
        await self.pages.aclose()
        await self._attachments.aclose()
        await self.readers.aclose()
        await self._drawers.aclose()
        if self._ocr:
            await self._ocr.aclose()
        await self._stores.aclose()
        await self._quotas.aclose()
        await self.models.aclose()
        await self._traces.aclose()
        self.threads.close()
        self.drawing.close()
        self._work.cleanup()

    async def drain(self) -> None:
        """Refuse new answers, and wait up to SHUTDOWN_GRACE seconds for the running ones."""
        await self._generations.drain(self.settings.shutdown_grace)

    async def end_generations(self) -> None:
        """End every generation with an event that its subscribers receive, and refuse new ones."""
        await self._generations.aclose(error_event(Interrupted("The server was stopped. Continue goes on.")))

    @property
    def ocr_engines(self) -> str:
        """What reads scanned pages on this machine: engines with their languages, `none` or `off`."""
        return name_engines() if self._ocr else "off"

    @property
    def notice(self) -> str:
        """A sentence for the page, such as what to set when there is no model; empty: nothing to say."""
        history = "" if self._stores.keeps_nothing else self._history_notice
        return " ".join(filter(None, (self.models.notice, history)))

    @property
    def losses(self) -> list[str]:
        """Sentences that say why conversations will not outlive this process; empty: they will."""
        opening = self._history_notice if self._stores.keeps_nothing else ""
        return [sentence for sentence in (opening, self._stores.notice) if sentence]

    @property
    def history(self) -> History:
        """The kept conversations: list, search, rename, pin, export and import, each per owner."""
        return self._stores.kept

    @property
    def is_ready(self) -> bool:
        return not self._generations.is_closed

    @property
    def running(self) -> int:
        """Number of answers being written now."""
        return self._generations.running

    # --- generations ---------------------------------------------------------------------------------------

    async def start(self, turn: Turn, visitor: Visitor) -> Generation:
        """Start answering a turn, or return the generation that its request_id names. Raises ChatError."""
        return (await self.start_or_find(turn, visitor))[0]

    async def start_or_find(self, turn: Turn, visitor: Visitor) -> tuple[Generation, bool]:
        """Do as `start`, and tell whether the generation is new."""
        new: list[str] = []

        async def start(id: str) -> Generation:
            new.append(id)
            return await self._start(turn, visitor, id)

        if turn.request_id:
            find = partial(self.find, owner=visitor.owner)
            generation = await self._requests.once(visitor, turn.request_id, start, find)
        else:
            generation = await start(new_id())
        return await self._opened(generation), bool(new)

    async def find_request(self, request_id: str, visitor: Visitor) -> Generation | None:
        """Return the generation that a request_id has started in this process, while it is kept."""
        with contextlib.suppress(NotFound):
            return await self._requests.find(visitor, request_id, partial(self.find, owner=visitor.owner))
        return None

    async def retry(self, message_id: str, visitor: Visitor, options: Options = DEFAULTS) -> Generation:
        """Answer the same question again: a sibling of the answer `message_id`."""
        await self._admit(visitor)
        owner = visitor.owner
        message = await self._stores.message(message_id, owner)
        question, branch = await self._question_of(message, owner)
        if self.models.is_demo and options.temperature is None:
            options = dataclasses.replace(options, temperature=RETRY_TEMPERATURE)
        return await self._opened(await self._answer(_Inquiry(question, branch, visitor, owner, options)))

    async def resume_answer(
        self, message_id: str, visitor: Visitor, options: Options = DEFAULTS
    ) -> Generation:
        """Continue a broken or stopped answer from its partial text; the same message grows."""
        return await self._resume(message_id, visitor, visitor.owner, options)

    async def _resume(self, message_id: str, visitor: Visitor, owner: str, options: Options) -> Generation:
        key = (owner, message_id)
        if key in self._resuming:  # a second click: two answers would grow the same message
            raise InvalidRequest("This answer is still being written.")
        self._resuming.add(key)
        try:
            async with self._peers.continuing(message_id):
                return await self._opened(await self._resume_answer(message_id, visitor, owner, options))
        finally:
            self._resuming.discard(key)

    async def continue_generation(self, generation_id: str, visitor: Visitor) -> Generation:
        """Continue the answer that a generation broke off at, as `resume_answer` does. Raises NotFound."""
        generation = await self.find(generation_id, visitor.owner)
        opening = orjson.loads(generation.events[0].data)
        return await self._resume(opening["message_id"], visitor, generation.owner, DEFAULTS)

    async def find(self, generation_id: str, owner: str) -> Generation:
        """Return a generation of any replica, to follow. Raises NotFound, Unreachable."""
        try:
            return self._generations.get(generation_id, owner)
        except NotFound:
            return await self._peers.find(generation_id, owner)

    def conversation_of(self, generation: Generation) -> str:
        """Return the conversation that a generation belongs to."""
        return str(orjson.loads(generation.events[0].data)["conversation_id"])

    def reasoning_seconds(self, generation: Generation) -> float | None:
        """Return the seconds of reasoning before the answer; None where another replica wrote it."""
        answer = self._answers.get(generation)
        return answer.timings().get("reasoning") if answer else None

    def waiting(self, generation: Generation) -> tuple[float, str]:
        """Return for how many seconds the first token is awaited, and the fault after which the endpoint is
        asked again; nothing of an answer that another replica writes.
        """
        answer = self._answers.get(generation)
        return answer.waiting() if answer else (0.0, "")

    async def stop(self, generation_id: str, owner: str) -> Generation:
        """Stop a generation; return when its ending is logged. Idempotent. Raises NotFound, Unreachable."""
        generation = await self.find(generation_id, owner)
        await generation.stop()
        return generation

    # --- files ---------------------------------------------------------------------------------------------

    async def attach(
        self,
        path: Path,
        name: str,
        visitor: Visitor,
        password: str | None = None,
        *,
        is_temporary: bool = False,
    ) -> Attachment:
        """Read a file; return when its kind is known and its first text is there.

        Raises AttachmentError, and Refused past the visitor's limit.
        """
        with contextlib.ExitStack() as held:
            with self.metrics.counting_refusals():
                held.enter_context(self.at_once.files.held(visitor))
                await self._quotas.admit_file(visitor)
            attachment = await self._attachments.add(path, name, visitor, password, is_temporary=is_temporary)
            attachment.when_read(held.pop_all().close)
        if self._vectors:
            self._vectors.begin(attachment, visitor, least=self.models.file_characters)
        self.pages.prepare(attachment, 1)
        return attachment

    async def attachment(self, id: str, owner: str) -> Attachment:
        """Return an attached file. Raises NotFound."""
        return await self._attachments.get(id, owner)

    async def original(self, attachment: Attachment) -> Path:
        """Return the path of a file's bytes. Raises NotFound where only its text is kept."""
        return await self._attachments.contents.original(attachment)

    async def conversation_files(self, conversation_id: str, reader: str) -> Sequence[ConversationFile]:
        """Return the files of a conversation's shown branch, without expired ones. Raises NotFound."""
        owner, branch = await self._find_branch(conversation_id, reader)
        return await self._files.of_branch(conversation_id, branch, owner, reader)

    async def excluded_files(self, conversation_id: str, owner: str) -> frozenset[str]:
        """Return the ids of the files that later questions are asked without. Raises NotFound."""
        return await self._stores.excluded_files(conversation_id, owner)

    async def use_file(
        self, conversation_id: str, file_id: str, reader: str, *, is_excluded: bool
    ) -> Sequence[ConversationFile]:
        """Ask a conversation's later questions without a file, or with it again; return its files.

        Raises NotFound for a conversation or a file that is not the caller's.
        """
        owner, _ = await self._find_branch(conversation_id, reader)
        await self._attachments.get(file_id, reader)
        if is_excluded:
            await self._files.exclude(conversation_id, owner, file_id)
        else:
            await self._files.include(conversation_id, owner, (file_id,))
        return await self.conversation_files(conversation_id, reader)

    async def detach(self, id: str, owner: str) -> None:
        """Delete a file. Raises NotFound."""
        await self._attachments.delete(id, owner)

    async def issue_pass(self, owner: str) -> str:
        """Return a pass of this owner, which every replica reads."""
        await self._share_passes()
        return self.passes.issue(owner)

    async def _share_passes(self) -> None:
        self.passes.adopt(await self._peers.share("passes", self.passes.key, PASS_SECONDS))

    # --- conversations -------------------------------------------------------------------------------------

    def store(self, conversation_id: str) -> History:
        """Return the store of a conversation: the one in memory for a temporary one."""
        return self._stores.store(conversation_id)

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, with all queued writes done. Raises NotFound.

        An answer whose finish_reason is None is being written by its generation_id.
        """
        return await self._mark_interrupted(await self._stores.branch(conversation_id, owner), owner)

    async def settle(self, conversation_id: str) -> None:
        """Return when everything that is queued for a conversation is written, or has failed."""
        await self._stores.queue.settle(conversation_id)

    async def delete_conversation(self, conversation_id: str, owner: str) -> str:
        """Delete a conversation with its messages and files, and stop its running answers.

        Return the number of the deletion, with which `restore` can undo it for a while.
        """
        await self._stop_answers(conversation_id, owner)
        return await self._deletions.hide_conversation(conversation_id, owner)

    async def delete_everything(self, owner: str) -> tuple[str, int]:
        """Delete all conversations and files of an owner, likewise; return also how many conversations."""
        await asyncio.gather(*(one.stop() for one in list(self._answers) if one.owner == owner))
        if self._peers.replica:
            for conversation in await self.history.conversations(owner, limit=LISTED_MAX):
                await self._stop_elsewhere(conversation.id, owner)
        return await self._deletions.hide_everything(owner)

    async def restore(self, deletion: str, owner: str) -> None:
        """Undo a deletion, by its number. Raises NotFound where it is too late."""
        await self._deletions.restore(deletion, owner)

    async def tokens_left(self, visitor: Visitor) -> int | None:
        """Return how many tokens the visitor may still use today; None: no limit."""
        return await self._quotas.tokens_left(visitor)

    # --- inside --------------------------------------------------------------------------------------------

    async def _opened(self, generation: Generation) -> Generation:
        """Return a started generation once other replicas can find it and its question in the shared history.

        Cancelling this wait does not end the generation.
        """
        if self._peers.replica:
            with anyio.move_on_after(RECORD_SECONDS):
                await self._stores.queue.settle(self.conversation_of(generation))
        await self._peers.wait_until_open(generation)
        return generation

    async def _start(self, turn: Turn, visitor: Visitor, generation_id: str) -> Generation:
        if not turn.user_message.strip():
            raise InvalidRequest("The message is empty.", field="user_message")
        await self._admit(visitor)
        conversation_id = turn.conversation_id or (TEMPORARY if turn.is_temporary else "") + new_id()
        owner = visitor.owner
        branch: Sequence[Message] = ()
        is_first = not turn.conversation_id
        if not is_first:
            owner, branch = await self._find_branch(conversation_id, owner)
            branch = cut_branch(branch, turn.parent_id)
        files = await self._attachments.of_turn(
            turn.file_ids, turn.file_content, visitor, self.store(conversation_id)
        )
        if turn.file_ids and not is_first:  # a question that names a file is about it
            await self._files.include(conversation_id, owner, turn.file_ids)
        question = Message(
            id=new_id(),
            conversation_id=conversation_id,
            parent_id=branch[-1].id if branch else None,
            role="user",
            created=datetime.now(UTC),
            text=turn.user_message,
            attachment_ids=files,
        )
        inquiry = _Inquiry(
            question,
            branch,
            visitor,
            owner,
            turn.options,
            is_asked_now=True,
            is_first=is_first,
            wants_title=is_first and self._may_title(turn),
            generation_id=generation_id,
        )
        return await self._answer(inquiry)

    async def _find_branch(self, conversation_id: str, owner: str) -> tuple[str, Sequence[Message]]:
        """Return the owner and the branch of a conversation: the caller's own, or an anonymous one."""
        if not self._stores.holds(conversation_id):
            await self._peers.check_written(conversation_id)
        try:
            return owner, await self.branch(conversation_id, owner)
        except NotFound:
            with contextlib.suppress(NotFound):
                return "", await self.branch(conversation_id, "")
            raise

    async def _resume_answer(
        self, message_id: str, visitor: Visitor, owner: str, options: Options
    ) -> Generation:
        kept = await self._stores.message(message_id, owner)
        (message,) = await self._mark_interrupted([kept], owner)
        if message.finish_reason is None:
            raise InvalidRequest("This answer is still being written.")
        await self._admit(visitor)
        question, branch = await self._question_of(message, owner)
        return await self._answer(_Inquiry(question, branch, visitor, owner, options, continued=message))

    async def _mark_interrupted(self, messages: Sequence[Message], owner: str) -> Sequence[Message]:
        # An ended generation that is retained counts as running: the row may be older than its ending.
        return await self._peers.mark_interrupted(messages, self._generations.holds, owner)

    async def _stop_answers(self, conversation_id: str, owner: str) -> None:
        """Stop the running answers of a conversation, on any branch and replica."""
        for generation, answer in list(self._answers.items()):
            if answer.conversation_id == conversation_id and generation.owner == owner:
                await generation.stop()
        await self._stop_elsewhere(conversation_id, owner)

    async def _stop_elsewhere(self, conversation_id: str, owner: str) -> None:
        """Stop the running answers of other replicas in a conversation, on any branch."""
        if self._peers.replica:
            writers = await self.store(conversation_id).writers(conversation_id, owner)
            await asyncio.gather(*(self._stop_if_there(id, owner) for id in writers))

    async def _stop_if_there(self, generation_id: str, owner: str) -> None:
        with contextlib.suppress(NotFound, Unreachable):
            await self.stop(generation_id, owner)

    def _may_title(self, turn: Turn) -> bool:
        is_plain = not (turn.is_temporary or self.models.is_demo)
        return turn.wants_title and self.settings.titles == "model" and is_plain

    async def _admit(self, visitor: Visitor) -> None:
        """Count a message against the visitor's limits. Raises Refused or Stopping."""
        with self.metrics.counting_refusals():
            self._generations.check(visitor)
            self._stores.check_room()
            await self._quotas.admit(visitor)

    async def _answer(self, inquiry: _Inquiry) -> Generation:
        """Start the generation that answers a question. Raises ChatError before anything is started."""
        task = await self._make_task(inquiry)
        answer = Answer(
            task,
            generation_id=inquiry.generation_id or new_id(),
            conversation_id=inquiry.question.conversation_id,
            message_id=inquiry.continued.id if inquiry.continued else new_id(),
        )
        await answer.prepare()
        with self.metrics.counting_refusals():
            answer.meter.reservation = await self._quotas.reserve(inquiry.visitor, *await answer.estimate())
        try:
            await self._take_place(answer.generation_id, inquiry.visitor)
            return self._launch(inquiry, answer)
        except BaseException:
            self._give_place_back(answer.generation_id)
            await answer.meter.settle()
            raise

    async def _take_place(self, generation_id: str, visitor: Visitor) -> None:
        """Count an answer against the limits of all replicas. Raises Refused."""
        if self._places:
            with self.metrics.counting_refusals():
                await self._places.take(generation_id, visitor)

    def _give_place_back(self, generation_id: str) -> None:
        if self._places:
            self._tasks.start(self._places.give_back(generation_id))

    async def _make_task(self, inquiry: _Inquiry) -> AnswerTask:
        """Collect what the answer needs: files, pictures, the model, the conversation so far."""
        visitor, options, continued = inquiry.visitor, inquiry.options, inquiry.continued
        attachments, excluded = await self._choose_files(inquiry)
        await self._attachments.wait_for_scans(attachments)
        has_files = any(file.has_text for file in attachments)
        explained = inquiry.question.text if options.explains else ""
        model = await self.models.choose(options.model, has_files, explained=explained)
        images: Sequence[str] = ()
        if self.models.sees(model):
            images = await self._attachments.contents.pictures(attachments, scans=options.shows_scans)
        return AnswerTask(
            visitor=visitor,
            question=inquiry.question.text,
            history=[PromptMessage(one.role, one.text) for one in inquiry.branch if one.text],
            attachments=attachments,
            excluded=excluded,
            options=options.capped(self._quotas.longest_answer(visitor)),
            model=model,
            system_prompt=options.system_prompt or self.models.system_prompt,
            file_characters=options.file_characters or self.models.file_characters,
            is_exact_budget=bool(options.file_characters) or self.models.has_set_characters,
            images=images,
            begun=(continued.text, continued.reasoning) if continued else None,
            note_blind=self.models.note_blind,
            cited=find_cited(inquiry.branch),
            words=self.models.words,
            search_terms=(continued.receipt or {}).get("search_terms", "") if continued else "",
            query=((continued.receipt or {}).get("computation") or {}).get("sql", "") if continued else "",
            wants_title=inquiry.wants_title,
            computing=Computing(self._attachments.contents, attachments, visitor.caller)
            if has_files
            else None,
            measure=partial(self._vectors.measure, visitor=visitor) if self._vectors else None,
            add_boxes=self._quote_boxes.add,
        )

    async def _choose_files(self, inquiry: _Inquiry) -> tuple[Sequence[Attachment], Sequence[str]]:
        """Return the files that a question is asked with, and the names of those that are excluded."""
        branch, visitor = (*inquiry.branch, inquiry.question), inquiry.visitor
        if inquiry.is_first:  # not stored yet, and nothing can be excluded
            return await self._attachments.of_branch(branch, visitor.owner), ()
        conversation = inquiry.question.conversation_id
        files = await self._files.of_branch(conversation, branch, inquiry.owner, visitor.owner)
        used = [one.attachment for one in files if not one.is_excluded]
        return used, [one.attachment.name for one in files if one.is_excluded]

    def _launch(self, inquiry: _Inquiry, answer: Answer) -> Generation:
        """Start the generation, publish it to the other replicas, and queue its row in history."""
        owner = inquiry.owner
        generation = self._generations.start(
            answer.write(),
            owner=owner,
            visitor=inquiry.visitor,
            id=answer.generation_id,
            opening=[answer.opening()],
        )
        self._answers[generation] = answer
        self._peers.publish(generation, answer)
        if inquiry.is_asked_now:
            self._answer_log.begin(inquiry.question, answer.row(), owner, is_first=inquiry.is_first)
        else:
            self._answer_log.open(answer.row(), inquiry.question.id, owner)
        return generation

    async def _question_of(self, answer: Message, owner: str) -> tuple[Message, Sequence[Message]]:
        """Return the question of an answer on the shown branch, and the branch before it."""
        question = await self._stores.message(answer.parent_id or "", owner)
        branch = await self.branch(question.conversation_id, owner)
        return question, cut_branch(branch, question.id)[:-1]

    def _end_sealed(self, mirror: Mirror) -> None:
        about = mirror.about
        before = (about.text, about.reasoning)
        row = AnswerRow(about.message_id, about.conversation_id, mirror.id, before=before)
        self._answer_log.end_sealed(mirror, row, about.owner)

    def _ended(self, generation: Generation) -> None:
        self._give_place_back(generation.id)
        answer = self._answers.get(generation)
        if answer:
            self._accounting.close(generation, answer)
