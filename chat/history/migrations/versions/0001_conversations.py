"""Conversations, messages, attachments.

A migration spells its tables out and does not import chat.history.schema, which changes later. It only adds:
while replicas are replaced one by one, those of the version before still write.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_conversations()
    _create_messages()
    _create_attachments()


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf_id", sa.Text()),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded_title", sa.Text(), nullable=False),
    )
    op.create_index("conversations_listed", "conversations", ["owner", "pinned", "updated", "id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column(
            "conversation_id",
            sa.Text(),
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("parent_id", sa.Text()),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("generation_id", sa.Text()),
        sa.Column("finish_reason", sa.Text()),
        sa.Column("liked", sa.Boolean()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        *(sa.Column(name, sa.JSON()) for name in ("error", "receipt", "citations", "usage", "timings")),
        sa.Column("prompt", sa.LargeBinary()),
    )
    op.create_index("messages_in_order", "messages", ["conversation_id", "position"])
    op.create_index("messages_of_parent", "messages", ["parent_id"])


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("search_index", sa.LargeBinary()),
        sa.Column("original", sa.LargeBinary()),
    )
    op.create_index("attachments_by_use", "attachments", ["used"])
    op.create_table(
        "sent_attachments",
        sa.Column(
            "message_id", sa.Text(), sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("attachment_id", sa.Text(), nullable=False),
    )
    op.create_index("sent_attachments_of", "sent_attachments", ["attachment_id"])
