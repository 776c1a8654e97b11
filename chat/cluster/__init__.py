"""Replicas: several processes that share their streams over Redis. Each stays the only writer of its own.

    wire           events, entries and messages <-> bytes; keys                (sans-IO)
    redis_channel  commands to Redis, a subscribed channel, and how long Redis has been away
    publisher      the generations of this process -> their Redis Streams, and pushes to followers
    mirrors        generations of other replicas as local logs, each with any number of local subscribers
    replica        this process among the others: heartbeats, commands of others, the interface to the above
    request_ids    idempotency keys of clients
    redis_rights   what this process may do in Redis, looked at before the start
    peers          the interface for the engine, with and without Redis

The log of a generation is in the memory of its writer; a Redis Stream holds a copy, which any other replica
reads. Without REDIS_URL only peers and request_ids are imported. Knows no page and no route.
"""
