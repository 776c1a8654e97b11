"""A completion in flight as an append-only log of events, with one writer and any number of subscribers.

    events       the events as values, and the text in them
    registry     a generation, and all generations of this process
    idle_timer   one timer for many idle subscribers

Knows no HTTP, no page, no endpoint and no file.
"""
