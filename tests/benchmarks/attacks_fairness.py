"""Attacks on the server's time and memory: `python -m tests.benchmarks.attacks_fairness NAME URL`.

An attack is bounded, comes from one address of the loopback and uses only the routes and the page.
tests.benchmarks.hostile runs each as a process of its own and measures what an honest visitor sees meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import sys
from collections.abc import Awaitable, Callable

import aiohttp

from tests.benchmarks import attacks_files
from tests.page_protocol import OpenPage, PageError

ADDRESS = attacks_files.ADDRESS
COMMENT_FILE = b"<!--" * 75_000
SILENT_SECONDS = 30
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'

Attack = Callable[[aiohttp.ClientSession, str], Awaitable[str]]


async def post(http: aiohttp.ClientSession, url: str, **request: object) -> int:
    async with http.post(url, **request) as answer:  # type: ignore[arg-type]
        await answer.read()
        return answer.status


async def gather(*work: Awaitable[object]) -> str:
    return await attacks_files.gather_outcomes(work)


def form_of(files: list[tuple[str, bytes]], field: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, data in files:
        form.add_field(field, data, filename=name)
    return form


async def nothing(http: aiohttp.ClientSession, url: str) -> str:
    await asyncio.sleep(5)
    return ""


async def html_comments(http: aiohttp.ClientSession, url: str) -> str:
    """Six HTML files of 300 kB, all of them beginnings of comments."""
    files = [form_of([("a.html", b"<html><body>" + COMMENT_FILE)], "file") for _ in range(6)]
    return await gather(*(post(http, f"{url}/ai/files", data=one) for one in files))


async def tiny_uploads(http: aiohttp.ClientSession, url: str) -> str:
    """Three requests of 999 files of one byte each, which differ."""
    forms = [form_of([(f"{n}-{at}.txt", bytes([n + 65])) for at in range(999)], "files") for n in range(3)]
    return await gather(*(post(http, f"{url}/gradio_api/upload", data=form) for form in forms))


def export_of(texts: list[str]) -> bytes:
    """Return an export of one conversation that has these answers."""
    time = "2026-01-01T00:00:00+00:00"
    messages: list[dict[str, object]] = []
    for text in texts:
        parent = len(messages) - 1 if messages else None
        messages.append({"parent": parent, "role": "user", "created": time, "text": "Hello"})
        messages.append({"parent": len(messages) - 1, "role": "assistant", "created": time, "text": text})
    value = {
        "format": "xiaojia.conversation", "version": 1, "title": "an import", "pinned": False,
        "created": time, "updated": time, "shown": len(messages) - 1, "messages": messages, "attachments": [],
    }  # fmt: skip
    return json.dumps(value).encode()


async def import_export(page: OpenPage, http: aiohttp.ClientSession, url: str, data: bytes) -> None:
    headers = {"x-visitor": page.owner}
    form = form_of([("conversations.json", data)], "files")
    async with http.post(f"{url}/gradio_api/upload", data=form, headers=headers) as answer:
        paths = await answer.json()
    await page.run("import_file", page.visit("import"), paths)


async def open_import(http: aiohttp.ClientSession, url: str, text: str) -> str:
    """Import a conversation with this answer, and open it three times."""
    page = await OpenPage.load(http, url)
    await import_export(page, http, url, export_of([text]))
    listed = await page.run("change_list", page.visit("list"))
    page.conversation = json.dumps(listed).partition('data-id=\\\\\\"')[2].partition("\\")[0]
    for _ in range(3):
        await page.run("open_conversation", page.visit("open"))
    return "opened" if page.conversation else "not listed"


async def searches(http: aiohttp.ClientSession, url: str) -> str:
    """Eight searches at once through 40 MB of history, twice."""
    page = await OpenPage.load(http, url)
    words = [f"{number:x}" for number in range(1_000)]
    texts = [" ".join(random.choices(words, k=100_000)) for _ in range(10)]
    for _ in range(10):
        await import_export(page, http, url, export_of(texts))

    async def search(at: int) -> int:
        other = page.again()
        other.owner, other._headers = page.owner, page._headers
        await other.run("change_list", other.visit("list", query=f"not there {at}"))
        return 200

    return " / ".join([await gather(*map(search, range(8))) for _ in range(2)])


async def queue_joins(http: aiohttp.ClientSession, url: str) -> str:
    """2,100 events of as many pages, whose streams are never read."""
    page = await OpenPage.load(http, url)
    body = {"data": [page.visit()], "fn_index": page._events["open_conversation"]}
    room = asyncio.Semaphore(50)

    async def join() -> int:
        async with room:
            session = {"session_hash": secrets.token_hex(8)}
            return await post(http, f"{url}/gradio_api/queue/join", json=body | session)

    return await gather(*(join() for _ in range(2_100)))


async def nested_import(http: aiohttp.ClientSession, url: str) -> str:
    """An imported answer of quotes and lists in each other, 0.5 MB deep."""
    return await open_import(http, url, "- > " * 125_000)


async def paragraphs(http: aiohttp.ClientSession, url: str) -> str:
    """An imported answer of 6.7 MB of paragraphs."""
    return await open_import(http, url, "word **bold** `code`\n\n" * (6_700_000 // 22))


async def follow(http: aiohttp.ClientSession, url: str, model: str) -> str:
    page = await OpenPage.load(http, url)
    told = await page.ask("Hello", model=model)
    return f"shown, {len(told.html):,} characters"


async def backtick_cell(http: aiohttp.ClientSession, url: str) -> str:
    """A model's answer: a table cell of 8,000 backticks in runs of all lengths, in growing pieces."""
    return await follow(http, url, "backticks")


