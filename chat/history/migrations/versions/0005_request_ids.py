"""Which generation a request id has started, and facts of the database that all its processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("request_ids"):
        return
    op.create_table(
        "request_ids",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("generation_id", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_started", sa.Boolean(), nullable=False),
    )
    op.create_index("request_ids_by_age", "request_ids", ["created"])
    op.create_table(
        "facts",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
