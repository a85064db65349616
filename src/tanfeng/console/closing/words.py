"""Words of the log, of what a close writes, and of why a figure cannot be written."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: What the log calls the events of this room.
EVENTS: dict[str, Promise] = {
    "month.read": _("Month close opened"),
    "month.close": _("Month closed"),
    "month.reopen": _("Month opened again"),
    "export.month-close": _("Month close exported"),
}
#: Why the purchase stays as reported.
PURCHASE: dict[str, Promise] = {
    "stock": _("purchase stays as reported: the item can be stored"),
    "own": _("purchase stays as reported: own production is reported"),
    "level": _("purchase stays as reported: not all points are at the entrance (level 1)"),
    "out": _("purchase stays as reported: a point measures what goes out"),
}
