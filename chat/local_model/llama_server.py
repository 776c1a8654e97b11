"""The child process that runs llama.cpp. Only chat.local_model.process starts it.

It reads one line of JSON from stdin (the job), writes one line to stdout (`address` or `error`), and serves
until stdin ends, which happens however the parent dies. The API key is in the job, so that no process
listing shows it. Knows no Hub, no settings and no user: it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

NICENESS = 10  # the page has priority: on two busy cores the event loop's p95 delay fell from 6 to 2 ms
BATCH_TOKENS = 64  # Stop takes effect between batches: 1 s during a prompt; 4 s at 512, 13 s at 2,048
PING_SECONDS = 10  # between comments during a prompt; well below UPSTREAM_IDLE_TIMEOUT
HTTP_THREADS = 32  # a request that waits for a slot occupies one


def main() -> None:
    """Serve the job on stdin until stdin ends, with low priority."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        serve(sys.stdin, sys.stdout)
    finally:
        os._exit(0)  # at once, even during an answer


def serve(jobs: TextIO, replies: TextIO) -> None:
    """Read the job, reply with `address` or `error`, and serve until `jobs` ends."""
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
    # Imported here, so that a missing package is a reply and not a traceback.
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
    params.cache_ram_mib = 0  # slots cache their own prompts; copies of old prompts would take up to 8 GB
    params.ui = params.endpoint_slots = False
    params.verbosity = 0
    return xllamacpp.Server(params)


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return the number of cores that this process may use: a container may have fewer than the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text().split()
        return max(1, min(cores, int(allowed) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return cores


if __name__ == "__main__":
    main()
