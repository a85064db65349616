"""Who uses a row of the standards: apps above fill this in, the row page asks.

The library knows no run; the accounting app registers a provider when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tanfeng.console.core.models import User


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a row.

    Parameters
    ----------
    label : str
        What uses it, for example a run with its years.
    url : str
        Where to look.
    note : str
        How much it matters, for example a number of lines.
    value : float or None
        Value that was used, which an override may have changed since. [unit]
    unit : str
        Unit of the value.
    """

    label: str
    url: str
    note: str = ""
    value: float | None = None
    unit: str = ""


Provider = Callable[[User, str], Iterable[Use]]
_providers: list[Provider] = []


def add(provider: Provider) -> None:
    """Register a provider; it asks for the user's rights itself."""
    if provider not in _providers:
        _providers.append(provider)


def of(user: User, ref: str) -> list[Use]:
    """Return every known use of a row, for example of ``fuels/<id>``."""
    return [use for provider in _providers for use in provider(user, ref)]


#: Where a preview of another value of a row stands, empty for none.
Preview = Callable[[User, str], str]
_previews: list[Preview] = []


def preview_by(preview: Preview) -> None:
    """Register the room that shows what another value would change; the last one wins."""
    _previews[:] = [preview]


def preview_url(user: User, ref: str) -> str:
    """Return the address of the preview of a row, empty when there is none."""
    return _previews[0](user, ref) if _previews else ""
