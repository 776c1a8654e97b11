"""Attacks on identity and limits: what a hostile caller gets over the routes and the page.

    python -m tests.benchmarks.attacks_identity [folder of another version of the project]

Starts `app.py` of that folder over a scripted endpoint whose every answer costs 500 tokens. Each attack is a
row of SECURITY.md; its outcome is one line. tests.benchmarks.hostile prints the same table beside its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks import attacks_wire
from tests.provider import Call, Provider, chunk, closed_port

COST = 500
ROOT = Path(__file__).resolve().parents[2]
START_TRIES, TRY_SECONDS = 3_000, 0.1  # of a machine that is busy with other things
EVIL = "https://evil.example"
VICTIM, OTHER = "198.51.100.7", "203.0.113.9"
Rows = list[tuple[str, str]]


async def cost_much(call: Call) -> None:
    await call.text("An answer.")
    await call.chunk(finish_reason="stop")
    await call.data({**chunk(model=call.model), "choices": [], "usage": {"total_tokens": COST}})
    await call.send(b"data: [DONE]\n\n")
    await call.end()


async def refuse_high_temperatures(call: Call) -> None:
    if call.body.get("temperature", 0) > 1:
        return await call.reply(400, {"error": {"message": "temperature must be at most 1"}})
    await cost_much(call)


@contextlib.asynccontextmanager
async def served(tree: Path, provider: Provider, **environ: str) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Start a version of the app with these settings, and end it afterwards."""
    port = closed_port()
    with tempfile.TemporaryDirectory() as data:
        given = {
            "PATH": os.environ["PATH"], "DATA_DIR": data, "TMPDIR": data, "GRADIO_SERVER_PORT": str(port),
            "OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-owner",
            "OPENAI_MODEL": "plain,costly,held,picky", "TITLES": "words", **environ,
        }  # fmt: skip
        log = await asyncio.to_thread(open, f"{data}/log", "wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "app.py", cwd=tree, env=given, stdout=log, stderr=log
        )
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", timeout=120, limits=httpx.Limits(max_connections=None)
            ) as client:
                await wait_until_ready(client)
                yield client
        finally:
            process.kill()
            await process.wait()
            log.close()


async def wait_until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(START_TRIES):
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/readyz")).status_code == 200:
                return
        await asyncio.sleep(TRY_SECONDS)
    raise TimeoutError("the app did not start")


