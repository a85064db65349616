"""The streams of bought energy, which nearly every text words alike.

A method says what differs: the number of the equation, whether the text wants the amount from
meters or invoices, the materials. A text with words or rules of its own declares its own stream.
"""

from __future__ import annotations

from tanfeng.accounting.methods._declare import Item, Stream
from tanfeng.accounting.methods._energy import (
    ELECTRICITY,
    HEAT,
    NO_ZERO_RULE,
    PURCHASED_HEAT,
    ZERO_BY_DIRECT_LINE,
)
from tanfeng.accounting.methods._items import HEAT_ITEM, NATIONAL_POWER

#: Columns of the amount bought, where the text wants it measured.
_METERED_POWER = frozenset({"purchased_mwh"})
_METERED_HEAT = frozenset({"purchased_gj", "purchased_t"})
#: What the market texts add to the name of a stream that is reported and not counted.
_NOTED = ("（仅填报）", ", for information")


def electricity(
    *,
    equation: str = "",
    metered: bool = False,
    items: tuple[Item, ...] = (NATIONAL_POWER,),
    for_information: bool = False,
    confidence: str = "single",
) -> Stream:
    """Declare net purchased electricity.

    Parameters
    ----------
    equation : str
        Number of the equation in the document; empty where it was not seen.
    metered : bool
        Whether the text wants the electricity bought measured.
    items : tuple of Item
        Electricity by its factor.
    for_information : bool
        Whether the text has it reported and not counted.
    confidence : str
        How well the formula is confirmed.

    Returns
    -------
    Stream
    """
    zh, en = _NOTED if for_information else ("", "")
    return Stream(
        "electricity",
        f"净购入电力{zh}",
        f"net purchased electricity{en}",
        (ELECTRICITY,),
        items,
        equation=equation,
        confidence=confidence,
        scope="electricity",
        measured=_METERED_POWER if metered else frozenset(),
        to_prove={"nonfossil_mwh": ZERO_BY_DIRECT_LINE if for_information else NO_ZERO_RULE},
    )


def heat(
    *,
    equation: str = "",
    metered: bool = False,
    for_information: bool = False,
    confidence: str = "single",
) -> Stream:
    """Declare net purchased heat: by GJ, as steam or as hot water, by GJ alone for information.

    Parameters
    ----------
    equation : str
        Number of the equation in the document; empty where it was not seen.
    metered : bool
        Whether the text wants the heat bought measured.
    for_information : bool
        Whether the text has it reported and not counted.
    confidence : str
        How well the formula is confirmed.

    Returns
    -------
    Stream
    """
    zh, en = _NOTED if for_information else ("", "")
    return Stream(
        "heat",
        f"净购入热力{zh}",
        f"net purchased heat{en}",
        (HEAT,) if for_information else PURCHASED_HEAT,
        (HEAT_ITEM,),
        equation=equation,
        confidence=confidence,
        scope="heat",
        measured=_METERED_HEAT if metered else frozenset(),
    )
