"""A workflow as a picture, drawn on the server from the table it is declared in.

States stand below each other, so that the picture fits a phone; steps to the next state go down
the middle, all others round the side. Colours and lines are classes of the style sheet: the
policy allows no style in the page.
"""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tanfeng.console.core.models import Role
from tanfeng.console.registers.workflow import Machine, Transition

_LEFT, _WIDTH, _HEIGHT, _STEP, _TOP = 8, 172, 40, 104, 10
#: Where the first lane lies, how far the lanes are apart, how high two lines of words are.
_LANES, _LANE, _LINES = 230, 22, 38
_TEXT = 190


def draw(machine: Machine) -> SafeString:
    """Return the SVG of a workflow with a title for who cannot see it."""
    places = {state.key: number for number, state in enumerate(machine.states)}
    height = _TOP * 2 + _HEIGHT + _STEP * (len(places) - 1)
    down: dict[int, list[Transition]] = {}
    round_: list[tuple[int, int, Transition]] = []
    for one in machine.transitions:
        for source in one.sources:
            start, end = places[source], places[one.target or source]
            if end == start + 1:
                down.setdefault(start, []).append(one)
            else:
                round_.append((start, end, one))
    lanes = len({(end, one.key) for _start, end, one in round_})
    width = _LANES + _LANE * max(lanes - 1, 0) + _TEXT if lanes else _LANES + 20
    return format_html(
        '<svg class="workflow" role="img" viewBox="0 0 {} {}" width="{}" height="{}">'
        "<title>{}</title>{}{}{}</svg>",
        width,
        height,
        width,
        height,
        _title(machine),
        _arrows_down(down),
        _arrows_round(round_),
        _boxes(machine),
    )


def _title(machine: Machine) -> str:
    told = "; ".join(
        f"{machine.state(source).label} → "
        f"{machine.state(one.target or source).label}: {_words(one)}"
        for one in machine.transitions
        for source in one.sources
    )
    return f"{machine.label}. {told}"


def _who(one: Transition) -> str:
    if one.by_system:
        return _("by itself")
    return " / ".join(str(Role(role).label) for role in one.roles)


def _words(one: Transition) -> str:
    return f"{one.label} ({_who(one)})"


def _y(number: int) -> int:
    return _TOP + _STEP * number


def _boxes(machine: Machine) -> SafeString:
    return format_html_join(
        "",
        '<g class="state {}"><rect x="{}" y="{}" width="{}" height="{}" rx="8"/>'
        '<text x="{}" y="{}">{}</text></g>',
        (
            (
                state.kind,
                _LEFT,
                _y(number),
                _WIDTH,
                _HEIGHT,
                _LEFT + _WIDTH // 2,
                _y(number) + _HEIGHT // 2 + 5,
                state.label,
            )
            for number, state in enumerate(machine.states)
        ),
    )


def _arrows_down(down: dict[int, list[Transition]]) -> SafeString:
    x = _LEFT + 24
    return format_html_join(
        "",
        '<g class="step"><path d="M{} {}V{}"/><path class="head" d="M{} {}l-5 -9h10z"/>{}</g>',
        (
            (
                x,
                _y(number) + _HEIGHT,
                _y(number + 1) - 8,
                x,
                _y(number + 1),
                _texts(x + 12, _y(number) + _HEIGHT + 26, steps[0]),
            )
            for number, steps in down.items()
        ),
    )


def _texts(x: int, y: int, one: Transition) -> SafeString:
    """Return what a step is called and, below, who takes it."""
    return format_html(
        '<text x="{}" y="{}">{}</text><text class="who" x="{}" y="{}">{}</text>',
        x, y, one.label, x, y + 16, _who(one),
    )  # fmt: skip


def _arrows_round(steps: list[tuple[int, int, Transition]]) -> SafeString:
    """Draw each step that goes elsewhere in a lane of its own, its words right of all lanes."""
    by_lane: dict[tuple[int, str], list[tuple[int, int, Transition]]] = {}
    for start, end, one in steps:
        by_lane.setdefault((end, one.key) if start != end else (-1, one.key), []).append(
            (start, end, one)
        )
    # The shortest way lies inside, so that lanes cross as little as they can.
    ways = sorted(by_lane.values(), key=lambda way: max(abs(s - e) for s, e, _one in way))
    free = _TOP
    right, text_at = _LEFT + _WIDTH, _LANES + _LANE * len(ways)
    left: dict[int, int] = {}
    parts = []
    for lane, way in enumerate(ways):
        x = _LANES + _LANE * lane
        ends = []
        for start, end, _one in way:
            leave = _y(start) + 9 + 7 * left.setdefault(start, 0)
            left[start] += 1
            enter = _y(end) + _HEIGHT - 5
            ends += [leave, enter]
            parts.append(
                format_html(
                    '<g class="step back"><path d="M{} {}H{}V{}H{}"/>'
                    '<path class="head" d="M{} {}l9 -5v10z"/></g>',
                    right, leave, x, enter, right + 8, right, enter,
                )
            )  # fmt: skip
        at = max(free, (ends[0] + ends[1]) // 2 - 8)
        free = at + _LINES
        parts.append(
            format_html(
                '<g class="step"><path class="leader" d="M{} {}H{}"/>{}</g>',
                x, at, text_at - 6, _texts(text_at, at + 4, way[0][2]),
            )
        )  # fmt: skip
    return format_html_join("", "{}", ((part,) for part in parts))