def headers_of(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def ask(client: httpx.AsyncClient, model: str = "costly", **headers: str) -> int:
    body = {"user_message": "Hi", "model": model}
    return (await client.post("/ai/stream_chat", json=body, headers=headers_of(**headers))).status_code


async def start(client: httpx.AsyncClient, request_id: str = "", model: str = "plain", **headers: str) -> Any:
    """Return the body of a start: its generation, or its error."""
    body = {"user_message": "my diary", "model": model, "request_id": request_id}
    return (await client.post("/ai/generations", json=body, headers=headers_of(**headers))).json()


def count(statuses: Sequence[int]) -> str:
    return ", ".join(f"{many} x {status}" for status, many in sorted(Counter(statuses).items()))


# --- identity ----------------------------------------------------------------------------------------------


async def find_by_guesses(tree: Path, provider: Provider) -> Rows:
    """Guess the request id of an anonymous caller under every name that once was its key."""
    async with served(tree, provider) as client:
        mine = (await start(client, "1", x_forwarded_for=VICTIM))["generation_id"]
        long_id = "a random id of 26 letters."
        other = (await start(client, long_id, x_forwarded_for=VICTIM))["generation_id"]
        names = ("", f"at {VICTIM}", VICTIM, f"Network(block='{VICTIM}')", "Anonymous", "user:anna")
        found = 0
        for name in names:
            for id, generation in (("1", mine), (long_id, other)):
                got = await start(client, id, x_visitor=name, x_forwarded_for=OTHER)
                found += got.get("generation_id") == generation
        taken = [await start(client, "claimed early, 22 letters", x_visitor=name) for name in names[1:]]
        late = await start(client, "claimed early, 22 letters", x_forwarded_for=VICTIM)
        is_mine = "generation_id" in late and late["generation_id"] not in [
            one.get("generation_id") for one in taken
        ]
    return [
        ("anonymous answers found by guessed ids and names", f"{found} of {2 * len(names)}"),
        ("an id that others claimed first", "the victim gets an answer of its own" if is_mine else str(late)),
    ]


# --- spending ----------------------------------------------------------------------------------------------


async def spend(tree: Path, provider: Provider) -> Rows:
    limits = {"DAILY_TOKENS_PER_VISITOR": str(COST), "MAX_GENERATIONS_PER_VISITOR": "100"}
    rows: Rows = []
    plans: list[tuple[str, Callable[[int], dict[str, str]], int]] = [
        ("8 requests of one visitor at once", lambda n: {"x_visitor": "one visitor's own name"}, 8),
        ("25 names of one address, 8 each", lambda n: {"x_visitor": f"the name number {n % 25:04}"}, 200),
        (
            "200 addresses of one IPv6 network, a name each",
            lambda n: {"x_visitor": f"the name number {n:04}", "x_forwarded_for": f"2001:db8::{n:x}"},
            200,
        ),
        (
            "IPv4 and the same mapped into IPv6",
            lambda n: {
                "x_visitor": f"the name number {n:04}",
                "x_forwarded_for": ("192.0.2.1", "::ffff:192.0.2.1")[n % 2],
            },
            20,
        ),
    ]
    for name, headers, requests in plans:
        async with served(tree, provider, **limits) as client:
            before = len(provider.chats)
            statuses = await asyncio.gather(*(ask(client, **headers(n)) for n in range(requests)))
            spent = (len(provider.chats) - before) * COST
            rows.append((f"{name}; {COST} tokens a day", f"{spent:,} spent ({count(statuses)})"))
    return rows


async def take_places(tree: Path, provider: Provider) -> Rows:
    """Hold answers with new names; then ask as a visitor of another address."""
    async with served(tree, provider, MAX_GENERATIONS="100") as client:
        starts = [start(client, model="held", x_visitor=f"the name number {n:04}", x_forwarded_for=VICTIM)
                  for n in range(200)]  # fmt: skip
        held = sum("generation_id" in one for one in await asyncio.gather(*starts))
        other = await ask(client, "plain", x_visitor="an honest visitor's name", x_forwarded_for=OTHER)
    return [
        ("100 places, 200 answers of one address that never end", f"{held} held, another visitor: {other}")
    ]


async def temper(tree: Path, provider: Provider) -> Rows:
    """Ask over the page for a temperature that the model refuses; then ask as another visitor."""
    from tests.page_protocol import join

    async with served(tree, provider) as client:
        config = (await client.get("/config")).json()
        event = next(item["id"] for item in config["dependencies"] if item["api_name"] == "send")
        for owner, temperature in (("attacker-0123456789-0123", 2), ("honest-0123456789-01234", 0.5)):
            visit = {"owner": owner, "options": {"model": "picky", "temperature": temperature}}
            await join(client, event, [visit, {"text": "Hi", "files": []}], owner, owner)
            await provider.wait_for_requests(len(provider.chats))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while not any(call.body.get("temperature") == 0.5 for call in provider.chats):
                    await asyncio.sleep(TRY_SECONDS)
        kept = any(call.body.get("temperature") == 0.5 for call in provider.chats)
    return [("another visitor's temperature after one that was refused", "sent" if kept else "left out")]


# --- other sites, log-ins, logs ----------------------------------------------------------------------------


async def call_from_elsewhere(tree: Path, provider: Provider) -> Rows:
    async with served(tree, provider) as client:
        params = {"user_message": "Hi", "model": "plain"}

        async def get(path: str, **headers: str) -> str:
            asked = params if path.startswith("/ai") else {}
            return str((await client.get(path, params=asked, headers=headers_of(**headers))).status_code)

        port = client.base_url.port
        origins = (EVIL, "null", "http://localhost.evil.example", f"http://127.0.0.1.evil.example:{port}",
                   f"{EVIL}:{port}", "http://localhost@evil.example")  # fmt: skip
        posts = [await ask(client, origin=origin) for origin in origins]
        event = await client.post("/gradio_api/queue/join", json={}, headers={"origin": EVIL})
        stop = await client.delete("/ai/generations/x", headers={"origin": EVIL})
        hosts = ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]")
        return [
            ("POST from 6 foreign origins", count(posts)),
            ("event of the page, DELETE, from another site", f"{event.status_code}, {stop.status_code}"),
            ("<img> of another site", await get("/ai/stream_chat", sec_fetch_site="cross-site")),
            (
                "<img> of another port of this machine",
                await get("/ai/stream_chat", sec_fetch_site="same-site"),
            ),
            ("page under 4 rebound names", ", ".join([await get("/", host=host) for host in hosts])),
            (
                "the own page, a program",
                f"{await ask(client, origin=str(client.base_url))}, {await ask(client)}",
            ),
        ]


