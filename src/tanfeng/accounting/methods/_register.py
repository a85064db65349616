"""Every method by its key; a method is read when it is first asked for.

A method's module reads its defaults from the tables of the standards. That takes time nobody
should pay who does not account by it, and it starts threads, which a server that forks must not
have before it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tanfeng.accounting.methods._declare import Method

#: Keys of the methods, which are the names of their modules, in the order of the plan's sectors.
_KEYS = (
    "ndrc_2015_general",
    "gb_t_32151_5_2015",
    "cets_ag_03_01_steel",
    "ndrc_2014_petrochemicals",
    "ndrc_2013_chemicals",
    "ndrc_2013_cement",
    "cets_ag_02_01_2024",
    "ndrc_2013_flat_glass",
    "ndrc_2013_ceramics",
    "gb_t_32151_12_2018",
    "ndrc_2015_machinery",
    "ndrc_2015_electronics",
    "mee_2022_power",
    "ndrc_2013_power",
    "ndrc_2013_aluminium",
    "cets_ag_04_01_2024",
    "ndrc_2015_paper",
    "ndrc_2015_food",
    "ndrc_2015_nonferrous",
    "ndrc_2015_mining",
    "ndrc_2014_coking",
    "gb_t_32151_34_2024",
)


@cache
def _method(key: str) -> Method:
    method: Method = import_module(f"tanfeng.accounting.methods.{key}").METHOD
    return method


class _Register(Mapping[str, "Method"]):
    """The methods, read one by one."""

    def __getitem__(self, key: str) -> Method:
        if key not in _KEYS:
            raise KeyError(key)
        return _method(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)


METHODS: Mapping[str, Method] = _Register()
