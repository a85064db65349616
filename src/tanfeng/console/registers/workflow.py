"""Workflows as one declared table: states, transitions, who may, what must be filled.

A state-machine library would bring decorators on models and would still need this table for the
rights, the required fields and the picture. The table is all there is: ``actions`` turns it into
rules of the one rights function, ``check`` asks whether a step can be taken now, ``move`` takes
it, and ``diagram`` draws it.

Approve is not enter: ``not_by`` names the steps whose author cannot take this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import override

from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.errors import DataError, ModelError, Problem

#: Thing, typed values -> what is missing, as pairs of Chinese and English; empty when nothing is.
Needs = Callable[[Any, Mapping[str, Any]], Iterable[tuple[str, str]]]
#: User, thing, names of steps -> whether the user took one of them.
Took = Callable[[User, Any, tuple[str, ...]], bool]


@dataclass(frozen=True, slots=True)
class State:
    """Where a record can stand; ``kind`` is the colour of its pill."""

    key: str
    label: str | Promise
    kind: str = "muted"


@dataclass(frozen=True, slots=True)
class Transition:
    """A step from one state to another.

    Parameters
    ----------
    key : str
        Name of the action in the rights function, in the log and in the form.
    label : str
        What the button says.
    sources : tuple of str
        States it starts from.
    target : str
        State it leads to; that of the source for a step that changes no state.
    roles : tuple of Role
        Who may, inside the own scope.
    must : tuple of str
        Names of values that must be typed with it, such as ``remark``.
    needs : callable, optional
        What else must be there.
    not_by : tuple of str
        Steps (``enter`` is the first) whose author cannot take this one.
    by_system : bool
        The program takes it as a consequence of another; no button.
    """

    key: str
    label: str | Promise
    sources: tuple[str, ...]
    target: str
    roles: tuple[Role, ...]
    must: tuple[str, ...] = ()
    needs: Needs | None = None
    not_by: tuple[str, ...] = ()
    by_system: bool = False


@dataclass(frozen=True)
class Machine:
    """States and transitions of one kind of record; the first state is where it begins."""

    key: str
    label: str | Promise
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    took: Took

    def __post_init__(self) -> None:
        """Refuse a table that names states it does not have."""
        known = {state.key for state in self.states}
        for one in self.transitions:
            unknown = ({*one.sources, one.target} if one.target else {*one.sources}) - known
            if unknown:
                raise ModelError(f"{self.key}.{one.key} names no state: {', '.join(unknown)}")

    @property
    def initial(self) -> str:
        """Return the state a new record has."""
        return self.states[0].key

    def choices(self) -> list[tuple[str, str | Promise]]:
        """Return the states for a field or a filter."""
        return [(state.key, state.label) for state in self.states]

    def state(self, key: str) -> State:
        """Return a state by its key."""
        return next(one for one in self.states if one.key == key)

    def transition(self, key: str) -> Transition:
        """Return a step by its key.

        Raises
        ------
        ModelError
            If the table has none of that name.
        """
        for one in self.transitions:
            if one.key == key:
                return one
        raise ModelError(f"{self.key} has no step {key!r}")

    def actions(self) -> dict[str, rights.Test]:
        """Return the steps as tests for ``rights.register``."""
        return {one.key: self._test(one) for one in self.transitions if not one.by_system}

    def _test(self, one: Transition) -> rights.Test:
        def test(user: User, thing: Any) -> bool:
            if user.role not in one.roles:
                return False
            return thing is None or not (one.not_by and self.took(user, thing, one.not_by))

        return test

    def offered(self, user: User, thing: Any) -> list[Transition]:
        """Return the steps the person may take from where the record stands."""
        return [
            one
            for one in self.transitions
            if thing.state in one.sources and not one.by_system and rights.can(user, one.key, thing)
        ]

    def check(self, user: User, thing: Any, key: str, values: Mapping[str, Any]) -> Transition:
        """Return the step if it can be taken now.

        Raises
        ------
        PermissionDenied
            If the person may not.
        DataError
            With everything that is missing.
        """
        one = self.transition(key)
        rights.require(user, key, thing)
        found: list[Problem] = []
        if thing.state not in one.sources:
            now = self.state(thing.state).label
            found.append(
                _problem(
                    f"当前状态为“{_in('zh-hans', now)}”，不能{_in('zh-hans', one.label)}",
                    f"It is “{_in('en', now)}”: “{_in('en', one.label)}” cannot be done now",
                )
            )
        found += [
            _problem("请填写说明", "Fill in the remark", name)
            for name in one.must
            if not values.get(name)
        ]
        if one.needs is not None and not found:
            found += [_problem(zh, en) for zh, en in one.needs(thing, values)]
        if found:
            raise DataError(found)
        return one

    def move(self, user: User, thing: Any, key: str, values: Mapping[str, Any]) -> tuple[Any, str]:
        """Take a step; what it brings with it is the caller's, and so is the saving.

        Returns
        -------
        thing
            As the database has it, locked, in its new state.
        before : str
            The state it was in.

        Raises
        ------
        PermissionDenied
            If the person may not.
        DataError
            With everything that is missing.
        """
        held = type(thing)._default_manager.select_for_update().get(pk=thing.pk)
        before = held.state
        held.state = self.check(user, held, key, values).target or before
        return held, before


def _in(language: str, label: str | Promise) -> str:
    with override(language):
        return str(label)


def _problem(zh: str, en: str, heading: str = "") -> Problem:
    return Problem("W001", "error", zh, en, heading=heading)
