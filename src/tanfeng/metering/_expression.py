"""Expressions of virtual meters: text becomes a tree. Nothing is ever evaluated as code.

Grammar::

    sum      = term (("+" | "-") term)*
    term     = factor (("*" | "/") factor)*
    factor   = "-" factor | number [ "[" unit "]" ] | point | call | "(" sum ")"
    call     = ("min" | "max" | "sum") "(" argument ("," argument)* ")"
    argument = sum, or of the function sum alone: "pattern", with * and ? for parts of a name
    point    = name of letters, digits, "_", ".", ":", "#", not starting with a digit; any other
               name in double quotes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

#: Brackets within brackets an expression may have.
DEEPEST = 50

_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.:#]*)"
    r'|"(?P<quoted>[^"]*)"'
    r"|\[(?P<unit>[^\[\]]*)\]"
    r"|(?P<sign>[-+*/(),])"
)
_SPACE = re.compile(r"\s*")
_FUNCTIONS = ("min", "max", "sum")


class ExpressionError(ValueError):
    """An expression cannot be read; ``position`` counts characters from 1."""

    def __init__(self, position: int, en: str, zh: str) -> None:
        super().__init__(en)
        self.position = position
        self.zh = zh


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with its unit as written or none."""

    value: float
    unit: str
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A point."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Every metered point whose name fits."""

    pattern: str
    position: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts with the sign before each: ``+`` and ``-``, or ``*`` and ``/``."""

    parts: tuple[tuple[str, Part, int], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple[Part, ...]
    position: int


Part = Number | Name | Pattern | Chain | Call


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def read(text: str) -> Part:
    """Read an expression.

    Parameters
    ----------
    text : str
        As written in the register.

    Returns
    -------
    Part
        Its tree.

    Raises
    ------
    ExpressionError
        If it does not follow the grammar.
    """
    reader = _Reader(_tokens(text))
    part = reader.sum(0)
    reader.end()
    return part


def names(part: Part) -> list[Name | Pattern]:
    """Return every point and pattern of an expression, in the order they stand."""
    if isinstance(part, (Name, Pattern)):
        return [part]
    if isinstance(part, Chain):
        return [found for _sign, inner, _at in part.parts for found in names(inner)]
    if isinstance(part, Call):
        return [found for inner in part.arguments for found in names(inner)]
    return []


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = _space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(
                at + 1, f"{text[at]!r} means nothing here", f"{text[at]!r} 在此处没有意义"
            )
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], at + 1))
        at = _space(text, match.end())
    return [*tokens, _Token("end", "", len(text) + 1)]


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def end(self) -> None:
        """Refuse what is left over."""
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end", "运算符或结尾")

    def sum(self, depth: int) -> Part:
        """Read parts with + or - between them."""
        if depth > DEEPEST:
            raise ExpressionError(
                self._token.position,
                f"brackets lie more than {DEEPEST} deep",
                f"括号嵌套超过 {DEEPEST} 层",
            )
        at = self._token.position
        parts = [("+", self._term(depth), at)]
        while self._token.kind == "sign" and self._token.text in "+-":
            sign = self._take()
            parts.append((sign.text, self._term(depth), sign.position))
        return parts[0][1] if len(parts) == 1 else Chain(tuple(parts))

    def _term(self, depth: int) -> Part:
        at = self._token.position
        parts = [("*", self._factor(depth), at)]
        while self._token.kind == "sign" and self._token.text in "*/":
            sign = self._take()
            parts.append((sign.text, self._factor(depth), sign.position))
        return parts[0][1] if len(parts) == 1 else Chain(tuple(parts))

    def _factor(self, depth: int) -> Part:
        here = self._next
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "quoted" and token.text:
            return Name(token.text, token.position)
        if token.kind == "name":
            if self._is("(") and token.text in _FUNCTIONS:
                return self._call(token, depth)
            return Name(token.text, token.position)
        if token.kind == "sign" and token.text == "(":
            inner = self.sum(depth + 1)
            self._close()
            return inner
        if token.kind == "sign" and token.text == "-":
            if depth >= DEEPEST:
                raise self._unexpected("a point or a number", "计量点或数")
            minus = Number(-1.0, "", token.position)
            inner = self._factor(depth + 1)
            return Chain((("*", minus, token.position), ("*", inner, token.position)))
        self._next = here  # the end is not taken: what stands there is said, not what is before it
        raise self._unexpected("a point, a number or a bracket", "计量点、数或括号")

    def _number(self, token: _Token) -> Number:
        unit = self._take().text.strip() if self._token.kind == "unit" else ""
        value = float(token.text)
        if not isfinite(value):
            raise ExpressionError(
                token.position, f"{token.text} is too large", f"{token.text} 过大"
            )
        return Number(value, unit, token.position)

    def _call(self, function: _Token, depth: int) -> Part:
        self._take()
        arguments = [self._argument(function.text, depth)]
        while self._is(","):
            self._take()
            arguments.append(self._argument(function.text, depth))
        self._close()
        return Call(function.text, tuple(arguments), function.position)

    def _argument(self, function: str, depth: int) -> Part:
        token = self._token
        if function == "sum" and token.kind == "quoted" and set("*?") & set(token.text):
            self._take()
            return Pattern(token.text, token.position)
        return self.sum(depth + 1)

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _is(self, sign: str) -> bool:
        return self._token.kind == "sign" and self._token.text == sign

    def _take(self) -> _Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _close(self) -> None:
        if not self._is(")"):
            raise self._unexpected("')'", "“)”")
        self._take()

    def _unexpected(self, en: str, zh: str) -> ExpressionError:
        token = self._token
        if token.kind == "end":
            return ExpressionError(
                token.position,
                f"the expression ends where {en} should stand",
                f"表达式在应为{zh}处结束",
            )
        return ExpressionError(
            token.position,
            f"{token.text!r} stands where {en} should",
            f"应为{zh}，却是 {token.text!r}",
        )
