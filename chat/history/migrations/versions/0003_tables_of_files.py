"""The tables of a file with typed columns stand beside its text. Files of before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("attachments")
    if "tables" not in {column["name"] for column in columns}:
        op.add_column("attachments", sa.Column("tables", sa.LargeBinary()))
