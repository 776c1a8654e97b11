"""Files of a conversation can be left out of its later questions. None is in conversations of before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("excluded_files"):
        return
    op.create_table(
        "excluded_files",
        sa.Column(
            "conversation_id",
            sa.Text(),
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("attachment_id", sa.Text(), primary_key=True),
    )
