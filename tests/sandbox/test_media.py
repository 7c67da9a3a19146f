import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import SandboxCall, Turn, make_company
from bot.sandbox.media import make_recording, make_transcript
from bot.sandbox.samora import SamoraSandbox

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def finished() -> SandboxCall:
    return make_company(NOW)[company.FINISHED]


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock()


@pytest.fixture
async def samora(clock: SandboxClock) -> AsyncIterator[SamoraSandbox]:
    async with SamoraSandbox(clock=clock) as samora:
        yield samora


@pytest.fixture
async def http(samora: SamoraSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(samora.url, headers={"X-API-Key": samora.api_key}) as http:
        yield http


async def data_of(http: aiohttp.ClientSession, call_id: str) -> dict[str, Any]:
    async with http.get(f"/v1/call/{call_id}") as answer:
        data: dict[str, Any] = (await answer.json())["data"]
        return data


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def seconds_of(recording: bytes) -> float:
    with wave.open(BytesIO(recording)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 8000)
        frames: int = reader.getnframes()
        return frames / 8000


@pytest.mark.parametrize(("call", "heard"), [(-1, 0.5), (0, 0.5), (3, 3), (6, 6), (86_400, 6)])
def test_a_recording_is_a_telephone_wav_as_long_as_the_call_within_limits(call: float, heard: float) -> None:
    assert seconds_of(make_recording(call, seed=1)) == heard


@settings(max_examples=5, deadline=None)
@given(seconds=st.floats(0, 1e6), seed=st.integers(0, 2**128))
def test_a_recording_stays_below_120_kilobytes(seconds: float, seed: int) -> None:
    assert len(make_recording(seconds, seed)) < 120_000


def test_a_recording_is_the_same_for_the_same_seed_only() -> None:
    assert make_recording(1, seed=1) == make_recording(1, seed=1)
    assert make_recording(1, seed=1) != make_recording(1, seed=2)


def test_a_recording_is_soft_but_not_silent() -> None:
    with wave.open(BytesIO(make_recording(2, seed=3))) as reader:
        samples = memoryview(reader.readframes(reader.getnframes())).cast("h")
    assert 2000 < max(samples) < 20_000


def test_a_transcript_names_call_agent_time_and_speakers(finished: SandboxCall) -> None:
    text = text_of(make_transcript(finished))
    for wanted in (
        "Call transcript",
        finished.call_id,
        "Asha, appointments",
        "2026-05-04 11:18 UTC",
        "Agent",
        "Caller",
    ):
        assert wanted in text
    assert "¡Muchas gracias!" in text


def test_a_transcript_is_the_same_at_any_time(finished: SandboxCall) -> None:
    assert make_transcript(finished) == make_transcript(finished)
    metadata = PdfReader(BytesIO(make_transcript(finished))).metadata
    assert metadata is not None
    assert metadata.creation_date == finished.ended_at


def test_a_transcript_prints_what_its_fonts_lack_as_question_marks(finished: SandboxCall) -> None:
    finished.turns = (Turn("Agent", "नमस्ते **bold** 🚨"),)
    finished.agent_id = "somebody else"
    text = text_of(make_transcript(finished))
    assert "?????? **bold** ?" in text
    assert "somebody else" in text


def test_a_call_without_a_conversation_has_a_transcript_too(finished: SandboxCall) -> None:
    finished.turns, finished.started_at, finished.ended_at = (), None, None
    assert "Call transcript" in text_of(make_transcript(finished))


# Over HTTP, through presigned links


async def test_a_recording_can_be_heard_through_its_link(http: aiohttp.ClientSession) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    async with http.get(link) as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        assert (await answer.read()).startswith(b"RIFF")


async def test_a_transcript_can_be_read_through_its_link(http: aiohttp.ClientSession) -> None:
    link = (await data_of(http, company.FINISHED))["transcript_url"]
    async with http.get(link) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        assert (await answer.read()).startswith(b"%PDF")


async def test_a_link_looks_presigned_for_an_hour(samora: SamoraSandbox, http: aiohttp.ClientSession) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    path, query = link.split("?")
    assert path == f"{samora.url}/media/{company.FINISHED}/recording.wav"
    assert query.startswith("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=")
    assert "&X-Amz-Expires=3600&X-Amz-Signature=" in query


@pytest.mark.parametrize("call_id", [company.FINISHED_WITHOUT_MEDIA, company.PENDING, company.UNANSWERED])
async def test_links_are_null_where_there_is_nothing(http: aiohttp.ClientSession, call_id: str) -> None:
    data = await data_of(http, call_id)
    assert (data["recording_url"], data["transcript_url"]) == (None, None)


async def test_a_link_dies_after_an_hour_and_the_next_answer_has_a_live_one(
    clock: SandboxClock, http: aiohttp.ClientSession
) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    clock.advance(3590)
    async with http.get(link) as answer:
        assert answer.status == 200
    clock.advance(10)
    async with http.get(link) as answer:
        assert (answer.status, answer.content_type) == (403, "application/xml")
        assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in await answer.text()
    async with http.get((await data_of(http, company.FINISHED))["recording_url"]) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("real", "forged"),
    [
        ("X-Amz-Expires=3600", "X-Amz-Expires=999999"),
        ("recording.wav", "transcript.pdf"),
        ("Signature=", "Signature=é"),
        ("X-Amz-Signature=", "signature="),
        (company.FINISHED, company.HOSTILE),
    ],
)
async def test_a_forged_link_is_refused(http: aiohttp.ClientSession, real: str, forged: str) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    async with http.get(link.replace(real, forged)) as answer:
        assert (answer.status, answer.content_type) == (403, "application/xml")
        assert "SignatureDoesNotMatch" in await answer.text()


async def test_a_link_is_signed_for_get_alone_as_with_s3(http: aiohttp.ClientSession) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    async with http.head(link) as answer:
        assert answer.status == 403


async def test_media_that_have_gone_are_not_found(samora: SamoraSandbox, http: aiohttp.ClientSession) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    samora.calls[company.FINISHED].has_recording = False
    async with http.get(link) as answer:
        assert answer.status == 404
        assert "NoSuchKey" in await answer.text()


@pytest.mark.parametrize(
    ("wanted", "status", "length", "told"),
    [
        ("bytes=0-3", 206, 4, "bytes 0-3/{size}"),
        ("bytes=100-", 206, -100, "bytes 100-{last}/{size}"),
        ("bytes=-10", 206, 10, "bytes {tail}-{last}/{size}"),
        ("bytes=9000000-", 416, None, "bytes */{size}"),
        ("elephants=1", 416, None, "bytes */{size}"),
    ],
)
async def test_a_player_can_seek(
    http: aiohttp.ClientSession, wanted: str, status: int, length: int | None, told: str
) -> None:
    link = (await data_of(http, company.FINISHED))["recording_url"]
    async with http.get(link) as answer:
        whole = await answer.read()
    size = len(whole)
    async with http.get(link, headers={"Range": wanted}) as answer:
        assert answer.status == status
        assert answer.headers["Content-Range"] == told.format(size=size, last=size - 1, tail=size - 10)
        if length is not None:
            assert len(await answer.read()) == length % size
