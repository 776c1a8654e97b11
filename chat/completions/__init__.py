"""One OpenAI-compatible request -> its chunks, verbatim; whatever goes wrong -> errors of ours.

    request          Endpoint, Request: values
    client           Completions: asks, retries before the first token, lets go at once
    refused_options  a refusal -> the form in which the endpoint takes the request (model_memory: for an hour)
    upstream         an endpoint's addresses, headers and connections (base_url: as it was written)
    model_list       what an endpoint says of its models -> those that chat
    response         an open HTTP answer -> the chunks in it, up to its end or fault (patience: how long)
    payloads         the body as bytes -> its payloads: events, NDJSON, one JSON
    chunks           payloads -> chunks, each parsed once and kept verbatim (deltas, arrived_text, usage)
    tool_calls       the arguments of the function that a model calls
    reasoning        reasoning told from the answer where both are one text (reasoning_marks, harmony)
    continuation     going on with an answer that broke off
    embeddings       texts -> their vectors, where the owner names a model for them
    provider_errors  whatever goes wrong -> a ProviderError with our own sentence (error_bodies, fault_words)

Knows no generation, no history and no page. `upstream` alone knows the OpenAI client.
"""

from chat.completions.chunks import Chunk
from chat.completions.client import Completions, join_reply, join_text
from chat.completions.embeddings import Embedded, Embeddings
from chat.completions.model_memory import ModelMemory
from chat.completions.request import Endpoint, Request
from chat.completions.tool_calls import Reply, find_arguments

__all__ = [
    "Chunk",
    "Completions",
    "Embedded",
    "Embeddings",
    "Endpoint",
    "ModelMemory",
    "Reply",
    "Request",
    "find_arguments",
    "join_reply",
    "join_text",
]
