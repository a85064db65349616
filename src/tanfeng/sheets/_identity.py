"""Who and where: unified credit codes, industry codes and place codes.

References
----------
.. [1] GB 32100, the rule of the unified social credit code: 18 characters of the alphabet
   without I, O, S, V, Z; the last is a check character with weights 3^i modulo 31.
.. [2] GB/T 4754-2017, classes of four digits.
.. [3] GB/T 2260, codes of administrative divisions, six digits.
"""

from __future__ import annotations

import re
from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_VALUES = {character: i for i, character in enumerate(ALPHABET)}
#: Letters the alphabet leaves out because they look like digits.
_LOOKALIKES = str.maketrans("OIZS", "0125")

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}", re.IGNORECASE)


def check_character(body: str) -> str:
    """Return the check character of the first 17 characters.

    Raises
    ------
    KeyError
        If a character is not in the alphabet.
    """
    total = sum(_VALUES[c] * w for c, w in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def is_credit_code(text: str) -> bool:
    """Tell whether a text is a unified social credit code with the right check character."""
    if len(text) != 18 or any(c not in _VALUES for c in text):
        return False
    return check_character(text[:17]) == text[17]


def credit_code_problem(text: str) -> str:
    """Return the rule a credit code breaks, empty when it is fine.

    Parameters
    ----------
    text : str
        The code, half-width and without blanks.

    Returns
    -------
    str
        ``I001`` wrong length or check character, ``I002`` digits lost to scientific notation,
        ``I003`` an old licence of 15 digits or an organisation code of 9 characters.
    """
    if is_credit_code(text):
        return ""
    if _SCIENTIFIC.fullmatch(text):
        return "I002"
    if re.fullmatch(r"\d{15}|[0-9A-Z]{8}-?[0-9X]", text):
        return "I003"
    return "I001"


def credit_code_suggestion(text: str) -> str:
    """Return the code that is meant when only look-alike letters were mistyped, else empty."""
    swapped = text.translate(_LOOKALIKES)
    return swapped if swapped != text and is_credit_code(swapped) else ""


@lru_cache(maxsize=1)
def industry_classes() -> dict[str, str]:
    """Return the classes of mining, manufacturing and utilities: code -> Chinese name."""
    from tanfeng import standards

    table = standards.load("industries")
    rows = table.filter(table["level"] == "class")
    return dict(zip(rows["value"], rows["name_zh"], strict=True))


def is_place_code(text: str) -> bool:
    """Tell whether a text looks like an administrative code of a county."""
    return bool(re.fullmatch(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])\d{4}", text))
