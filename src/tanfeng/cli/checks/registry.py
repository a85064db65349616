"""What a check is, the list of all of them, and the one loop that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tanfeng.errors import Problem, Severity

Place = Literal["program", "home"]
#: What a check found: the sentence in Chinese and in English.
Said = tuple[str, str]
Examine = Callable[[Path], Iterable[Said]]

_SEVERITY: dict[str, Severity] = {"E": "error", "W": "warning", "I": "info"}
_FAILED = "TF-E001"


@dataclass(frozen=True, slots=True)
class Check:
    """One numbered check.

    Parameters
    ----------
    number : str
        ``TF-E012`` for an error, ``TF-W...`` for a warning, ``TF-I...`` for information.
    place : {"program", "home"}
        Whether it looks at the installed program alone or at a home folder.
    about_zh, about_en : str
        What is wrong when it finds something, in general.
    remedy_zh, remedy_en : str
        What to do about it.
    examine : callable
        Given the home folder (the working folder for a check of the program), yields one
        sentence in both languages for each finding.
    """

    number: str
    place: Place
    about_zh: str
    about_en: str
    remedy_zh: str
    remedy_en: str
    examine: Examine

    @property
    def severity(self) -> Severity:
        """Return the severity its number says."""
        return _SEVERITY[self.number[3]]

    def found(self, zh: str, en: str) -> Problem:
        """Return one finding of this check."""
        return Problem(self.number, self.severity, zh, en, self.remedy_zh, self.remedy_en)


#: number -> check, in the order of the numbers.
CHECKS: dict[str, Check] = {}


def check(number: str, place: Place, about: Said, remedy: Said) -> Callable[[Examine], Examine]:
    """Declare a check; the texts are given in Chinese and in English."""

    def declare(examine: Examine) -> Examine:
        if number in CHECKS:
            raise ValueError(f"the number {number} is given out twice")
        CHECKS[number] = Check(number, place, *about, *remedy, examine)
        for key in sorted(CHECKS, key=lambda key: key[4:]):
            CHECKS[key] = CHECKS.pop(key)
        return examine

    return declare


@check(
    _FAILED,
    "program",
    ("某项检查未能进行", "a check could not be carried out"),
    (
        "先处理其他各项；仍出现时，把这一行交给维护人员。",
        "Repair what else is listed first; if it stays, give this line to the maintainers.",
    ),
)
def _never_of_itself(_home: Path) -> Iterable[Said]:
    """Find nothing: the loop below raises this number for others."""
    return ()


def run(place: Place, home: Path) -> tuple[Problem, ...]:
    """Run the checks of a place.

    Parameters
    ----------
    place : {"program", "home"}
        Which of them; for a home Django must have been set up.
    home : Path
        The home folder.

    Returns
    -------
    tuple of Problem
        By number.
    """
    return tuple(
        problem for one in CHECKS.values() if one.place == place for problem in _findings(one, home)
    )


def _findings(one: Check, home: Path) -> Iterator[Problem]:
    try:
        yield from [one.found(zh, en) for zh, en in one.examine(home)]
    except Exception as error:  # whatever it is, the other checks go on and the person is told
        said = f"{type(error).__name__}: {error}"
        yield CHECKS[_FAILED].found(
            f"检查 {one.number} 未能进行：{said}", f"{one.number} could not be carried out: {said}"
        )
