"""What the page may ask for: something that a person does, or something that happens to the stage."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.campaign import CALLS, SECONDS, CampaignRefusedError
from bot.sandbox.company import AGENT_NAMES, EventRefusedError
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.elements import Json
from bot.sandbox.stage import Stage

# New people to call, in turn: names that nobody has, and numbers that ring nowhere (Ofcom's and NANPA's for fiction).
_PEOPLE = (("Noor Haddad", "+44 7700 900456"), ("Ben Achterberg", "+1 202 555 0172"), ("Sara Lind", "+44 7700 900789"))


# A command of Slack's own, which the bot asks people for.
INVITE = "/invite"


class OrderRefusedError(Exception):
    """The order makes no sense, or Slack does not offer that; the text is a sentence for a person."""


class Orders:
    """Carries orders out. ``bot/sandbox/page/src/protocol.ts`` lists them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._people = Control(stage.slack)
        self._of_stage: Mapping[str, Callable[..., Any]] = {
            "move_call": self._move_call,
            "add_call": self._add_call,
            "advance": self._advance,
            "weather": self._change_weather,
            "process": self._process,
            "start_campaign": self._start_campaign,
            "stop_campaign": self._stage.samora.campaigns.stop,
        }

    async def carry_out(self, user: str, order: Json) -> Ack:
        """Carries one order out as that person.

        Returns:
            How the bot took it, where it was told; otherwise that all is well.

        Raises:
            OrderRefusedError: it could not be.
        """
        try:
            done = await self._carry_out(user, dict(order))
        except KeyError as error:
            text = f"missing: {error}"
            raise OrderRefusedError(text) from None
        except (CampaignRefusedError, EventRefusedError, LookupError, PermissionError, TypeError, ValueError) as error:
            raise OrderRefusedError(str(error)) from None
        return done if isinstance(done, Ack) else Ack(ok=True)

    async def _carry_out(self, user: str, order: Json) -> object:
        what = str(order.pop("do"))
        if what in self._of_stage:
            done = self._of_stage[what](**order)
            return await done if inspect.isawaitable(done) else done
        if what == "say" and str(order["text"]).startswith(f"{INVITE} "):
            what, order = "invite_bot", _invitation(**order)
        elif what == "say" and str(order["text"]).startswith("/"):
            what, order = "command", self._command(**order)
        if what == "press":
            order["what"] = order.pop("action_id")
        return await self._people.act(user, what, order)

    def _command(self, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Reads a slash command as Slack's composer does."""
        command, _, rest = text.partition(" ")
        if command not in {known.command for known in self._stage.features.commands}:
            message = f"{command} is not a command here."
            raise LookupError(message)
        if thread_ts:
            message = "Slack has no slash commands in threads. Mention @samora with the call's id instead."
            raise PermissionError(message)
        return {"channel": channel, "command": command, "text": rest.strip()}

    def _move_call(self, call_id: str, event: Any) -> None:
        self._stage.samora.move(call_id, event)

    def _add_call(self) -> None:
        calls = self._stage.samora.calls
        name, phone = _PEOPLE[len(calls) % len(_PEOPLE)]
        agent_id = list(AGENT_NAMES)[len(calls) % len(AGENT_NAMES)]
        self._stage.samora.add_call(variables={"name": name, "phone": phone}, agent_id=agent_id)

    def _start_campaign(self, agent_id: str, calls: int = CALLS, seconds: float = SECONDS) -> None:
        if agent_id not in AGENT_NAMES:
            message = "There is no such agent here."
            raise LookupError(message)
        self._stage.samora.campaigns.start(agent_id, calls=calls, seconds=seconds)

    def _advance(self, seconds: float) -> None:
        self._stage.clock.advance(seconds)
        self._stage.changes.announce()

    def _change_weather(self, of: str, to: str) -> None:
        self._stage.weather.change(of, to)
        self._stage.changes.announce()

    async def _process(self, what: str) -> None:
        bot = self._stage.bot
        match what:
            case "kill":
                await bot.kill()
            case "stop":
                await bot.stop()
            case "start" if bot.exit_code is not None:
                await bot.start()
            case "start":
                pass
            case _:
                message = 'a process can be told to "kill", "stop" or "start"'
                raise ValueError(message)


def _invitation(channel: str, text: str, thread_ts: str | None = None) -> Json:
    """Reads Slack's own command that brings somebody into a channel: here, the bot alone."""
    del thread_ts
    if text.removeprefix(INVITE).strip().lower() != "@samora":
        message = f"Here only the bot can be invited: {INVITE} @samora."
        raise LookupError(message)
    return {"channel": channel}
