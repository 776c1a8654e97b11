"""Replicas: several processes that share their streams over Redis, each still the only writer of its own.

    wire      events, entries and messages <-> bytes; keys                (sans-IO)
    link      commands to Redis, a channel from it, and how long it has been away
    publisher this process's generations -> their Redis Streams, and pushed to who follows elsewhere
    mirrors   generations of other replicas as local logs, each with any number of local readers
    replica   this process among the others: its heart beats, what it is asked to do, the door to the above

A generation's log lies in memory as ever, and a copy of it in a Redis Stream, which whoever is asked for it
reads. Nothing here is imported without REDIS_URL. Knows no page, no route, no database.
"""
