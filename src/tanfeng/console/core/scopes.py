"""What a user's scope codes stand for; the apps that keep the things say how to name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tanfeng.console.core.models import User

#: Code -> name, empty for a code nobody knows.
NameOf = Callable[[str], str]
#: Codes with their names, for a drop-down.
Choices = Callable[[], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """How the codes of one scope field are named and offered."""

    name_of: NameOf
    choices: Choices | None = None


_kinds: dict[str, Kind] = {}
_places: list[Callable[[User], str]] = []


def register(field: str, name_of: NameOf, choices: Choices | None = None) -> None:
    """Declare a scope field of the user (``place_code``, ``park_code``, ``org_code``)."""
    _kinds[field] = Kind(name_of, choices)


def register_place(function: Callable[[User], str]) -> None:
    """Declare how the county of a person is found: the own one, or that of park or enterprise."""
    _places[:] = [function]


def place_of(user: User) -> str:
    """Return the code of the county a person belongs to, empty for people of the whole city."""
    if user.place_code or not (_places and (user.park_code or user.org_code)):
        return user.place_code
    return _places[0](user)


def name_of(field: str, code: str) -> str:
    """Return the name of a code, empty when it is unknown or no code is given."""
    return _kinds[field].name_of(code) if code and field in _kinds else ""


def choices(field: str) -> list[tuple[str, str]]:
    """Return the codes to choose from, empty when they are too many to list."""
    kind = _kinds.get(field)
    return list(kind.choices()) if kind is not None and kind.choices is not None else []
