"""The grammar that Block Kit's tables are written in: what a value may be, and a sentence for what it may not."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Problem:
    """Something that Slack would refuse.

    Attributes:
        pointer: a JSON pointer to it, such as ``/blocks/0/text/text``.
        sentence: what is wrong, in the manner of Slack's own sentences.
        code: the error that the Web API gives for it in a message.
    """

    pointer: str
    sentence: str
    code: str = "invalid_blocks"

    def __str__(self) -> str:
        return f"{self.sentence} [json-pointer:{self.pointer}]"


class Rule(Protocol):
    """What a value may be."""

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """Everything that is wrong with the value that stands at ``pointer``."""


@dataclass(frozen=True)
class Words:
    """A string of so many characters."""

    most: int
    least: int = 1

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """A wrong type or length."""
        if not isinstance(value, str):
            yield Problem(pointer, "must be a string")
        elif len(value) > self.most:
            yield Problem(pointer, f"must be less than {self.most + 1} characters")
        elif len(value) < self.least:
            yield Problem(pointer, f"must be more than {self.least - 1} characters")


@dataclass(frozen=True)
class Address:
    """A string that is a URL."""

    most: int = 3_000
    schemes: tuple[str, ...] = ("https://", "http://", "mailto:", "slack://")

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """A wrong type, length or scheme."""
        yield from Words(self.most).problems(value, pointer)
        if isinstance(value, str) and not value.startswith(self.schemes):
            yield Problem(pointer, "invalid url")


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[object, ...]

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """Another value."""
        if value not in self.values or isinstance(value, bool) is not isinstance(self.values[0], bool):
            yield Problem(pointer, f"must be one of {', '.join(map(repr, self.values))}")


@dataclass(frozen=True)
class Number:
    """A whole number within bounds."""

    least: int = 0
    most: int = 10**12

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """A wrong type or size."""
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(pointer, "must be an integer")
        elif not self.least <= value <= self.most:
            yield Problem(pointer, f"must be from {self.least} to {self.most}")


@dataclass(frozen=True)
class Anything:
    """A value that the sandbox does not look into."""

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:  # noqa: ARG002  the protocol's arguments
        """Nothing is wrong with it."""
        return iter(())


@dataclass(frozen=True)
class Many:
    """A list of so many, each after the same rule."""

    each: Rule
    most: int
    least: int = 1

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """A wrong type, too many, too few, and whatever is wrong with any of them."""
        if not isinstance(value, list | tuple):
            yield Problem(pointer, "must be an array")
            return
        if len(value) > self.most:
            yield Problem(pointer, f"no more than {self.most} items allowed")
        if len(value) < self.least:
            yield Problem(pointer, f"no fewer than {self.least} items allowed")
        for place, item in enumerate(value):
            yield from self.each.problems(item, f"{pointer}/{place}")


@dataclass(frozen=True)
class Shape:
    """An object with known keys.

    Attributes:
        required: keys that must be there.
        optional: keys that may be there; any other is refused. A null counts as not there.
        either: keys of which at least one must be there.
        only_one: keys of which at most one may be there.
        also: what no single key can tell.
    """

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    either: tuple[str, ...] = ()
    only_one: tuple[str, ...] = ()
    also: Callable[[Mapping[str, object], str], Iterator[Problem]] | None = None

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """Missing and unknown keys, and whatever is wrong with the known ones."""
        if not isinstance(value, dict):
            yield Problem(pointer, "must be an object")
            return
        rules = {**self.required, **self.optional}
        there = [key for key in value if value[key] is not None]
        yield from (Problem(pointer, f"missing required field: {key}") for key in self.required if key not in there)
        if self.either and not set(self.either) & set(there):
            yield Problem(pointer, f"must define one of {', '.join(self.either)}")
        if len(set(self.only_one) & set(there)) > 1:
            yield Problem(pointer, f"must not define more than one of {', '.join(self.only_one)}")
        for key in there:
            if key in rules:
                yield from rules[key].problems(value[key], f"{pointer}/{key}")
            elif key != "type":
                yield Problem(f"{pointer}/{key}", f"additional field not allowed: {key}")
        if self.also:
            yield from self.also(value, pointer)


@dataclass(frozen=True)
class OneOf:
    """An object whose ``type`` says which shape it has.

    Attributes:
        shapes: every type there is.
        allowed: the types allowed in this place.
        place: what to call this place in a sentence.
    """

    shapes: Mapping[str, Shape]
    allowed: Collection[str]
    place: str

    def problems(self, value: object, pointer: str) -> Iterator[Problem]:
        """An unknown type, one not allowed here, and whatever is wrong with its shape."""
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            yield Problem(pointer, "must be an object with a type")
        elif kind not in self.shapes:
            yield Problem(f"{pointer}/type", f"unsupported type: {kind}")
        elif kind not in self.allowed:
            yield Problem(f"{pointer}/type", f"{kind} is not allowed in {self.place}")
        else:
            yield from self.shapes[kind].problems(value, pointer)
