"""Visibility: the variables that an administrator hides from everybody, and those that all may see unmasked.

They are named by globs as :mod:`fnmatch` has them, in any case: ``*``, ``?`` and ``[…]``. A glob names a variable with
all that is in it, or a part of one by its path: ``customer.contact.email``. ``*`` stands for dots too: ``customer.*``
is all that is in ``customer``, and ``*.email`` any e-mail below the top. What is in a list has the path of the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from bot.core.calls import Call, CallId
from bot.core.foreign import fold
from bot.core.ports import CallsApi
from bot.core.privacy import join_path, mask_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """What may be seen of variables.

    Attributes:
        hidden: globs of those that nobody sees; they win.
        shown: globs of those that others than the asker see unmasked.
    """

    hidden: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def see(self, call: Call) -> Call:
        """The call without what is hidden, which is counted."""
        if not self.hidden:
            return call
        kept, count = self._without_hidden(call.variables, "")
        return replace(call, variables=kept, hidden_variables=count)

    def hides(self, path: str) -> bool:
        """Whether nobody sees what has that path, as it is hidden or is in what is."""
        parts = path.split(".")
        return any(_is_named(".".join(parts[:count]), self.hidden) for count in range(1, len(parts) + 1))

    def mask(self, name: str, value: object) -> tuple[str, object]:
        """A variable's name and value as others than the asker may see them."""
        ((shown_name, shown_value),) = mask_object({name: value}, is_shown=self._is_shown).items()
        return shown_name, shown_value

    def _is_shown(self, path: str) -> bool:
        return _is_named(path, self.shown)

    def _without_hidden(self, variables: Mapping[str, object], path: str) -> tuple[dict[str, object], int]:
        kept: dict[str, object] = {}
        hidden = 0
        for name, value in variables.items():
            inner_path = join_path(path, name)
            if _is_named(inner_path, self.hidden):
                hidden += 1
            else:
                kept[name], within = self._keep(value, inner_path)
                hidden += within
        return kept, hidden

    def _keep(self, value: object, path: str) -> tuple[object, int]:
        if isinstance(value, Mapping):
            return self._without_hidden(value, path)
        if isinstance(value, list):
            parts = [self._keep(inner, path) for inner in value]
            return [kept for kept, _ in parts], sum(within for _, within in parts)
        return value, 0


# Nothing is hidden, and everything is masked that can be.
MASKED = Visibility()


class VisibleCalls:
    """The calls API without what is hidden. It is dropped here, so nothing behind can show it by mistake."""

    def __init__(self, *, calls: CallsApi, visibility: Visibility) -> None:
        """Takes the API itself, and what may be seen."""
        self._calls = calls
        self._visibility = visibility

    async def get_call(self, call_id: CallId) -> Call:
        """Asks for one call; raises what :meth:`CallsApi.get_call` raises."""
        return self._visibility.see(await self._calls.get_call(call_id))


def _is_named(path: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(fold(path), fold(glob)) for glob in globs)
