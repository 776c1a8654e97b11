"""Run the migrations on the connection that chat.history.database passes in, in its transaction."""

from alembic import context

from chat.history.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
