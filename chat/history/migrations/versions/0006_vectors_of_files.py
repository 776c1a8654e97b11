"""The vectors of a file's passages, in its row."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("attachments")
    if not any(column["name"] == "vectors" for column in columns):
        op.add_column("attachments", sa.Column("vectors", sa.LargeBinary()))
