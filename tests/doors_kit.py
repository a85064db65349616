"""What a door is, and the two firms behind it.

Every address of the console has an entry in the ``DOORS`` of ``tests/console/<app>/doors.py``.
``tests/contracts/test_doors.py`` walks all of them as every kind of user, looking for anything of
firm B. To declare a new address::

    DOORS = {
        "enterprises": Door(),                                          # a list by rights
        "enterprise": Door(lambda world: {"credit_code": world.code_b}),  # a page about B
        "upload-undo": Door(lambda world: {"batch_id": world.batch_b.pk}, get=False, post={}),
        "standards": Door(common=True),                                 # the same for everybody
        "healthz": Door(open=True),                                     # no sign-in
    }
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

#: People who may see firm B, and people who may not.
INSIDERS = frozenset({"city", "county_b", "firm_b"})
OUTSIDERS = frozenset({"anonymous", "county_a", "park_a", "firm_a", "verifier_a", "admin"})


@dataclass(frozen=True)
class Door:
    """One address of the console.

    Parameters
    ----------
    at : callable, optional
        World -> arguments of the address; with one, the address is about firm B.
    get : bool
        Whether it answers GET; a door for forms alone answers 405.
    post : mapping or callable, optional
        Fields to post, or a function of the world that gives them; None when nothing is posted.
    common : bool
        Everybody signed in sees the same there, and nothing of a firm.
    open : bool
        It opens without signing in.
    seen_by : frozenset of str
        Who may see what is behind it when it is about firm B.
    keepers : frozenset of str
        Who keeps what is behind it and so meets names of enterprises, such as the scope of an
        account; what firm B reported is shown there to nobody.
    """

    at: Callable[[Any], Mapping[str, Any]] | None = None
    get: bool = True
    post: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None = None
    common: bool = False
    open: bool = False
    seen_by: frozenset[str] = INSIDERS
    keepers: frozenset[str] = frozenset()


@dataclass
class World:
    """Two firms with everything the console keeps about them, and one user of each kind."""

    users: dict[str, Any]
    code_a: str
    code_b: str
    place_b: str
    secrets: frozenset[str]
    things: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Return a thing of the world by name, such as ``batch_b``."""
        try:
            return self.__dict__["things"][name]
        except KeyError:
            raise AttributeError(name) from None


_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s,\u2009\u202f\u00a0](?=\d)")


def readable(content: bytes) -> str:
    """Return what stands in an answer: a page, JSON, or the sheets inside a workbook.

    Spaces and commas between digits are dropped, so that a number is found however it is grouped.
    The token against forgery is random and may hold any digits; it says nothing of anybody.
    """
    if content[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    text = _TOKEN.sub("", content.decode("utf-8", "replace"))
    return _BETWEEN_DIGITS.sub("", text)


def leaked(content: bytes, secrets: frozenset[str]) -> list[str]:
    """Return which secrets stand in an answer."""
    text = readable(content)
    return sorted(secret for secret in secrets if secret in text)
