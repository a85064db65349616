"""Judged meters: readings of a few days, an outage with filing and repair, an alert with order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from metering_world import meter
from tanfeng.console.metering import devices, engine, publishing
from tanfeng.console.quality import models, services
from tanfeng.metering.frames import TIME
from tanfeng.periods import LOCAL

#: A Wednesday morning; the days before are over.
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=LOCAL)
TODAY = date(2026, 3, 11)
#: Begin of what :func:`send` stores by default.
BEGIN = datetime(2026, 3, 1, tzinfo=LOCAL)


def point(user, organisation, name="P-1", hung=BEGIN, **changes):
    """Return a meter that sends, hung at the begin."""
    one = meter(
        user, organisation, meter_no=name, serial_no=f"S{name}", name=f"表{name}",
        **{"multiplier": 1.0, **changes, "point": name},
    )  # fmt: skip
    one = type(one).objects.get(pk=one.pk)
    type(one).objects.filter(pk=one.pk).update(point=name)
    one.point = name
    devices.hang(user, one, serial_no=f"S{name}", installed_at=hung, opening=0.0)
    one.refresh_from_db()
    publishing.publish_stale()
    return one


def send(names, first=BEGIN, end=NOW, *, but=(), batch="b", received=None, each=1.0):
    """Store a register that gains ``each`` a quarter hour; days in ``but`` never come."""
    count = int((end - first) / timedelta(minutes=15)) + 1
    whole = [first + timedelta(minutes=15 * n) for n in range(count)]
    times = [at for at in whole if (at - timedelta(seconds=1)).astimezone(LOCAL).date() not in but]
    zero = int((first - BEGIN) / timedelta(minutes=15))
    values = {at: each * (zero + n) for n, at in enumerate(whole)}
    frame = pl.concat(
        pl.DataFrame(
            {
                "point": [name] * len(times),
                "time": pl.Series([at.astimezone(UTC) for at in times], dtype=TIME),
                "value": [values[at] for at in times],
                "received": pl.Series([(received or at).astimezone(UTC) for at in times],
                                      dtype=TIME),
            }
        )
        for name in names
    )  # fmt: skip
    engine.store().append(frame, batch=batch)


def quality_of(organisation, meter_of, filer, officer, words="甲"):
    """Return what is judged of an enterprise by the names the doors use, secret figures in it."""
    month = models.MonthQuality.objects.create(
        kind="enterprise", node=organisation.credit_code, organisation=organisation,
        month="2026-03", points=7654, due=76543, received=7654, completeness=0.1,
        connectivity=0.1, score=76.54, judged_weight=80, days_due=10, days_connected=1,
        days={"completeness": [0.7654] * 31},
    )  # fmt: skip
    outage = models.Outage.objects.create(
        organisation=organisation, meter=meter_of, first=date(2026, 3, 9), last=date(2026, 3, 10),
        days_down=2, working_days=2, deadline=date(2026, 3, 12), state="open", fell=True,
        cause=words,
    )  # fmt: skip
    filing = services.file_outage(
        filer, organisation, [meter_of],
        {"kind": "fault", "starts_on": date(2026, 3, 9), "ends_on": None, "reason": words},
        at=NOW,
    )  # fmt: skip
    paper = services.attach(filer, filing, f"{words}.pdf", b"%PDF-1.7 " + words.encode(), at=NOW)
    alert = models.Alert.objects.create(
        key="A" + "0" * 15, rule="point_silent", object_key=meter_of.point or "",
        object_name=words, kind="point", organisation=organisation, meter=meter_of, level=2,
        worst=2, value=0.0, threshold=0.0, first=date(2026, 3, 9), last=date(2026, 3, 10), count=2,
        found="open", root="A" + "0" * 15, days=["2026-03-09", "2026-03-10"], values=[0.0, 0.0],
        text_zh=f"{words} 无数据", text_en=f"{words} is silent",
    )  # fmt: skip
    bulletin = models.Bulletin.objects.create(
        number="TB-2026-0001", month="2026-02", addressed=f"{words}主送",
        judged_to=date(2026, 3, 10),
        judged_at=NOW, version=1, sha256="0" * 64, issuer="演示", issued_by=officer, issued_at=NOW,
        limits={"completeness_min": {"value": 0.9, "confidence": "single"}},
    )  # fmt: skip
    bulletin.lines.create(
        kind="enterprise", organisation=organisation, place=organisation.place,
        name=organisation.name, points=7654, connectivity=0.1, score=76.54, outages=7654,
        overdue=7654, rank=1, ranked=1,
    )  # fmt: skip
    return {
        "month_quality": month, "outage": outage, "outage_filing": filing,
        "quality_paper": paper, "alert": alert, "bulletin": bulletin,
    }  # fmt: skip
