"""Telephone numbers: whole for the enterprise itself, for everybody else as far as needed."""

from __future__ import annotations

from typing import Final

from tanfeng.console.core.models import User

#: Digits that stay readable at the start and at the end.
HEAD, TAIL = 3, 4
#: Fewer digits than this keep the last two only.
SHORT: Final = 9


def telephone(text: str) -> str:
    """Return a number with its middle hidden; what stands between the digits stays.

    >>> telephone("138 0013 8000")
    '138 **** 8000'
    """
    count = sum(sign.isdigit() for sign in text)
    head, tail = (HEAD, TAIL) if count >= SHORT else (0, 2)
    seen, out = 0, []
    for sign in text:
        if sign.isdigit():
            seen += 1
            sign = sign if seen <= head or seen > count - tail else "*"
        out.append(sign)
    return "".join(out)


def telephone_for(user: User, credit_code: str, text: str) -> str:
    """Return the number as ``user`` may read it on the file of an enterprise."""
    return text if user.org_code and user.org_code == credit_code else telephone(text)
