"""What became of the demonstration meters: every day judged, a filing, an order, a repair.

Nothing here is invented beside the readings: the days are judged as those of a living city are,
and people of the cast do with what was found what such people do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from tanfeng.console.core.models import User
from tanfeng.console.quality import judging, machines, services
from tanfeng.console.quality.models import Alert, Outage

#: Days an enterprise has to answer a work order.
_TERM: Final = timedelta(days=7)


def write(city: User, firms: dict[str, User], now: datetime | None = None) -> int:
    """Judge the days of the demonstration meters, and do a little with what was found.

    Parameters
    ----------
    city : User
        Officer of the city.
    firms : dict
        Accounts of enterprises by credit code.
    now : datetime, optional
        The moment, aware; the one of the build if not given.

    Returns
    -------
    int
        Days of points judged.
    """
    at = now or timezone.now()
    done = judging.run(at)
    if done is None or not done.days:
        return 0
    for outage in Outage.objects.filter(state="overdue").select_related("organisation")[:1]:
        owner = firms.get(outage.organisation.credit_code)
        if owner is not None:
            services.file_outage(
                owner, outage.organisation, [outage.meter],
                {
                    "kind": "fault", "starts_on": outage.first, "ends_on": None,
                    "reason": "演示：采集模块损坏，已订购备件；期间每周人工抄表报送。",
                },
                at=at,
            )  # fmt: skip
    for outage in Outage.objects.filter(state="repaired").select_related("organisation")[:1]:
        owner = firms.get(outage.organisation.credit_code)
        if owner is not None:
            services.confirm_repair(owner, outage, "演示：重启采集终端后恢复。", at=at)
    balances = Alert.objects.filter(rule="submeter_deviation", state="open").order_by("pk")
    for alert in balances[:1]:
        services.take(
            city, machines.ALERT, alert, "order",
            {"remark": "演示：请核对分表倍率和接线，说明差额。",
             "due_on": timezone.localdate(at) + _TERM},
            at=at,
        )  # fmt: skip
    for alert in balances.filter(state="open")[:1]:
        services.take(city, machines.ALERT, alert, "acknowledge", at=at)
    return done.days
