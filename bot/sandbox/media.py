"""A sandbox call's recording and transcript, made up on the spot, and the presigned links that lead to them."""

import hmac
import math
import re
import secrets
import wave
from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import AGENT_NAMES, SandboxCall

LINK_LIFETIME: Final = timedelta(minutes=60)

_SIGNED: Final = re.compile(r"\?X-Amz-[\w%&=.-]+")

_RATE: Final = 8000  # samples per second: what a telephone carries
_LONGEST: Final = 6.0  # seconds; enough to hear that it works, and small enough to be made while somebody waits
_SHORTEST: Final = 0.5
_PITCHES: Final = (205.0, 125.0)  # hertz: the agent, the caller
_LOUDNESS: Final = 6000  # of 32767


def make_recording(seconds: float, seed: int) -> bytes:
    """A WAV file (8 kHz, mono, 16 bit) in which two voice-like tones take turns.

    Args:
        seconds: how long the call was; the recording lasts as long, but at least 0.5 s and at most 6 s (96 kB).
        seed: calls with different seeds sound different.
    """
    dice = Random(seed)
    length = int(_RATE * min(max(seconds, _SHORTEST), _LONGEST))
    samples = array("h")
    turn = 0
    while len(samples) < length:
        samples.extend(_make_utterance(dice, _PITCHES[turn % 2]))
        samples.extend([0] * int(_RATE * dice.uniform(0.12, 0.3)))
        turn += 1
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, _RATE, 0, "NONE", "not compressed"))
        writer.writeframes(samples[:length].tobytes())
    return file.getvalue()


def _make_utterance(dice: Random, pitch: float) -> Iterator[int]:
    """A tone with two overtones that swells and fades as a whole and pulses like syllables."""
    length = int(_RATE * dice.uniform(0.5, 1.2))
    step = 2 * math.pi * pitch * dice.uniform(0.94, 1.06) / _RATE
    pulse = 2 * math.pi * dice.uniform(3.5, 5.0) / _RATE
    for place in range(length):
        swell = math.sin(math.pi * place / length) * (0.6 - 0.4 * math.cos(pulse * place))
        tone = math.sin(step * place) + math.sin(2 * step * place) / 2 + math.sin(3 * step * place) / 4
        yield int(_LOUDNESS * swell * tone)


def make_transcript(call: SandboxCall) -> bytes:
    """A PDF (A4) with the call's id, agent and time, and what was said.

    The PDF's own fonts know western letters only: any other is printed as a question mark.

    Raises:
        ImportError: fpdf2 is missing; it comes with the optional extra ``sandbox``.
    """
    from fpdf import FPDF  # belongs to an extra, and takes a while to load

    pdf = FPDF(format="A4")
    pdf.set_creation_date(call.ended_at or call.updated_at)  # else the same call would give other bytes each second
    pdf.set_title(f"Call {call.call_id}")
    pdf.add_page()

    def write(text: str, size: int, style: str = "") -> None:
        pdf.set_font("helvetica", style, size)
        western = text.encode("latin-1", "replace").decode("latin-1")
        pdf.multi_cell(0, size * 0.55, western, new_x="LMARGIN", new_y="NEXT")

    write("Call transcript", 20, "B")
    write(f"Call: {call.call_id}", 10)
    write(f"Agent: {AGENT_NAMES.get(call.agent_id, call.agent_id)}", 10)
    write(f"Time: {call.started_at or call.created_at:%Y-%m-%d %H:%M} UTC", 10)
    for turn in call.turns:
        pdf.ln(3)
        write(turn.speaker, 11, "B")
        write(turn.text, 11)
    return bytes(pdf.output())


class LinkSigner:
    """Signs paths as S3 does, in simpler arithmetic: a signature holds for one path, GET, and ``LINK_LIFETIME``."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def sign(self, path: str) -> str:
        """The path with a query that makes it valid from now on."""
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": self._clock.now().strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-Expires": str(int(LINK_LIFETIME.total_seconds())),
        }
        return f"{path}?{urlencode(query)}&X-Amz-Signature={self._signature('GET', path, query)}"

    def find_flaw(self, method: str, path: str, query: Mapping[str, str]) -> tuple[str, str] | None:
        """What is wrong with a link that somebody used: S3's error code and message; None if it is good."""
        given = query.get("X-Amz-Signature", "")
        signed = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
        # Bytes, because compare_digest refuses any text that is not ASCII.
        if not hmac.compare_digest(self._signature(method, path, signed).encode(), given.encode()):
            return "SignatureDoesNotMatch", "The request signature we calculated does not match the one you provided."
        made_at = datetime.strptime(signed["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if self._clock.now() >= made_at + timedelta(seconds=int(signed["X-Amz-Expires"])):
            return "AccessDenied", "Request has expired"
        return None

    def _signature(self, method: str, path: str, query: Mapping[str, str]) -> str:
        return hmac.digest(self._key, f"{method}\n{path}\n{urlencode(query)}".encode(), "sha256").hex()


def without_signatures(text: str) -> str:
    """A text, such as JSON, whose presigned links lead nowhere any more."""
    return _SIGNED.sub("?…", text)


def s3_error(status: int, code: str, message: str) -> web.Response:
    """An error as S3 words it, in XML."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")


def file_answer(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """The file, or the part of it that the request's Range header names: players seek with it."""
    try:
        start, stop, _ = request.http_range.indices(len(body))
    except ValueError:
        start = stop = 0
    if start >= stop:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    headers = {"Accept-Ranges": "bytes"}
    if "Range" not in request.headers:
        return web.Response(body=body, content_type=content_type, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[start:stop], content_type=content_type, headers=headers)