async def quote_run(http: aiohttp.ClientSession, url: str) -> str:
    """A model's answer: 100,000 ">"."""
    return await follow(http, url, "quotes-run")


async def long_answer(http: aiohttp.ClientSession, url: str) -> str:
    """A model's answer of 2 MB of short paragraphs, followed on the page."""
    return await follow(http, url, "paragraphs")


async def brackets(http: aiohttp.ClientSession, url: str) -> str:
    """Three events of 9 MB, all of it empty lists."""
    body = b'{"session_hash":"abc","fn_index":0,"data":[' + b"[]," * 2_950_000 + b"[]]}"
    headers = {"content-type": "application/json"}
    joins = [post(http, f"{url}/gradio_api/queue/join", data=body, headers=headers) for _ in range(3)]
    return await gather(*joins)


async def file_content(http: aiohttp.ClientSession, url: str) -> str:
    """Two questions with 30 MB of text."""
    text = "".join(f"word{number} and more. " for number in range(1_500_000))[:30_000_000]
    body = json.dumps({"user_message": "What is in it?", "file_content": text, "model": "plain"}).encode()
    headers = {"content-type": "application/json"}
    return await gather(*(post(http, f"{url}/ai/stream_chat", data=body, headers=headers) for _ in range(2)))


async def unread_answers(http: aiohttp.ClientSession, url: str) -> str:
    """Sixty answers of 6 MB by eight visitors, none of which is read."""

    async def start(at: int) -> int:
        headers = {"x-visitor": f"unread visitor number {at % 8}"}
        body = {"user_message": "Hello", "model": "long"}
        return await post(http, f"{url}/ai/generations", json=body, headers=headers)

    told = await gather(*(start(at) for at in range(60)))
    await asyncio.sleep(10)  # while they are written
    return told


async def temporary_pictures(http: aiohttp.ClientSession, url: str) -> str:
    """Sixty pictures of 4 MB for a temporary conversation."""
    page = await OpenPage.load(http, url)
    told: list[object] = []
    for _ in range(60):
        told.append(await attach_temporary(page, http, url))
    return attacks_files.name_outcomes(told)


async def attach_temporary(page: OpenPage, http: aiohttp.ClientSession, url: str) -> object:
    head = b"P6 1200 1100 255\n"
    form = form_of([("a.ppm", head + random.randbytes(1200 * 1100 * 3))], "files")
    async with http.post(f"{url}/gradio_api/upload", data=form, headers=page._headers) as answer:
        if answer.status != 200:
            return answer.status
        paths = await answer.json()
    told = await page.run("attach", page.visit("attach", "key", temporary=True), paths)
    return 429 if "refused" in str(told) else 200


async def half_uploads(http: aiohttp.ClientSession, url: str) -> str:
    """Forty uploads that fall silent half way."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = (
        f"POST /ai/files HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 100000\r\n\r\n"
    ).encode()

    async def wait_for_end() -> object:
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=(ADDRESS, 0))
        writer.write(head + FORM + b"x" * 1_000)
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                line = await reader.readline()
        except TimeoutError:
            return TimeoutError()
        finally:
            writer.close()
        return int(line.split()[1]) if line else ConnectionResetError()

    return await gather(*(wait_for_end() for _ in range(40)))


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        *(nothing, html_comments, tiny_uploads, searches, queue_joins, nested_import, paragraphs),
        *(backtick_cell, quote_run, long_answer, brackets, file_content, unread_answers),
        *(temporary_pictures, half_uploads),
        *(
            attacks_files.bursts,
            attacks_files.page_views,
            attacks_files.page_texts,
            attacks_files.pictures,
            attacks_files.archives,
        ),
        *(attacks_files.computations, attacks_files.silent_connections, attacks_files.endless_heads),
    )
}


async def main(name: str, url: str) -> None:
    connector = aiohttp.TCPConnector(limit=0, local_addr=(ADDRESS, 0))
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(300)) as http:
        try:
            print(await ATTACKS[name](http, url))
        except (PageError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            print(f"{type(error).__name__}: {str(error)[:80]!r}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
