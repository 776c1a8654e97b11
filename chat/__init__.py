"""小加 Xiaojia: a chat page with file questions, and the same answers over Server-Sent Events.

A generation is one completion in flight: an append-only log of events, written by one task and read by any
number of subscribers, any number of times, from any event id. The page (chat.ui) and the routes (chat.http)
are two of them.

Imports go one way: app -> ui, http -> engine -> turns, files -> history -> grounding, extraction, completions
-> documents, generations -> settings, errors. ARCHITECTURE.md has the drawing and the invariants.
"""

from chat import gradio_import

__version__ = "1.0.0"

gradio_import.install()
