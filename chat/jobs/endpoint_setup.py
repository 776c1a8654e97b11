"""The source of completions: the owner's endpoint, a model server of this machine, or the embedded model.

Knows how neither of them answers. An embedded model is found without the network; one that must be fetched is
fetched beside a page that is open already, and a failure becomes the notice of `Models`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from functools import partial

from chat.completions import Endpoint
from chat.errors import ChatError
from chat.jobs import endpoint_discovery
from chat.local_model.process import LocalModel
from chat.local_model.weights import Weights, fetch_weights, find_weights
from chat.settings import DEFAULT_BASE_URL, Settings
from chat.turns.models import FoundServer, Models

log = logging.getLogger(__name__)

TITLE = "Xiaojia"  # headers are ASCII
DEFAULT_SITE_URL = "http://localhost:7860"
FETCHING = "The embedded model is being fetched; until it is there, only `quotes` answers."


def describe(settings: Settings) -> str:
    """Return the line that the start prints: which endpoint and models, never the key."""
    if settings.has_endpoint:
        models = ", ".join(settings.models) or "as the endpoint lists them"
        return f"Endpoint: {settings.base_url or DEFAULT_BASE_URL} (models: {models})"
    weights = find_weights(settings.local_model)
    if weights is None:
        return "Endpoint: none set; the embedded model will be fetched from the Hub"
    tiny = (
        ", a tiny demo model: set OPENAI_API_KEY or LOCAL_MODEL for a better one" if weights.is_demo else ""
    )
    return f"Endpoint: embedded {weights.name}{tiny}"


@contextlib.asynccontextmanager
async def connect(settings: Settings, models: Models) -> AsyncGenerator[None, None]:
    """Give `models` their endpoint, and end the embedded model afterwards."""
    if settings.has_endpoint:
        models.connect(_own_endpoint(settings))
        yield
        return
    models.expect()
    async with contextlib.AsyncExitStack() as stack:
        start = asyncio.create_task(_start(settings, models, stack))
        try:
            yield
        finally:
            start.cancel()
            await asyncio.wait([start])


def _own_endpoint(settings: Settings) -> Endpoint:
    return Endpoint(
        base_url=settings.base_url or DEFAULT_BASE_URL,
        api_key=settings.api_key or "none",  # an endpoint without keys ignores it; the client demands one
        models=settings.models,
        headers={"HTTP-Referer": settings.site_url or DEFAULT_SITE_URL, "X-Title": TITLE},
    )


async def _start(settings: Settings, models: Models, stack: contextlib.AsyncExitStack) -> None:
    """Use a model server of this machine, else the embedded model until there is one."""
    if not settings.finds_endpoint:
        return await _start_local_model(settings, models, stack)
    models.is_looking = True
    if not await _use_found(settings, models):
        await _start_local_model(settings, models, stack)
        while not await _use_found(settings, models):  # noqa: ASYNC110 - other programs set no event of ours
            await asyncio.sleep(endpoint_discovery.AGAIN_SECONDS)
    models.is_looking = False


async def _use_found(settings: Settings, models: Models) -> bool:
    found = await endpoint_discovery.find_endpoint(endpoint_discovery.MODEL_SERVERS, settings.port)
    if found is None:
        return False
    server, endpoint = found
    models.connect(endpoint)
    models.found = FoundServer(server.name, server.url)
    models.notice = ""
    log.info("%s was found at %s and answers from now on", server.name, server.url)
    return True


async def _start_local_model(settings: Settings, models: Models, stack: contextlib.AsyncExitStack) -> None:
    try:
        weights = await asyncio.to_thread(find_weights, settings.local_model)
        model = await LocalModel.start(weights or await _fetch(settings, models))
    except ChatError as error:
        models.give_up()
        models.notice = str(error)
        log.warning("%s", error)
        return
    stack.push_async_callback(model.aclose)
    models.connect(
        Endpoint(
            base_url=model.base_url,
            api_key=model.api_key,
            models=(model.name,),
            context_window=model.context_window,
            sampling=model.sampling,
            is_demo=model.is_demo,
        )
    )


async def _fetch(settings: Settings, models: Models) -> Weights:
    models.give_up()  # a download takes minutes
    models.notice = FETCHING
    weights = await _call_in_daemon(partial(fetch_weights, settings.local_model))
    models.notice = ""
    return weights


async def _call_in_daemon(work: Callable[[], Weights]) -> Weights:
    """Call it in a thread that the end of the process does not wait for: a download cannot be cancelled."""
    outcome: Future[Weights] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="fetching the model", daemon=True).start()
    return await asyncio.wrap_future(outcome)
