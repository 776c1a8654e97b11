"""One OpenAI-compatible request -> its chunks, verbatim; whatever goes wrong -> errors of ours.

    request          Endpoint, Request: values
    client           Completions: asks, retries before the first token, lets go at once
    upstream         an endpoint's address, headers and connections
    response         an open HTTP answer -> the chunks in it, up to its end or its fault
    chunks           the event stream as bytes -> its chunks, each parsed once and kept verbatim
    reasoning        <think> told from the answer, also where the opening one is missing, never inside code
    continuation     going on with an answer that broke off
    provider_errors  whatever goes wrong -> a ProviderError with our own sentence

Knows no generation, no history and no page. `upstream` alone knows the OpenAI client.
"""

from chat.completions.chunks import Chunk
from chat.completions.client import Completions
from chat.completions.request import Endpoint, Request

__all__ = ["Chunk", "Completions", "Endpoint", "Request"]
