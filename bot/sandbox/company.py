"""The company that the sandbox's Samora serves: three agents and some forty calls, the same ones at every start."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

FINISHED: Final = "7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10"
FINISHED_WITHOUT_MEDIA: Final = "2b9d4e70-1c35-4a88-8f02-6d5e9b7c3f21"
ONGOING: Final = "c41e8a96-0f7d-4b52-a3c9-1e2d5f8b6a32"
PENDING: Final = "5d02b7f3-9e14-4c6a-b8d5-7a3f1c0e9b43"
TRIGGERED: Final = "e86f1d25-3a70-4f9b-9c47-0b5d8e2a6c54"
UNANSWERED: Final = "19c5a0e8-7d42-4e13-8b6f-f2d7c3a95e65"
REJECTED: Final = "a3708f5b-c619-4d2e-b154-8e9c0d6f7b76"
VOICEMAIL: Final = "60d9e3b4-28af-4175-a0ce-5b1f7d4c8e87"
HOSTILE: Final = "f5124c8d-6be0-493a-87d1-c0a9e6b3d298"
MANY_VARIABLES: Final = "8ea7b619-d453-4c0f-9f28-3d6b5c1a0fa9"

ASHA: Final = "3d1f6a52-8c07-4e9b-a4d3-92b5e0c7f101"
RAVI: Final = "b27c9e04-51fa-4d68-8e30-6f1a3d8c5202"
MAYA: Final = "94e0d5b8-7f23-4a1c-b96e-0c8d2a7f4303"
AGENT_NAMES: Final[Mapping[str, str]] = {ASHA: "Asha, appointments", RAVI: "Ravi, payments", MAYA: "Maya, deliveries"}

Variables: TypeAlias = dict[str, object]
Event = Literal["trigger", "answer", "hang_up", "reject", "no_answer", "recording_ready", "transcript_ready"]

# What each event of the telephone needs and makes; the two events of the media are not here, as they keep the status.
_STEPS: Final[Mapping[Event, tuple[str, str]]] = {
    "trigger": ("PENDING", "TRIGGERED"),
    "answer": ("TRIGGERED", "ONGOING"),
    "no_answer": ("TRIGGERED", "UNANSWERED"),
    "reject": ("TRIGGERED", "REJECTED"),
    "hang_up": ("ONGOING", "CALL_FINISHED"),
}


class EventRefusedError(Exception):
    """The event does not fit the call's state; the text is a sentence for a person."""


class Turn(NamedTuple):
    """One thing that one speaker said."""

    speaker: str
    text: str


