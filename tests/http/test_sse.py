"""The frames against the WHATWG standard: its own examples for the decoder that measures us, then ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.generations.events import Event, done_event
from chat.http.sse import (
    KEEP_ALIVE,
    KEEP_ALIVE_SECONDS,
    RETRY,
    EventId,
    encode_events,
    encode_resumed,
    parse_event_id,
)
from tests.event_source import EventStreamDecoder, ServerSentEvent

ID = "AqjrmqkXOuv7ZsKfko0Nxw"


def decode(stream: str | bytes) -> list[ServerSentEvent]:
    return EventStreamDecoder().feed(stream.encode() if isinstance(stream, str) else stream)


# --- the measure: the examples of section 9.2.6, and the rules of 9.2.5 and 9.2.6 -----------------------


def test_decoder_joins_data_lines_as_in_the_stock_example() -> None:
    assert decode("data: YHOO\ndata: +2\ndata: 10\n\n") == [ServerSentEvent("YHOO\n+2\n10")]


def test_decoder_reads_the_four_blocks_example() -> None:
    decoder = EventStreamDecoder()
    events = decoder.feed(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    )
    assert events == [
        ServerSentEvent("first event", id="1"),
        ServerSentEvent("second event", id=""),
        ServerSentEvent(" third event", id=""),
    ]
    assert decoder.comments == ["test stream"]


def test_decoder_reads_the_empty_data_example() -> None:
    # Of its three blocks the first two are events; the last has no empty line and is dropped.
    assert decode("data\n\ndata\ndata\n\ndata:") == [ServerSentEvent(""), ServerSentEvent("\n")]


def test_decoder_reads_the_optional_space_example() -> None:
    assert decode("data:test\n\ndata: test\n\n") == [ServerSentEvent("test"), ServerSentEvent("test")]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_decoder_takes_every_line_ending(end: str) -> None:
    stream = end.join(["data: a", "data: b", "", "data: c", "", ": rest"])
    assert decode(stream) == [ServerSentEvent("a\nb"), ServerSentEvent("c")]


def test_decoder_takes_bytes_one_by_one_with_a_crlf_and_a_character_cut_in_two() -> None:
    decoder = EventStreamDecoder()
    stream = "\ufeffdata: 世界\r\nid: 1\r\n\r\n:".encode()
    events = [event for at in range(len(stream)) for event in decoder.feed(stream[at : at + 1])]
    assert events == [ServerSentEvent("世界", id="1")]


def test_decoder_strips_one_byte_order_mark_and_no_second_one() -> None:
    assert decode("\ufeffdata: a\n\n") == [ServerSentEvent("a")]
    assert decode("\ufeff\ufeffdata: a\n\n") == []


def test_decoder_ignores_an_id_with_null_and_an_unknown_field() -> None:
    assert decode("id: 1\ncolour: red\ndata: a\n\nid: 2\0\ndata: b\n\n") == [
        ServerSentEvent("a", id="1"),
        ServerSentEvent("b", id="1"),
    ]


def test_decoder_dispatches_no_event_without_data_but_keeps_its_id() -> None:
    decoder = EventStreamDecoder()
    assert (decoder.feed(b"id: 7\nevent: x\n\n"), decoder.last_event_id) == ([], "7")


def test_decoder_takes_retry_of_digits_alone() -> None:
    decoder = EventStreamDecoder()
    decoder.feed(b"retry: 10\nretry: 1x\nretry: \xd9\xa1\n\n")
    assert decoder.retry == 10


def test_decoder_does_not_end_a_line_at_a_line_separator() -> None:
    assert decode("data: a\u2028b\u0085c\u2029d\n\n") == [ServerSentEvent("a\u2028b\u0085c\u2029d")]


# --- our frames -----------------------------------------------------------------------------------------


def test_frames_are_name_then_data_then_id() -> None:
    events = [
        Event("generation", b'{"generation_id": "g"}'),
        Event("chunk", b'{"a": 1}', "a"),
        Event("receipt", b"{}"),
        Event("citations", b"[]"),
        done_event("stop"),
    ]
    assert encode_events("g", 0, events) == (
        b'event: generation\ndata: {"generation_id": "g"}\nid: g:0\n\n'
        b'data: {"a": 1}\nid: g:1\n\n'
        b"event: receipt\ndata: {}\nid: g:2\n\n"
        b"event: citations\ndata: []\nid: g:3\n\n"
        b"data: [DONE]\nid: g:4\n\n"
    )


def test_error_frame_is_a_default_event_since_the_name_error_is_the_browsers_own() -> None:
    error = Event("error", b'{"error": {"message": "Gone.", "type": "x", "retryable": true}}')
    assert encode_events("g", 9, [error]) == b"data: %b\nid: g:9\n\n" % error.data


def test_frames_are_numbered_on_from_the_first_id() -> None:
    frames = encode_events("g", 41, [Event("chunk", b"{}"), Event("chunk", b"{}")])
    assert [event.id for event in decode(frames)] == ["g:41", "g:42"]


def test_no_events_are_no_bytes() -> None:
    assert encode_events("g", 3, []) == b""


@pytest.mark.parametrize("data", [b"a\nb", b"a\r\nb", b"a\rb", b"\n", b"a\n", b"\na", b"a\n\nb", b"", b" a"])
@pytest.mark.parametrize("type", ["chunk", "citations"])
def test_data_of_any_lines_comes_out_as_one_event(data: bytes, type: str) -> None:
    expected = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    events = decode(encode_events("g", 0, [Event(type, data)]))
    assert [event.data for event in events] == [expected]


def test_line_separators_of_unicode_stay_in_their_line() -> None:
    data = json.dumps("a\u2028b\u2029c\u0085d", ensure_ascii=False).encode()
    assert encode_events("g", 0, [Event("chunk", data)]) == b"data: %b\nid: g:0\n\n" % data


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)))
def test_any_texts_come_out_of_the_standards_decoder_as_they_went_in(texts: list[str]) -> None:
    frames = RETRY + encode_events(ID, 0, [Event("chunk", text.encode()) for text in texts])
    assert decode(frames) == [ServerSentEvent(text, id=f"{ID}:{at}") for at, text in enumerate(texts)]


@given(st.integers(min_value=1, max_value=40), st.data())
def test_keep_alives_between_frames_are_no_events(count: int, data: st.DataObject) -> None:
    frames = [encode_events(ID, at, [Event("chunk", b"%d" % at)]) for at in range(count)]
    stream = b"".join(frame + KEEP_ALIVE * data.draw(st.integers(0, 2)) for frame in frames)
    assert [event.data for event in decode(RETRY + KEEP_ALIVE + stream)] == [str(at) for at in range(count)]


def test_retry_and_keep_alive_have_no_empty_line_which_some_clients_take_for_an_event() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(RETRY + KEEP_ALIVE) == []
    assert (decoder.retry, decoder.comments) == (1000, ["keep-alive"])
    assert b"\n\n" not in RETRY + KEEP_ALIVE
    assert KEEP_ALIVE_SECONDS <= 15


# --- a connection that is cut at any byte, in clients that deviate from the standard --------------------

CUT_EVENTS = [
    Event("generation", b'{"generation_id": "g", "choices": []}'),
    Event("chunk", '{"a": "世界"}'.encode()),
    Event("chunk", b'{"a": 2}'),
    Event("citations", b'{"citations": [], "choices": []}'),
    done_event("stop"),
]
WHOLE = RETRY + encode_events(ID, 0, CUT_EVENTS)


class Client:
    """An EventSource: by the standard, what no empty line has ended is gone with its connection."""

    def __init__(self) -> None:
        self.decoder = EventStreamDecoder()
        self.heard: list[ServerSentEvent] = []

    def receive(self, data: bytes) -> None:
        self.heard += [event for event in self.decoder.feed(data) if event.type != "resumed"]

    def last_event_id(self) -> str:
        return self.decoder.last_event_id

    def lose_connection(self) -> None:
        self.decoder = EventStreamDecoder(self.last_event_id())


class JoiningClient(Client):
    """The half line of the lost connection goes on with the first bytes of the next one, as in WebKit."""

    def lose_connection(self) -> None:
        pass


class EarlyIdClient(Client):
    """An id is received when its line is, as in fetch-event-source of npm."""

    def last_event_id(self) -> str:
        return self.decoder.line_id


def read_across(client: Client, cut: int) -> list[int]:
    """Return the numbers of the events that a client receives whose connection is cut after so many bytes."""
    client.receive(WHOLE[:cut])
    seen = parse_event_id(client.last_event_id())
    after = seen.number if seen else -1
    client.lose_connection()
    client.receive(encode_resumed(ID, after) + encode_events(ID, after + 1, CUT_EVENTS[after + 1 :]))
    whole = decode(WHOLE)
    return [whole.index(event) for event in client.heard]


@pytest.mark.parametrize("client", [Client, JoiningClient])
def test_a_cut_at_any_byte_loses_and_repeats_nothing(client: type[Client]) -> None:
    for cut in range(len(WHOLE) + 1):
        assert read_across(client(), cut) == list(range(len(CUT_EVENTS))), WHOLE[:cut]


def test_a_client_that_takes_ids_early_loses_an_event_at_one_byte_of_its_frame_alone() -> None:
    for cut in range(len(WHOLE) + 1):
        received = read_across(EarlyIdClient(), cut)
        is_between = WHOLE[:cut].endswith(b"\n") and WHOLE[cut:].startswith(b"\n")
        complete = WHOLE[:cut].count(b"\n\n")
        lost = [complete] if is_between else []
        assert received == [at for at in range(len(CUT_EVENTS)) if at not in lost], WHOLE[:cut]


def test_an_attaching_stream_begins_with_an_event_that_has_no_listener() -> None:
    for after, id in ((3, f"{ID}:3"), (-1, "")):
        [event] = decode(encode_resumed(ID, after))
        assert event == ServerSentEvent('{"choices":[]}', "resumed", id)


# --- the header -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"{ID}:0", EventId(ID, 0)),
        (f" {ID}:17 ", EventId(ID, 17)),
        ("a-b_C:007", EventId("a-b_C", 7)),
        (f"{ID}:999999999999", EventId(ID, 999_999_999_999)),
    ],
)
def test_header_names_a_generation_and_a_number(value: str, expected: EventId) -> None:
    assert parse_event_id(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        ":",
        "7",
        ID,
        f"{ID}:",
        ":7",
        f"{ID}:-1",
        f"{ID}:1.5",
        f"{ID}:1e3",
        f"{ID}:\u0661",
        f"{ID}:1:2",
        f"{ID}:1\0",
        f"\0{ID}:1",
        f"{ID}:1\n2",
        "../etc:1",
        f"{'a' * 65}:1",
        f"{ID}:{'9' * 13}",
        "\ufeff" + ID + ":1",
        "é:1",
    ],
)
def test_malformed_header_is_none(value: str | None) -> None:
    assert parse_event_id(value) is None


@given(st.text())
def test_no_header_raises(value: str) -> None:
    parsed = parse_event_id(value)
    assert parsed is None or value.strip() == f"{parsed.generation_id}:{value.strip().rpartition(':')[2]}"


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.integers(0, 10**12 - 1))
def test_an_id_that_we_sent_is_read_back(generation_id: str, number: int) -> None:
    event = decode(encode_events(generation_id, number, [Event("chunk", b"{}")]))[0]
    assert parse_event_id(event.id) == EventId(generation_id, number)
