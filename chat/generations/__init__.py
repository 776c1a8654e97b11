"""A completion in flight as an append-only log of events, with one writer and any number of subscribers.

    events              the events as values, and the text in them
    generation          one log, its writer and its subscribers
    registry            all generations of this process
    abandonment         the end of a generation without subscribers
    subscriber_timeout  how long one subscriber waits

Knows no HTTP, no page, no endpoint and no file.
"""