@dataclass(kw_only=True)
class SandboxCall:
    """A call as the sandbox's Samora knows it; unlike the real API's answer, it knows its own id.

    Attributes:
        call_id: a UUID in its lower-case form with dashes.
        agent_id: one of ``AGENT_NAMES``, or whatever a test wants.
        status: a documented status, or any other text: the real API may invent one.
        created_at: aware UTC, like the three that follow.
        updated_at: when status or media last changed.
        started_at: when the conversation began; None if it did not.
        ended_at: when it ended; None if it did not.
        has_recording: whether the answer links to a recording.
        has_transcript: whether the answer links to a transcript.
        variables: the ``call_variables``; None and ``{}`` both occur.
        turns: what the transcript says.
    """

    call_id: str
    agent_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    has_recording: bool = False
    has_transcript: bool = False
    variables: Variables | None = None
    turns: tuple[Turn, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that fit the call's present state."""
        possible = [event for event, (needed, _) in _STEPS.items() if needed == self.status]
        if self.ended_at is not None:
            possible += [] if self.has_recording else ["recording_ready"]
            possible += [] if self.has_transcript else ["transcript_ready"]
        return tuple(possible)

    def move(self, event: Event, now: datetime) -> None:
        """Lets an event happen to the call.

        Args:
            event: what happens.
            now: when it happens, an aware UTC datetime.

        Raises:
            EventRefusedError: the event does not fit the state; nothing was changed.
        """
        if event not in self.events:
            fitting = ", ".join(self.events) or "nothing"
            message = f"{event} does not fit a call that is {self.status}: {fitting} would."
            raise EventRefusedError(message)
        match event:
            case "recording_ready":
                self.has_recording = True
            case "transcript_ready":
                self.has_transcript = True
            case _:
                self.status = _STEPS[event][1]
        if event == "answer":
            self.started_at = now
        elif event == "hang_up":
            self.ended_at = now
        self.updated_at = now


_SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    ASHA: (
        "Good morning, this is Asha from Sunrise Clinic. Am I speaking with {who}?",
        "Yes, speaking.",
        "I am calling about your appointment on Thursday at half past ten. Does that still suit you?",
        "Thursday is difficult. Could we make it Friday?",
        "Friday at eleven is free. Shall I book it for you?",
        "Yes, please. ¡Muchas gracias!",
        "Done. You will get a message with the details. Have a good day!",
    ),
    RAVI: (
        "Hello {who}, this is Ravi from Lakshmi Finance with a reminder about your instalment.",
        "Oh, is it due already?",
        "It is due on the fifth. Would you like a payment link by message?",
        "Yes, send it. I will pay this evening.",
        "I have sent it. Is there anything else I can help you with?",
        "No, that was all. Thank you.",
    ),
    MAYA: (
        "Hi, this is Maya from Quick Parcel. I have a delivery for {who}.",
        "I am not at home now. Can the driver come later?",
        "Certainly. Between six and eight this evening?",
        "Perfect. Please ring twice, the bell is quiet.",
        "I have told the driver. Goodbye!",
    ),
}


def make_turns(agent_id: str, who: str) -> tuple[Turn, ...]:
    """The conversation that an agent leads with somebody of that name; an unknown agent speaks as Asha does."""
    script = _SCRIPTS.get(agent_id, _SCRIPTS[ASHA])
    return tuple(Turn(("Agent", "Caller")[place % 2], line.format(who=who)) for place, line in enumerate(script))


class _Row(NamedTuple):
    """A line of the table: ``age`` in minutes, ``talk`` in seconds (0: nobody spoke), ``media``: r, t, both or none.

    ``who`` becomes the variable ``name`` of calls that have variables.
    """

    status: str
    agent_id: str
    age: int
    talk: int
    media: str
    who: str
    variables: Variables | None
    call_id: str = ""


_HOSTILE_VARIABLES: Final[Variables] = {
    "name": "<!channel> <!here> <!everyone>",
    "<@U123>": "<@U123> <#C123|general> <!subteam^S123>",
    "link": "<https://evil.example|click>",
    "bare_link": "https://evil.example/login?next=<script>alert(1)</script>",
    "backticks": "```not code``` and `neither is this`",
    "emphasis": "*bold* _italic_ ~gone~\n> quoted\n&lt;escaped&gt; & more",
    "reversed": "invoice\u202efdp.exe",
    "emoji": ":rotating_light: :white_check_mark: 🚨",
    "invisible": "zero\u200bwidth\u0000nul",
    "": "an empty key",
    "*key* `too`": "",
    "very_long": "all work and no play " * 200,
    "customer": {"contact": {"email": "mallory@example.com", "phones": ["+1 202 555 0147", "+91 55550 10099"]}},
}
_MANY_VARIABLES: Final[Variables] = {f"field_{number:03}": f"value {number}" for number in range(1, 150)}

