"""From a record of the energy form to the close that wrote it, and on to its points."""

from __future__ import annotations

from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _

from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.closing.models import CloseLine


def of_record(record: EnergyRecord) -> tuple[str, str] | None:
    """Return words and address of the close a record came from; None where it came otherwise.

    Parameters
    ----------
    record : EnergyRecord
        A record the person may see.
    """
    line = (
        CloseLine.objects.filter(
            close__batch_id=record.batch_id,
            close__organisation_id=record.organisation_id,
            item_key=record.item_key,
        )
        .select_related("close__organisation")
        .first()
    )
    if line is None:
        return None
    close = line.close
    page = reverse("closing", args=[close.organisation.credit_code, close.year, close.month])
    count = len(line.points)
    words = _("month close %(number)s, %(count)s metering points") % {
        "number": close.pk,
        "count": count,
    }
    return words, f"{page}?close={close.pk}#{quote(record.item_key)}"