async def guess_passwords(tree: Path, provider: Provider) -> Rows:
    async with served(tree, provider, PASSWORD="right") as client:
        held = await guess_with_bodies_held_back(client, 300)
    async with served(tree, provider, PASSWORD="right") as client:
        bearers = [client.get("/ai/example", headers={"authorization": f"Bearer {n}"}) for n in range(300)]
        statuses = [one.status_code for one in await asyncio.gather(*bearers)]
    return [
        ("300 guesses over the form, bodies held back", f"{held} evaluated"),
        ("300 guesses in a header at once", count(statuses)),
    ]


async def guess_with_bodies_held_back(client: httpx.AsyncClient, guesses: int) -> int:
    body = b"username=x&password=wrong"
    head = (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    ).encode()
    links = [await asyncio.open_connection("127.0.0.1", client.base_url.port) for _ in range(guesses)]
    for _, writer in links:
        writer.write(head + body[:-1])
    await asyncio.sleep(1)  # until the server has the heads: the attacker's own pause
    for _, writer in links:
        writer.write(body[-1:])
    answers = [await reader.readline() for reader, _ in links]
    for _, writer in links:
        writer.close()
    return sum(b" 400 " in line for line in answers)


# --- work at once ------------------------------------------------------------------------------------------


async def join_often(tree: Path, provider: Provider) -> Rows:
    """Join Gradio's queue under a new session each time; then open a page as another visitor."""
    async with served(tree, provider) as client:
        config = (await client.get("/config")).json()
        event = next(item["id"] for item in config["dependencies"] if item["api_name"] == "follow")

        async def join(number: int, address: str) -> int:
            body = {"fn_index": event, "session_hash": f"s{number}", "data": [{}]}
            headers = {"x-forwarded-for": address}
            return (await client.post("/gradio_api/queue/join", json=body, headers=headers)).status_code

        statuses = []
        for first in range(0, 2_500, 100):
            statuses += await asyncio.gather(*(join(n, VICTIM) for n in range(first, first + 100)))
        other = await join(9_999, OTHER)
    return [("2,500 joins of one address that reads none", f"{count(statuses)}; another visitor: {other}")]


async def upload_halves(tree: Path, provider: Provider) -> Rows:
    """Begin 400 uploads of one address and hold each back; then upload as another visitor."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    async with served(tree, provider) as client:
        links = [await asyncio.open_connection("127.0.0.1", client.base_url.port) for _ in range(400)]
        for number, (_, writer) in enumerate(links):
            writer.write(
                f"POST /ai/files HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Visitor: the name number {number:04}\r\n"
                f"X-Forwarded-For: {VICTIM}\r\nContent-Length: 1000000\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
                + head
            )
        refused = sum([await is_refused(reader) for reader, _ in links])
        files = {"file": ("mine.txt", b"Mine.")}
        other = await client.post("/ai/files", files=files, headers={"x-forwarded-for": OTHER})
        for _, writer in links:
            writer.close()
    return [("400 half uploads of one address", f"{refused} refused; another visitor: {other.status_code}")]


async def is_refused(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(TimeoutError):
        return b" 429 " in await asyncio.wait_for(reader.readline(), 0.05)
    return False


async def forge(tree: Path, provider: Provider) -> Rows:
    """Forge addresses, ids and heads, below what a browser sends."""
    async with served(tree, provider, RATE_LIMIT="1/hour") as client:
        rows = await attacks_wire.forge_addresses(client, VICTIM)
    async with served(tree, provider) as client:
        return [*rows, *await attacks_wire.send_odd_ids(client), *await attacks_wire.pour_a_head(client)]


ATTACKS: Sequence[Callable[[Path, Provider], Awaitable[Rows]]] = (
    find_by_guesses,
    spend,
    take_places,
    temper,
    call_from_elsewhere,
    guess_passwords,
    join_often,
    upload_halves,
    forge,
)


async def print_report(tree: Path) -> None:
    """Print a table of all attacks on the version of the app in `tree`, each attack's rows as it ends."""
    print("| attack on identity and limits | outcome |\n| --- | --- |", flush=True)
    for attack in ATTACKS:
        async with Provider() as provider:
            provider.scripts |= {"costly": cost_much, "picky": refuse_high_temperatures}
            try:
                rows = await attack(tree, provider)
            except (httpx.HTTPError, OSError, KeyError, StopIteration) as error:  # another version differs
                rows = [(attack.__name__, f"could not be tried: {type(error).__name__}: {str(error)[:80]}")]
        print(*[f"| {name} | {outcome} |" for name, outcome in rows], sep="\n", flush=True)


if __name__ == "__main__":
    asyncio.run(print_report(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT))
