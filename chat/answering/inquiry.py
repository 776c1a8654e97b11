"""One question that is to be answered, and what its answer is made of: files, pictures, the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chat.files.attachment import Attachment
from chat.files.attachments import Attachments
from chat.files.conversation_files import ConversationFiles
from chat.files.quote_boxes import QuoteBoxes
from chat.history import Message
from chat.jobs.passage_vectors import VectorMaker
from chat.limits.quotas import Quotas
from chat.turns.computing import Computing
from chat.turns.context import AnswerTask, find_cited
from chat.turns.models import Models
from chat.turns.prompt import PromptMessage
from chat.turns.turn import Options
from chat.visitors import Visitor


@dataclass(frozen=True)
class Inquiry:
    """branch: the messages before the question, root first.

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


@dataclass(frozen=True)
class AnswerSources:
    """What an answer is made of. vectors: None without an embedding model."""

    models: Models
    attachments: Attachments
    files: ConversationFiles
    quotas: Quotas
    quote_boxes: QuoteBoxes
    vectors: VectorMaker | None

    async def collect(self, inquiry: Inquiry) -> AnswerTask:
        """Collect what the answer needs: files, pictures, the model, the conversation so far."""
        visitor, options, continued = inquiry.visitor, inquiry.options, inquiry.continued
        attachments, excluded = await self._choose_files(inquiry)
        await self.attachments.wait_for_scans(attachments)
        has_files = any(file.has_text for file in attachments)
        explained = inquiry.question.text if options.explains else ""
        model = await self.models.choose(options.model, has_files, explained=explained)
        images: Sequence[str] = ()
        if self.models.sees(model):
            images = await self.attachments.contents.pictures(attachments, scans=options.shows_scans)
        return AnswerTask(
            visitor=visitor,
            question=inquiry.question.text,
            history=[PromptMessage(one.role, one.text) for one in inquiry.branch if one.text],
            attachments=attachments,
            excluded=excluded,
            options=options.capped(self.quotas.longest_answer(visitor)),
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
            computing=Computing(self.attachments.contents, attachments, visitor.caller)
            if has_files
            else None,
            measure=partial(self.vectors.measure, visitor=visitor) if self.vectors else None,
            add_boxes=self.quote_boxes.add,
        )

    async def _choose_files(self, inquiry: Inquiry) -> tuple[Sequence[Attachment], Sequence[str]]:
        """Return the files that a question is asked with, and the names of those that are excluded."""
        branch, visitor = (*inquiry.branch, inquiry.question), inquiry.visitor
        if inquiry.is_first:  # not stored yet, and nothing can be excluded
            return await self.attachments.of_branch(branch, visitor.owner), ()
        conversation = inquiry.question.conversation_id
        files = await self.files.of_branch(conversation, branch, inquiry.owner, visitor.owner)
        used = [one.attachment for one in files if not one.is_excluded]
        return used, [one.attachment.name for one in files if one.is_excluded]
