"""Attacks with files and connections, for tests.benchmarks.attacks_fairness, which names and runs them.

Each is bounded, uses only the routes, and returns what the attacker got.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import socket
import zipfile
import zlib
from collections import Counter
from collections.abc import Awaitable, Sequence

import aiohttp

from tests.pdf_files import pdf, show

OWNER = {"x-visitor": "a visitor that attacks, 0123"}
ADDRESS = "127.0.0.66"
HOLD_SECONDS = 10.0
AT_ONCE = 600
QUESTION = "What is the total of amount?"


def name_outcomes(outcomes: Sequence[object]) -> str:
    """Return how often each status or error came."""
    named = [str(one) if isinstance(one, int) else type(one).__name__ for one in outcomes]
    return ", ".join(f"{count} x {name}" for name, count in Counter(named).most_common())


async def gather_outcomes(work: Sequence[Awaitable[object]]) -> str:
    return name_outcomes(await asyncio.gather(*work, return_exceptions=True))


async def send_file(http: aiohttp.ClientSession, url: str, name: str, data: bytes) -> tuple[int, str]:
    form = aiohttp.FormData()
    form.add_field("file", data, filename=name)
    async with http.post(f"{url}/ai/files", data=form, headers=OWNER) as answer:
        told = await answer.json()
        return answer.status, told.get("file_id", "")


async def send_status(http: aiohttp.ClientSession, url: str, name: str, data: bytes) -> int:
    return (await send_file(http, url, name, data))[0]


async def get_status(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url, headers=OWNER) as answer:
        await answer.read()
        return answer.status


async def page_views(http: aiohttp.ClientSession, url: str) -> str:
    """600 images of pages at once, of a file whose every page takes long to draw."""
    strokes = " ".join(f"{x % 612} 0 m {x * 7 % 612} 792 l S" for x in range(4_000))
    _, id = await send_file(http, url, "lines.pdf", pdf(*[f"{show('page')} {strokes}"] * 100, is_packed=True))
    pages = [f"{url}/ai/files/{id}/pages/{n % 100 + 1}?width={200 + 400 * (n // 100)}" for n in range(600)]
    return await gather_outcomes([get_status(http, page) for page in pages])


async def page_texts(http: aiohttp.ClientSession, url: str) -> str:
    """The text of a page of 30 MB, forty times."""
    text = b"".join(b"word%d and more. " % number for number in range(1_700_000))[:30_000_000]
    _, id = await send_file(http, url, "long.txt", text)
    return await gather_outcomes([get_status(http, f"{url}/ai/files/{id}/pages/1/text") for _ in range(40)])


async def pictures(http: aiohttp.ClientSession, url: str) -> str:
    """Twelve pictures for OCR: large ones full of noise, and small files that unpack to 400 megapixels."""
    sent = [
        send_status(http, url, f"{n}.png", noise_picture() if n % 2 else bomb_picture()) for n in range(12)
    ]
    return await gather_outcomes(sent)


def noise_picture(side: int = 2_000) -> bytes:
    return b"P5 %d %d 255\n" % (side, side) + random.randbytes(side * side)


def bomb_picture(side: int = 20_000) -> bytes:
    """Return a PNG of one colour: 50 kB that are 400 megapixels."""
    rows = zlib.compressobj(9)
    row = b"\0" * (side // 8 + 1)
    data = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    parts = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in parts
    )


async def archives(http: aiohttp.ClientSession, url: str) -> str:
    """Twelve documents of 1 MB that unpack to a gigabyte, as Word files, sheets and books."""
    names = ("a.docx", "a.xlsx", "a.epub", "a.odt") * 3
    members = {
        "a.docx": "word/document.xml",
        "a.xlsx": "xl/worksheets/sheet1.xml",
        "a.epub": "OEBPS/a.xhtml",
        "a.odt": "content.xml",
    }
    return await gather_outcomes([send_status(http, url, name, archive(members[name])) for name in names])


def archive(member: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(member, "w") as target:
            target.write(b"<a>")
            for _ in range(1_000):
                target.write(b"<b>" + b"x" * 1_000_000)
    return packed.getvalue()


async def computations(http: aiohttp.ClientSession, url: str) -> str:
    """Ten tables of 30,000 rows, and forty questions that are computed over them."""
    rows = "".join(f"name {n},{n % 97},{n * 31 % 1009}\n" for n in range(30_000))
    table = f"name,amount,other\n{rows}".encode()
    sent = await asyncio.gather(*(send_file(http, url, f"t{n}.csv", table) for n in range(10)))
    ids = [id for _, id in sent if id]

    async def ask(number: int) -> int:
        body = {"user_message": QUESTION, "file_id": [ids[number % len(ids)]], "model": "quotes"}
        async with http.post(f"{url}/ai/stream_chat", json=body, headers=OWNER) as answer:
            await answer.read()
            return answer.status

    return await gather_outcomes([ask(number) for number in range(40)])


async def open_wire(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port), local_addr=(ADDRESS, 0))


def head_of(method: str, path: str, url: str, body: bytes = b"", type: str = "application/json") -> bytes:
    """Return a request, whose connection ends with its answer."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\nConnection: close\r\n"
    sized = f"Content-Type: {type}\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{head}{sized}\r\n".encode() + body