_TABLE: Final[tuple[_Row, ...]] = (
    _Row("CALL_FINISHED", ASHA, 42, 214, "rt", "Priya Raman",
         {"email": "priya.raman@example.com", "phone": "+91 55550 10001", "customer_id": "CUST-001",
          "language": "ta", "பெயர்": "பிரியா ராமன்"}, FINISHED),
    _Row("CALL_FINISHED", RAVI, 6, 95, "", "Arjun Mehta",
         {"phone": "+91 55550 10002", "loan": {"id": "LN-2201", "due": 4250.5, "currency": "INR"}},
         FINISHED_WITHOUT_MEDIA),
    _Row("ONGOING", MAYA, 2, 0, "", "Lucía Fernández",
         {"idioma": "español", "dirección": "Calle del Olmo 7, 2.º B", "email": "lucia@example.com"}, ONGOING),
    _Row("PENDING", ASHA, 1, 0, "", "Oliver Shaw", {"phone": "+44 7700 900123", "reason": "check-up"}, PENDING),
    _Row("TRIGGERED", RAVI, 1, 0, "", "Fatima Al Harbi",
         {"الاسم": "فاطمة الحربي", "language": "ar", "phone": "+1 202 555 0110"}, TRIGGERED),
    _Row("UNANSWERED", MAYA, 65, 0, "", "Deepak Verma",
         {"नाम": "दीपक वर्मा", "parcel": "QP-88121"}, UNANSWERED),
    _Row("REJECTED", RAVI, 80, 0, "", "Chloé Martin",
         {"phone": "+33 1 99 00 12 34", "langue": "français"}, REJECTED),
    _Row("VOICEMAIL", ASHA, 120, 21, "r", "Jack Nguyen", {"phone": "+61 491 570 156"}, VOICEMAIL),
    _Row("CALL_FINISHED", RAVI, 150, 64, "rt", "Mallory", _HOSTILE_VARIABLES, HOSTILE),
    _Row("CALL_FINISHED", MAYA, 200, 131, "rt", "Anita Desai", _MANY_VARIABLES, MANY_VARIABLES),
    _Row("CALL_FINISHED", ASHA, 12, 188, "r", "Karthik Subramanian",
         {"மொழி": "தமிழ்", "phone": "+91 55550 10003"}),
    _Row("CALL_FINISHED", RAVI, 25, 77, "t", "Neha Kulkarni", {"भाषा": "मराठी", "email": "neha.k@example.com"}),
    _Row("ONGOING", ASHA, 4, 0, "", "Samuel Okafor", None),
    _Row("PENDING", MAYA, 3, 0, "", "Meera Pillai", {"ഭാഷ": "മലയാളം"}),
    _Row("PENDING", RAVI, 9, 0, "", "Tom Baker", {}),
    _Row("TRIGGERED", ASHA, 1, 0, "", "Hana Sato", {"名前": "佐藤花", "language": "ja"}),
    _Row("CALL_FINISHED", MAYA, 95, 43, "rt", "Mohammed Iqbal", None),
    _Row("CALL_FINISHED", ASHA, 110, 301, "rt", "Elena Popescu", {}),
    _Row("UNANSWERED", ASHA, 130, 0, "", "Rahul Nair", None),
    _Row("CALL_FINISHED", RAVI, 170, 59, "rt", "Sofía Castro",
         {"nota": "Prefiere que la llamen por la mañana", "phone": "+1 202 555 0123"}),
    _Row("CALL_FINISHED", MAYA, 185, 4, "", "Wrong Number", {"attempt": 1, "vip": False, "referrer": None}),
    _Row("REJECTED", ASHA, 240, 0, "", "Vikram Singh", {"भाषा": "हिन्दी", "phone": "+91 55550 10004"}),
    _Row("CALL_FINISHED", RAVI, 260, 902, "rt", "Greta Lindqvist",
         {"språk": "svenska", "invoice": {"number": "F-1007", "lines": [{"text": "Räntor", "amount": 120}]}}),
    _Row("CALL_FINISHED", ASHA, 320, 156, "rt", "Yusuf Demir", {"dil": "Türkçe", "email": "yusuf@example.com"}),
    _Row("CALL_FINISHED", MAYA, 400, 88, "rt", "Lakshmi Rao", {"పేరు": "లక్ష్మి రావు", "parcel": "QP-88143"}),
    _Row("UNANSWERED", RAVI, 480, 0, "", "Pedro Alves", {"idioma": "português", "attempts": 3}),
    _Row("CALL_FINISHED", ASHA, 600, 245, "rt", "Sunita Sharma",
         {"नाम": "सुनीता शर्मा", "phone": "+91 55550 10005", "score": 4.5}),
    _Row("CALL_FINISHED", RAVI, 720, 119, "rt", "Ahmed Mansour",
         {"المدينة": "القاهرة", "email": "ahmed@example.com"}),
    _Row("VOICEMAIL", MAYA, 800, 17, "rt", "Ingrid Bauer",
         {"Ort": "Köln", "notes": ["zweimal klingeln", "Hintereingang"]}),
    _Row("CALL_FINISHED", MAYA, 1000, 71, "rt", "Ananya Chatterjee",
         {"ভাষা": "বাংলা", "phone": "+91 55550 10006"}),
    _Row("REJECTED", MAYA, 1200, 0, "", "Harpreet Kaur", {"ਭਾਸ਼ਾ": "ਪੰਜਾਬੀ"}),
    _Row("CALL_FINISHED", ASHA, 1440, 199, "rt", "George Adams",
         {"phone": "+44 20 7946 0321", "consent": True}),
    _Row("CALL_FINISHED", RAVI, 1700, 1324, "rt", "Olena Kovalenko", {"мова": "українська"}),
    _Row("CALL_FINISHED", ASHA, 2000, 8, "r", "Minh Tran", {"hỏi": "Tôi bận, xin gọi lại sau"}),
    _Row("UNANSWERED", MAYA, 2400, 0, "", "Isabella Rossi", {"lingua": "italiano"}),
    _Row("CALL_FINISHED", MAYA, 2900, 92, "rt", "Kavya Gowda",
         {"ಹೆಸರು": "ಕಾವ್ಯ ಗೌಡ", "email": "kavya@example.com"}),
    _Row("CALL_FINISHED", RAVI, 4300, 133, "rt", "David Cohen", {"שפה": "עברית"}),
    _Row("CALL_FINISHED", ASHA, 5800, 3671, "rt", "Li Wei", {"姓名": "李伟", "城市": "上海"}),
    _Row("CALL_FINISHED", RAVI, 8700, 51, "rt", "Grace Mwangi",
         {"lugha": "Kiswahili", "plan": {"name": "Gold", "months": 12}}),
    _Row("CALL_FINISHED", MAYA, 10080, 66, "rt", "Rohan Patel",
         {"નામ": "રોહન પટેલ", "phone": "+91 55550 10007"}),
)  # fmt: skip


def make_company(now: datetime) -> dict[str, SandboxCall]:
    """The company's calls by their id: always the same ones, dated back from ``now`` (an aware UTC datetime)."""
    dice = Random(20240115)
    calls = (_make_call(row, row.call_id or str(UUID(int=dice.getrandbits(128), version=4)), now) for row in _TABLE)
    return {call.call_id: call for call in calls}


def _make_call(row: _Row, call_id: str, now: datetime) -> SandboxCall:
    created_at = now - timedelta(minutes=row.age)
    spoke = row.talk > 0 or row.status == "ONGOING"
    started_at = created_at + timedelta(seconds=9) if spoke else None
    ended_at = started_at + timedelta(seconds=row.talk) if started_at and row.talk else None
    return SandboxCall(
        call_id=call_id,
        agent_id=row.agent_id,
        status=row.status,
        created_at=created_at,
        updated_at=ended_at or started_at or created_at,
        started_at=started_at,
        ended_at=ended_at,
        has_recording="r" in row.media,
        has_transcript="t" in row.media,
        variables=deepcopy({"name": row.who} | row.variables if row.variables else row.variables),
        turns=make_turns(row.agent_id, row.who) if spoke else (),
    )
