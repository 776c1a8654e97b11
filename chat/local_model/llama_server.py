"""The child process that runs llama.cpp: started by chat.local_model.process alone.

Reads one line of JSON on stdin (the job), answers one line on stdout (`address` or `error`), then serves
until stdin ends, which it does however the parent dies. The guarding key comes in the job, so that no list of
processes shows it. Knows no Hub, no settings and no user: it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

NICENESS = 10  # the page goes first: on two busy cores the event loop's 95th percentile fell from 6 to 2 ms
BATCH_TOKENS = 64  # Stop is noticed between batches: 1 s while a prompt is read; 4 s at 512, 13 s at 2,048
PING_SECONDS = 10  # a comment while a prompt is read, well below the time an idle upstream is given
HTTP_THREADS = 32  # a request that waits for a slot holds one


def main() -> None:
    """Serve the job on stdin until stdin ends, behind every other process."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        serve(sys.stdin, sys.stdout)
    finally:
        os._exit(0)  # at once, whatever is still being written


def serve(jobs: TextIO, replies: TextIO) -> None:
    """Take the job, reply with `address` or `error`, and serve until `jobs` ends."""
    server = None
    try:
        server = start_server(json.loads(jobs.readline()))
        reply = {"address": server.listening_address}
    except ImportError as error:
        reply = {"error": f"the package xllamacpp cannot be loaded ({error})"}
    except RuntimeError:
        reply = {"error": "llama.cpp cannot load it"}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
    if server:
        jobs.read()


def start_server(job: dict[str, Any]) -> Any:
    """Load the weights and listen on loopback. Raises ImportError, RuntimeError."""
    # Imported here, so that its absence is an answer and not a traceback.
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = job["path"]
    params.model_alias = {job["name"]}
    params.api_keys = [job["key"]]
    params.port = job["port"]
    params.n_parallel = job["slots"]
    params.n_ctx = (
        job["slots"] * job["context_tokens"]
    )  # each slot has its own part: no request evicts another
    params.n_predict = job["answer_tokens"]
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = job["threads"] or usable_cores()
    params.cpuparams_batch.n_threads = usable_cores()
    params.n_threads_http = HTTP_THREADS
    params.sse_ping_interval = PING_SECONDS
    params.cache_ram_mib = 0  # slots keep their own prompts; copies of old ones would take up to 8 GB
    params.ui = params.endpoint_slots = False
    params.verbosity = 0
    return xllamacpp.Server(params)


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return the cores that this process may use: in a container fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text().split()
        return max(1, min(cores, int(allowed) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return cores


if __name__ == "__main__":
    main()
