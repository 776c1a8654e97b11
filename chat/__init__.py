"""小加 Xiaojia: a chat page with file questions, and the same answers over Server-Sent Events.

A generation is one completion in flight: an append-only log of events, written by one task and read by
anyone, any number of times, from any event id. The page (chat.ui) and the
routes (chat.http) are two readers.

Arrows point one way: app -> ui, api -> engine -> context, extraction, completions, generations, history
-> documents, settings, errors. ARCHITECTURE.md has the drawing and the invariants.
"""
