"""The source of completions: the owner's endpoint, a model server of this machine, or the embedded model.

Beside it the owner's endpoint for embeddings, where one is named. Knows how none of them answers. An embedded
model is found without the network; one that is on no disk is downloaded beside a page that is open already
(`Models.download`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from yarl import URL

from chat.completions import Endpoint
from chat.errors import ChatError
from chat.jobs import endpoint_discovery
from chat.local_model.process import LocalModel
from chat.local_model.weights import DEFAULT_BYTES, Weights, find_weights, hub_file_of
from chat.local_model.weights_download import WeightsDownload
from chat.settings import DEFAULT_BASE_URL, Settings
from chat.turns.models import FoundServer, Models

log = logging.getLogger(__name__)

TITLE = "Xiaojia"  # headers are ASCII
DEFAULT_SITE_URL = "http://localhost:7860"


def describe(settings: Settings) -> str:
    """Return the line that the start prints: which endpoint and models, never the key."""
    if settings.has_endpoint:
        models = ", ".join(settings.models) or "as the endpoint lists them"
        return f"Endpoint: {settings.base_url or DEFAULT_BASE_URL} (models: {models})"
    weights = find_weights(settings.local_model)
    if weights is None:
        return "Endpoint: none set; the embedded model will be downloaded from the Hub"
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


def find_embedding_endpoint(settings: Settings) -> Endpoint | None:
    """Return the endpoint for embeddings; None where no model for them is named.

    The key of the answers' endpoint is sent to no other host.
    """
    if not settings.embedding_model:
        return None
    own = _own_endpoint(settings)
    url = settings.embedding_base_url or own.base_url
    is_same = settings.has_endpoint and URL(url).origin() == URL(own.base_url).origin()
    key = settings.embedding_api_key or (own.api_key if is_same else "")
    return Endpoint(base_url=url, api_key=key or "none", headers=own.headers)


async def _start(settings: Settings, models: Models, stack: contextlib.AsyncExitStack) -> None:
    """Use a model server of this machine, else the embedded model until there is one."""
    models.is_looking = settings.finds_endpoint
    if settings.finds_endpoint and await _use_found(settings, models):
        models.is_looking = False
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_local_model(settings, models, stack))
        if settings.finds_endpoint:
            group.create_task(_look_for_server(settings, models))


async def _look_for_server(settings: Settings, models: Models) -> None:
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
    """Run what is on this machine. What is not, or is better, is downloaded, then used without a restart."""
    try:
        weights = await asyncio.to_thread(find_weights, settings.local_model)
    except ChatError as error:
        models.give_up()
        models.notice = str(error)
        return
    if weights:
        await _run(weights, models, stack)
    models.give_up()  # a download takes minutes
    if weights and not (weights.is_demo and settings.offers_download):
        return
    download = WeightsDownload(
        hub_file_of(settings.local_model), 0 if settings.local_model else DEFAULT_BYTES
    )
    stack.push_async_callback(download.aclose)
    models.download = download
    if weights is None:
        download.start()
    await _run(await download.wait(), models, stack)


async def _run(weights: Weights, models: Models, stack: contextlib.AsyncExitStack) -> None:
    """Start the embedded model and use it, unless a model server of this machine is used by then."""
    if models.found:
        return
    try:
        model = await LocalModel.start(weights)
    except ChatError as error:
        models.notice = str(error)
        log.warning("%s", error)
        return
    stack.push_async_callback(model.aclose)
    if models.found:
        return
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
