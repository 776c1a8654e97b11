"""The models that answer: the names in the picker, the default among them, and what is known of each.

Knows one endpoint (the owner's, or the embedded model) and `quotes`, which needs none. Knows no message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from chat.completions import Completions, Endpoint, ModelMemory
from chat.errors import InvalidRequest, NoChatModel, NoModel, ProviderError
from chat.local_model.weights_download import WeightsDownload
from chat.settings import Settings
from chat.turns.connecting import NO_MODEL, NOT_IN_CHINESE, language_of
from chat.turns.search_words import WordWriter

log = logging.getLogger(__name__)

QUOTES = "quotes"
ADDRESS = frozenset({"model_not_found", "not_a_stream", "moved", "bad_base_url"})
DEFAULT_WINDOW_TOKENS = 32_768
ASKED_SECONDS = 60.0  # until the endpoint is asked again which models it has
STARTING_SECONDS, LISTING_SECONDS = 20.0, 3.0  # that a message, and a page, wait for the embedded model
# As it was trained, but for the name: with Chinese characters in the prompt it took itself for a teacher of
# mathematics or of French.
DEMO_PROMPT = "You are a helpful AI assistant named Xiaojia."
DEMO_WINDOW_SHARE = 0.5  # its tokens are short: 1.6 for a Chinese character, where we count one
FILE_CHARACTERS, EMBEDDED_FILE_CHARACTERS = 20_000, 5_000


@dataclass(frozen=True)
class Model:
    """A name in the picker and the endpoint's client; None: `quotes`. window: the context window, tokens.

    missing: why a model could not be asked (chat.turns.connecting), where that is part of the answer.
    """

    name: str
    completions: Completions | None
    window: int = DEFAULT_WINDOW_TOKENS
    is_demo: bool = False
    missing: str = ""


@dataclass(frozen=True)
class FoundServer:
    """A model server that was found on this machine: its program and its address."""

    name: str
    url: str


class Models:
    """The owner's endpoint, once there is one, and its models."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint: Endpoint | None = None
        self._completions: Completions | None = None
        self._listed: tuple[str, ...] = ()
        self._lists_no_chat = False
        self._failure = ""  # the type of the last fault of the list
        self._is_away = False
        self._asked = float("-inf")
        self._listing: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()  # no embedded model is on its way
        self._settled.set()
        self.found: FoundServer | None = None  # where the endpoint was not configured, but found
        self.is_looking = False  # a model server of this machine may come
        self.download: WeightsDownload | None = None  # of a model that is not, or not yet, on this machine
        self._retired: list[Completions] = []  # of endpoints used before: their answers may still grow
        self.notice = ""  # a sentence for the page while there is no endpoint
        self._blind: ModelMemory[bool] = ModelMemory()  # models that take no pictures
        self.words = WordWriter()

    def expect(self) -> None:
        """Block callers until the embedded model has started."""
        self._settled.clear()

    def give_up(self) -> None:
        """Release blocked callers: there is no embedded model, or not soon."""
        self._settled.set()

    def connect(self, endpoint: Endpoint) -> None:
        """Use an endpoint from now on."""
        self._settled.set()
        if self._completions:
            self._retired.append(self._completions)
        self._endpoint = endpoint
        self._completions = Completions(
            endpoint,
            first_token_timeout=self._settings.first_token_timeout,
            idle_timeout=self._settings.upstream_idle_timeout,
        )
        self._listed = endpoint.models
        if not endpoint.models:  # asked now, so that no first message waits for the answer
            self._listing = asyncio.create_task(self._list())

    @property
    def is_connected(self) -> bool:
        """Is there an endpoint, so that not only `quotes` answers?"""
        return self._completions is not None

    @property
    def is_away(self) -> bool:
        """Is there no list of models since the endpoint cannot be reached now?"""
        return self._is_away and not self._listed

    @property
    def is_demo(self) -> bool:
        """Is the tiny embedded model all there is?"""
        return bool(self._endpoint and self._endpoint.is_demo)

    @property
    def window(self) -> int:
        """The context window in tokens."""
        known = self._endpoint.context_window if self._endpoint else 0
        known = int(known * (DEMO_WINDOW_SHARE if self.is_demo else 1))
        return self._settings.context_window or known or DEFAULT_WINDOW_TOKENS

    @property
    def system_prompt(self) -> str:
        """The system prompt. The tiny demo model answers better in few words, and in English."""
        return DEMO_PROMPT if self.is_demo and not self._settings.system_prompt else self._settings.prompt()

    @property
    def has_set_characters(self) -> bool:
        """Does the owner say how much of the files is sent?"""
        return bool(self._settings.file_context_characters)

    @property
    def file_characters(self) -> int:
        """How many characters of files are sent with a question."""
        is_embedded = self._endpoint is not None and not self._settings.has_endpoint
        default = EMBEDDED_FILE_CHARACTERS if is_embedded else FILE_CHARACTERS
        return self._settings.file_context_characters or default

    async def names(self) -> Sequence[str]:
        """Return the names for the picker, the default first; `quotes` is always among them."""
        await self._wait(LISTING_SECONDS)
        return (*await self._endpoint_names(), QUOTES)

    async def choose(self, name: str, has_files: bool, *, explained: str = "") -> Model:
        """Return the model that answers. Raises InvalidRequest, NoModel, NoChatModel.

        name: as the visitor chose, or empty. explained: the question, where an answer may be how to connect a
        model; else a missing model is an error.
        """
        if name != QUOTES:
            await self._wait(STARTING_SECONDS)
        if name == QUOTES or (not name and self._completions is None):
            return _choose_quotes(has_files or bool(explained))
        self._check(name)
        # A name is not looked up: the first frame must not wait for an endpoint's list of models.
        model = Model(name or await self._default_name(), self._completions, self.window, self.is_demo)
        if self.is_demo and has_files and not name:
            return Model(QUOTES, None)
        is_chinese = self.is_demo and language_of(explained) == "zh"
        return Model(QUOTES, None, missing=NOT_IN_CHINESE) if is_chinese else model

    def sees(self, model: Model) -> bool:
        """Tell whether pictures are worth sending to a model."""
        return (
            self._settings.vision != "false"
            and model.completions is not None
            and not self._blind.get(model.name, False)
        )

    def note_blind(self, name: str) -> None:
        """Send a model no pictures for an hour: its endpoint says that it takes none."""
        self._blind[name] = True

    async def aclose(self) -> None:
        if self._listing:
            self._listing.cancel()
            await asyncio.wait([self._listing])
        for completions in filter(None, (self._completions, *self._retired)):
            await completions.aclose()

    async def _wait(self, seconds: float) -> None:
        if not self._settled.is_set():
            with anyio.move_on_after(seconds):
                await self._settled.wait()

    async def _endpoint_names(self) -> tuple[str, ...]:
        """Return the names as last listed, which are asked for anew beside; waits only for the first list."""
        if self._listing is None:
            return self._listed
        is_stale = asyncio.get_running_loop().time() - self._asked > ASKED_SECONDS or not self._listed
        if self._listing.done() and is_stale:
            self._listing = asyncio.create_task(self._list())
        if self._asked < 0:
            await asyncio.wait([self._listing])
        return self._listed

    async def _list(self) -> None:
        assert self._completions
        try:
            models = await self._completions.models()
        except ProviderError as error:
            self._is_away = error.retryable
            self._note_failure(error)
        else:
            self._is_away, self._failure = False, ""
            self._listed = tuple(model.name for model in models if model.can_chat)
            self._lists_no_chat = not self._listed
            if self._lists_no_chat:
                log.warning("the endpoint lists %d models and none that chats: set OPENAI_MODEL", len(models))
        self._asked = asyncio.get_running_loop().time()

    def _note_failure(self, error: ProviderError) -> None:
        """Log why there is no list, once for each cause, and what to write where the address looks wrong."""
        if error.type == self._failure:
            return
        self._failure = error.type
        hint = (
            " Write the address up to /v1, or the names into OPENAI_MODEL." if error.type in ADDRESS else ""
        )
        log.warning("no list of models (OPENAI_BASE_URL): %s%s", error, hint)

    def _check(self, name: str) -> None:
        """Raise InvalidRequest for a name that is not in a list that is known to be whole."""
        has_list = self._completions is None or bool(self._endpoint and self._endpoint.models)
        if name and has_list and name not in self._listed:
            raise InvalidRequest(f"There is no model named {name[:100]}.", field="model", model=name[:100])

    async def _default_name(self) -> str:
        """Return the first model that chats; empty where there is no list: some servers have one model."""
        names = await self._endpoint_names()
        if not names and self._lists_no_chat:
            raise NoChatModel(
                "The model's endpoint lists no model that chats: one must be set (OPENAI_MODEL)."
            )
        return names[0] if names else ""


def _choose_quotes(has_files: bool) -> Model:
    if not has_files:
        raise NoModel("There is no language model (yet), and quotes answers about files: attach one.")
    return Model(QUOTES, None, missing=NO_MODEL)
