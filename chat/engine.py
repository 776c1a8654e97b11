"""The one interface of page and routes: start, follow, stop, attach, delete, close.

Combines stores, attachments, models, answers and generations, and owns every task that they start. Knows no
page, no HTTP and no file format. Data of another owner is NotFound, the same as data that does not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from chat.answering.inquiry import AnswerSources
from chat.answering.shown_branches import ShownBranches
from chat.answering.starts import AnswerStarts, conversation_of
from chat.cluster.peers import Peers
from chat.cluster.request_ids import RequestIds
from chat.completions import Embeddings, Endpoint
from chat.errors import Interrupted, NotFound, Unreachable
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
from chat.history.stores import Stores
from chat.ids import new_id
from chat.jobs.accounting import Accounting
from chat.jobs.background_tasks import BackgroundTasks
from chat.jobs.checkpoints import save_growing_answers
from chat.jobs.deletions import Deletions
from chat.jobs.endpoint_setup import find_embedding_endpoint
from chat.jobs.expiry import expire_files, expire_generations, expire_requests
from chat.jobs.membership import Membership
from chat.jobs.passage_vectors import VectorMaker
from chat.limits.at_once import AtOnce
from chat.limits.auth import Auth
from chat.limits.passes import Passes
from chat.limits.quotas import Quotas
from chat.numbers.typed_table import TypedTable
from chat.settings import Settings
from chat.shares import Limit, Shares
from chat.telemetry.loop_watch import LoopWatch
from chat.telemetry.metrics import Metrics
from chat.telemetry.traces import Traces
from chat.turns.computing import Computing
from chat.turns.models import Models
from chat.turns.turn import Options, Turn
from chat.visitors import Visitor

if TYPE_CHECKING:
    from chat.cluster.mirrors import Mirror

DEFAULTS = Options()
# Bytes in memory of answers, request bodies and files of temporary conversations together.
MEMORY_LIMIT = Limit(of_visitor=256_000_000, of_network=512_000_000, total=1_250_000_000)
# Bytes of request bodies in memory at the same time.
BODIES_LIMIT = Limit(of_visitor=64_000_000, of_network=128_000_000, total=512_000_000)


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
        self._peers = Peers(settings.redis_url, self._generations, self._end_sealed)
        self._stores.announce = self._peers.announce_unwritten
        self._requests = RequestIds(self._peers.replica, self._stores)
        self._tasks = BackgroundTasks()
        self._membership = self._create_membership()
        self._branches = ShownBranches(self._stores, self._peers, self._generations)
        self._starts = self._create_starts()
        self._deletions = Deletions(self._stores, self._attachments, self._tasks)
        self._accounting = self._create_accounting()
        self._watch()

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

    def _create_membership(self) -> Membership:
        return Membership(
            self._peers,
            self._stores,
            self._generations,
            self._quotas,
            self.passes,
            self._tasks,
            prefix=self.settings.redis_prefix,
        )

    def _create_starts(self) -> AnswerStarts:
        return AnswerStarts(
            self.settings,
            self._stores,
            self._branches,
            AnswerSources(
                self.models, self._attachments, self._files, self._quotas, self._quote_boxes, self._vectors
            ),
            self._generations,
            self._peers,
            self._membership,
            self._answer_log,
            self.metrics,
        )

    def _create_vectors(self) -> VectorMaker | None:
        endpoint = find_embedding_endpoint(self.settings)
        if endpoint is None:
            return None
        client = Embeddings(endpoint, self.settings.embedding_model)
        return VectorMaker(client, self._attachments.contents, self._quotas)

    def _watch(self) -> None:
        """Let the metrics read how long the loop was held, and how many bytes each kind of thing holds."""
        self.metrics.watch_loop(self._loop_watch.longest)
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
        if self.settings.redis_url:
            await self._membership.open()
        self._tasks.start(save_growing_answers(self._answer_log, self._starts.answers))
        self._tasks.start(expire_files(self._stores, self._attachments, self.settings.file_retention))
        self._tasks.start(expire_generations(self._generations))
        if self.settings.redis_url:
            self._tasks.start(expire_requests(self._stores))
        self._tasks.start(self._loop_watch.run())
        self._tasks.start(self._deletions.keep())

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
            return await self._starts.start(turn, visitor, id)

        if turn.request_id:
            find = partial(self.find, owner=visitor.owner)
            generation = await self._requests.once(visitor, turn.request_id, start, find)
        else:
            generation = await start(new_id())
        return await self._starts.opened(generation), bool(new)

    async def find_request(self, request_id: str, visitor: Visitor) -> Generation | None:
        """Return the generation that a request_id has started in this process, while it is kept."""
        with contextlib.suppress(NotFound):
            return await self._requests.find(visitor, request_id, partial(self.find, owner=visitor.owner))
        return None

    async def retry(self, message_id: str, visitor: Visitor, options: Options = DEFAULTS) -> Generation:
        """Answer the same question again: a sibling of the answer `message_id`."""
        return await self._starts.retry(message_id, visitor, options)

    async def resume_answer(
        self, message_id: str, visitor: Visitor, options: Options = DEFAULTS
    ) -> Generation:
        """Continue a broken or stopped answer from its partial text; the same message grows."""
        return await self._starts.resume(message_id, visitor, visitor.owner, options)

    async def continue_generation(self, generation_id: str, visitor: Visitor) -> Generation:
        """Continue the answer that a generation broke off at, as `resume_answer` does. Raises NotFound."""
        generation = await self.find(generation_id, visitor.owner)
        opening = orjson.loads(generation.events[0].data)
        return await self._starts.resume(opening["message_id"], visitor, generation.owner, DEFAULTS)

    async def find(self, generation_id: str, owner: str) -> Generation:
        """Return a generation of any replica, to follow. Raises NotFound, Unreachable."""
        try:
            return self._generations.get(generation_id, owner)
        except NotFound:
            return await self._peers.find(generation_id, owner)

    def conversation_of(self, generation: Generation) -> str:
        """Return the conversation that a generation belongs to."""
        return conversation_of(generation)

    def model_of(self, generation: Generation) -> str:
        """Return the name of the model that answers."""
        return str(orjson.loads(generation.events[0].data)["model"])

    def reasoning_seconds(self, generation: Generation) -> float | None:
        """Return the seconds of reasoning before the answer; None where another replica wrote it."""
        answer = self._starts.answers.get(generation)
        return answer.timings().get("reasoning") if answer else None

    def waiting(self, generation: Generation) -> tuple[float, str]:
        """Return for how many seconds the first token is awaited, and the fault after which the endpoint is
        asked again; nothing of an answer that another replica writes.
        """
        answer = self._starts.answers.get(generation)
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

    async def sheets(self, attachment: Attachment, visitor: Visitor) -> Sequence[TypedTable]:
        """Return the tables of a file that is nothing but tables, as a spreadsheet is."""
        return await Computing(self._attachments.contents, [attachment], visitor.caller).sheets()

    async def conversation_files(self, conversation_id: str, reader: str) -> Sequence[ConversationFile]:
        """Return the files of a conversation's shown branch, without expired ones. Raises NotFound."""
        owner, branch = await self._branches.find(conversation_id, reader)
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
        owner, _ = await self._branches.find(conversation_id, reader)
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
        await self._membership.share_passes()
        return self.passes.issue(owner)

    # --- conversations -------------------------------------------------------------------------------------

    def store(self, conversation_id: str) -> History:
        """Return the store of a conversation: the one in memory for a temporary one."""
        return self._stores.store(conversation_id)

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, with all queued writes done. Raises NotFound.

        An answer whose finish_reason is None is being written by its generation_id.
        """
        return await self._branches.of(conversation_id, owner)

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
        await asyncio.gather(*(one.stop() for one in list(self._starts.answers) if one.owner == owner))
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

    async def _stop_answers(self, conversation_id: str, owner: str) -> None:
        """Stop the running answers of a conversation, on any branch and replica."""
        for generation, answer in list(self._starts.answers.items()):
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

    def _end_sealed(self, mirror: Mirror) -> None:
        about = mirror.about
        before = (about.text, about.reasoning)
        row = AnswerRow(about.message_id, about.conversation_id, mirror.id, before=before)
        self._answer_log.end_sealed(mirror, row, about.owner)

    def _ended(self, generation: Generation) -> None:
        self._membership.give_place_back(generation.id)
        answer = self._starts.answers.get(generation)
        if answer:
            self._accounting.close(generation, answer)