def send_at_once(url: str, request: bytes) -> Sequence[object]:
    """Open all connections, send on all of them, then read; return what each got: its status, or an error."""
    host, _, port = url.removeprefix("http://").partition(":")
    wires = [socket.create_connection((host, int(port)), source_address=(ADDRESS, 0)) for _ in range(AT_ONCE)]
    for wire in wires:
        wire.sendall(request)
    told: list[object] = []
    for wire in wires:
        with wire:
            try:
                line = wire.recv(100).split(b" ")
                told.append(int(line[1]) if len(line) > 1 else ConnectionResetError())
            except OSError as error:
                told.append(error)
    return told


async def bursts(http: aiohttp.ClientSession, url: str) -> str:
    """600 small requests on as many open connections at the same moment, of each of five kinds."""
    question = json.dumps({"user_message": "Hi", "model": "plain"}).encode()
    join = json.dumps({"data": [{}], "fn_index": 0, "session_hash": "abcdef"}).encode()
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\na\r\n--b--\r\n'
    requests = (
        head_of("GET", "/healthz", url),
        head_of("GET", "/ai/files/none/pages/1", url),
        head_of("POST", "/ai/stream_chat", url, question),
        head_of("POST", "/ai/files", url, form, "multipart/form-data; boundary=b"),
        head_of("POST", "/gradio_api/queue/join", url, join),
    )
    return "; ".join([name_outcomes(await asyncio.to_thread(send_at_once, url, one)) for one in requests])


async def silent_connections(http: aiohttp.ClientSession, url: str) -> str:
    """6,000 connections that send half a head and no more."""
    wires, failed = [], 0
    for _ in range(6_000):
        try:
            wires.append(await open_wire(url))
            wires[-1][1].write(b"GET / HTTP/1.1\r\nHost: ")
        except OSError:
            failed += 1
    await asyncio.sleep(HOLD_SECONDS)
    closed = sum(reader.at_eof() or bool(reader.exception()) for reader, _ in wires)
    for _, writer in wires:
        writer.close()
    return f"{len(wires) - closed} open, {closed} closed, {failed} failed"


async def endless_heads(http: aiohttp.ClientSession, url: str) -> str:
    """Four requests whose header never ends, up to 200 MB each."""

    async def pour(number: int) -> int:
        reader, writer = await open_wire(url)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 200_000_000 and not reader.at_eof():
                writer.write(b"x" * 200_000)
                await writer.drain()
                sent += 200_000
        writer.close()
        return sent

    sent = await asyncio.gather(*map(pour, range(4)))
    return f"{sum(sent) / 1e6:,.0f} MB taken"
