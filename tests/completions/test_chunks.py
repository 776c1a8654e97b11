"""Frames and chunks, as pure functions: the standard's own examples, and bytes cut anywhere."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from chat.completions import payloads
from chat.completions.chunks import Chunk, ChunkParser, ErrorObject
from chat.completions.payloads import FrameSplitter, FrameTooLong
from tests.provider import chunk, frame


def split(*parts: bytes) -> list[bytes]:
    splitter = FrameSplitter()
    return [data for part in parts for data in splitter.feed(part)] + splitter.close()


@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        # The examples of the standard (HTML, 9.2.6), as far as they concern data.
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO +2 10"]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n",
            [b"first event", b"second event"],
        ),
        (b"data\n\ndata\ndata\n\ndata:", []),
        (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
        # What providers send besides.
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [b"a", b"b", b"c"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"event: message\nid: 7\nretry: 10\ndata: a\n\n", [b"a"]),
        (b"data: a\n\n\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\n\ndata: b", [b"a", b"b"]),
        (
            "data: 一\u2028二\u2029\u0085\x0b\x0c三\n\n".encode(),
            ["一\u2028二\u2029\u0085\x0b\x0c三".encode()],
        ),
        (b'data: {\ndata: "a": 1\ndata: }\n\n', [b'{ "a": 1 }']),
        (b"", []),
    ],
)
def test_frames_are_those_of_the_standard_wherever_they_are_cut(stream: bytes, frames: list[bytes]) -> None:
    assert split(stream) == frames
    assert split(*[stream[at : at + 1] for at in range(len(stream))]) == frames
    for at in range(len(stream)):
        assert split(stream[:at], stream[at:]) == frames


def test_a_seeded_run_of_cuts_changes_no_frame() -> None:
    chance = random.Random(1)
    payloads = [orjson.dumps({"n": n, "text": "字🦊\r\n\u2028" * chance.randrange(9)}) for n in range(300)]
    ends = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n: comment\n\n", b"\r\nid: 1\r\n\r\n")
    stream = b"".join([b"data: " + data + chance.choice(ends) for data in payloads])
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(stream)), 400))
        parts = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert split(*parts) == payloads


def test_a_frame_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "MAX_FRAME_BYTES", 10)
    with pytest.raises(FrameTooLong):
        split(b"data: ", b"123456789")


def parse(*values: object) -> list[Chunk]:
    chunks: list[Chunk] = []
    ChunkParser().parse([frame(value)[6:-2] for value in values], chunks)
    return chunks


def delta(**fields: Any) -> dict[str, Any]:
    return chunk(fields)


@pytest.mark.parametrize(
    ("value", "text", "reasoning"),
    [
        (delta(content="a"), "a", ""),
        (delta(content=None), "", ""),
        (delta(role="assistant"), "", ""),
        (delta(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, "?"]), "ab", ""),
        (delta(content=None, refusal="no"), "no", ""),
        (delta(reasoning_content="r", content=""), "", "r"),
        (delta(reasoning="r"), "", "r"),
        (delta(reasoning_text="r"), "", "r"),
        (delta(reasoning="r", reasoning_details=[{"type": "reasoning.text", "text": "r"}]), "", "r"),
        (delta(reasoning_details=[{"text": "a"}, {"summary": "b"}, {"data": "secret"}, "?"]), "", "ab"),
        (delta(reasoning={"effort": "low"}), "", ""),
        ({"choices": []}, "", ""),
        ({"choices": None, "usage": {}}, "", ""),
        ({"choices": [{"delta": None}]}, "", ""),
    ],
)
def test_text_and_reasoning_are_found_in_each_of_their_fields(
    value: dict[str, Any], text: str, reasoning: str
) -> None:
    (one,) = parse(value)
    assert (one.data, one.text, one.reasoning) == (frame(value)[6:-2], text, reasoning)


@pytest.mark.parametrize(
    "value",
    [
        {"error": {"message": "broken"}},
        {"error": "broken"},
        {"object": "error", "message": "broken", "code": 500},
        {"type": "error", "message": "broken"},
        {"choices": [], "error": {"message": "broken"}},
        {"message": "broken"},
        {"detail": "broken"},
    ],
)
def test_an_error_object_is_one_in_every_shape(value: dict[str, Any]) -> None:
    with pytest.raises(ErrorObject):
        parse(value)


@pytest.mark.parametrize(
    "value", ["[1]", "7", '"text"', "null", "hello", "[HEARTBEAT]", '{"type": "ping"}', "{}", "<html>"]
)
def test_what_is_no_chunk_is_skipped(value: str) -> None:
    chunks = parse(value, delta(content="a"), value)
    assert [one.text for one in chunks] == ["a"]


@pytest.mark.parametrize("value", ["{", '{"choices": [', '{"choices": [{"delta": {"content": "bro'])
def test_a_damaged_chunk_is_malformed(value: str) -> None:
    with pytest.raises(orjson.JSONDecodeError.__mro__[1]):
        parse(value)


def test_chunks_before_a_malformed_one_are_kept() -> None:
    chunks: list[Chunk] = []
    with pytest.raises(orjson.JSONDecodeError.__mro__[1]):
        ChunkParser().parse([frame(delta(content="a"))[6:-2], b"{"], chunks)
    assert [one.text for one in chunks] == ["a"]


def test_a_message_is_passed_on_as_a_delta() -> None:
    (one,) = parse({"id": "x", "object": "chat.completion", "choices": [{"message": {"content": "whole"}}]})
    sent = {"id": "x", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "whole"}}]}
    assert (one.text, one.finish_reason, orjson.loads(one.data)) == ("whole", "stop", sent)


def test_what_is_no_json_by_the_standard_is_passed_on_as_such() -> None:
    (one,) = parse(b'{"choices":[{"delta":{"content":"a\x01\xe9"},"logprobs":NaN}]}')
    assert orjson.loads(one.data)["choices"][0] == {"delta": {"content": "a\x01\ufffd"}, "logprobs": None}


def test_what_only_python_writes_is_read() -> None:
    odd = '{"choices":[{"delta":{"content":"a\\ud83e"},"logprobs":{"x":-Infinity}}]}'
    assert [one.text for one in parse(odd)] == ["a\ufffd"]


def test_nothing_is_read_after_done() -> None:
    assert parse(delta(content="a"), "[DONE]", delta(content="b")) == parse(delta(content="a"))


def test_tags_in_the_text_are_text_where_reasoning_has_its_own_field() -> None:
    chunks = parse(delta(reasoning_content="r"), delta(content="a <think>b</think>"))
    assert [one.text for one in chunks] == ["", "a <think>b</think>"]
