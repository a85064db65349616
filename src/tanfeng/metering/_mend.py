"""The days where something is wrong, put right: which readings are not believed, and why.

Only rows near a fault come here. A fall of a register is one of four things, told apart by what
takes fewest readings away: a spike above what follows, a dip below what came before, or - when
neither side comes back within three hours of readings - a register that rolled over or was reset.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from tanfeng.metering._rows import (
    AMOUNT,
    DAY_S,
    GAP,
    HOUR_S,
    POWER,
    REGISTER,
    local_day,
    plain_amount,
    usable,
)

#: Readings that may be wrong in a row and still be taken for a passing fault.
REACH = 12
#: A register falls past its end from here on, as a share of where it starts again.
NEAR_THE_END = 0.9
#: So many equal readings of a point that rarely stands still are a frozen register.
FROZEN_READINGS = 4
#: ... unless it stood still for longer than this: then it is taken at its word ...
FROZEN_DAYS = 14
#: ... or what comes after does not make up for it: at least this multiple of the typical rate.
CATCH_UP = 2.0

#: What decided, from least to most serious: of a slot made of several pieces the last one named
#: stands. docs/methods/metering.md explains each.
RULES = (
    "direct",  # 0 difference of two readings inside one slot
    "split",  # 1 readings off the grid: divided by time
    "duplicate",  # 2 several readings of one time: the one known last holds
    "rollover",  # 3 the register passed its last digit
    "replacement",  # 4 meter changed: closing and opening registers
    "gap",  # 5 readings missing: known amount, shape from the point's own profile
    "spike",  # 6 readings above what follows were left out
    "dip",  # 7 readings below what came before (zeros) were left out
    "frozen",  # 8 the register stood still and caught up
    "reset",  # 9 the register started from zero: what it shows since is kept
    "silent",  # 10 nothing is known: no reading
    "jump",  # 11 more than the point can have used: not believed
    "refused",  # 12 a negative or lone zero amount or power
)
CODE = {rule: code for code, rule in enumerate(RULES)}

#: Rules under which the amount, or its place in time, is an estimate.
ESTIMATED = tuple(CODE[rule] for rule in ("gap", "spike", "dip", "frozen", "reset"))


def hot_days(usual: ir.Table, points: ir.Table) -> ir.Table:
    """Days within reach of a wrong one; every day of a point whose meter was changed.

    Parameters
    ----------
    usual : ibis Table
        From :func:`tanfeng.metering._rows.usual`.
    points : ibis Table
        From :func:`tanfeng.metering._rows.point_table`.

    Returns
    -------
    ibis Table
        ``id``, ``day``, each once.
    """
    wrong = usual.filter(usual.wrong).join(points.select("id", "interval_s"), "id")
    wrong = wrong.mutate(margin=wrong.interval_s * (REACH + 1) // DAY_S + 1)
    before = wrong.filter(wrong.reaches < wrong.day)
    near = wrong.select("id", "day", "margin").union(
        before.select("id", "margin", day=before.reaches).select("id", "day", "margin")
    )
    reached = near.mutate(step=ibis.range(-near.margin, near.margin + 1).unnest())
    reached = reached.select("id", day=reached.day + DAY_S * reached.step)
    changed = usual.semi_join(points.filter(points.changed), "id")
    return reached.union(changed.select("id", "day")).distinct()


def stood(days: ir.Table, wrong: ir.Table) -> ir.Table:
    """Name the points with something wrong that stood still for a reading at least.

    Parameters
    ----------
    days : ibis Table
        From :func:`tanfeng.metering._rows.day_sums`.
    wrong : ibis Table
        From :func:`hot_days`.

    Returns
    -------
    ibis Table
        ``id``, each once.
    """
    return days.filter(days.still > 0).semi_join(wrong, "id").select("id").distinct()


def with_standstills(wrong: ir.Table, still: ir.Table) -> ir.Table:
    """Add the days frozen registers stood still on.

    Parameters
    ----------
    wrong : ibis Table
        From :func:`hot_days`.
    still : ibis Table
        From :func:`frozen`.

    Returns
    -------
    ibis Table
        ``id``, ``day``, each once.
    """
    first, last = local_day(still.from_ts), local_day(still.to_ts)
    days = still.select("id", day=ibis.range(first, last + DAY_S, DAY_S).unnest())
    return wrong.union(days).distinct()


def instead(segments: ir.Table, still: ir.Table) -> ir.Table:
    """Put the frozen stretches in place of the standstill they seemed."""
    ranges = still.select("id", still_from=still.from_ts, still_to=still.to_ts)
    covered = segments.join(ranges, "id").filter(
        lambda t: (t.to_ts > t.still_from) & (t.to_ts <= t.still_to)
    )
    frozen_ones = still.mutate(plain=still.amount)
    return segments.anti_join(covered, ["id", "to_ts"]).union(frozen_ones)


def readings_again(source: ir.Table, doubled: ir.Table, points: ir.Table) -> ir.Table:
    """Read the points that have several readings of one time again, with when each came.

    Parameters
    ----------
    source : ibis Table
        Readings as they are kept.
    doubled : ibis Table
        ``id``.
    points : ibis Table
        From :func:`tanfeng.metering._rows.point_table`.

    Returns
    -------
    ibis Table
        From :func:`tanfeng.metering._rows.usable`.
    """
    # By their names first: the engine then passes over what the others read.
    names = points.semi_join(doubled, "id").select("point")
    return usable(source.semi_join(names, "point"), points)


def resolved(rows: ir.Table) -> ir.Table:
    """Of several readings of one point and time the one with the greatest (received, batch).

    Returns
    -------
    ibis Table
        ``id``, ``ats``, ``value`` of the rows kept, ``again``: whether there were several.
    """
    window = ibis.window(
        group_by=["id", "ats"], order_by=[ibis.desc("received"), ibis.desc("batch")]
    )
    numbered = rows.mutate(
        place=ibis.row_number().over(window),
        again=rows.ats.count().over(ibis.window(group_by=["id", "ats"])) > 1,
    )
    return numbered.filter(numbered.place == 0).select("id", "ats", "value", "again")


def held(source: ir.Table, doubled: ir.Table, points: ir.Table) -> ir.Table:
    """Of the points that have several readings of one time those that hold of them."""
    rows = resolved(readings_again(source, doubled, points))
    return rows.filter(rows.again).select("id", "ats", "value")


def linked(rows: ir.Table, hot: ir.Table) -> ir.Table:
    """Find the reading before each stretch of hot days.

    Parameters
    ----------
    rows : ibis Table
        ``id``, ``ats``, ``tp``, ``p`` of the readings of the hot days.
    hot : ibis Table
        ``id``, ``day``.

    Returns
    -------
    ibis Table
        ``id``, ``ats`` (of the first row of the stretch), ``link_ts``, ``link`` (time and value
        before it).
    """
    rows = rows.filter(rows.tp < rows.ats)
    rows = rows.select("id", "ats", link_day=local_day(rows.tp), link_ts=rows.tp, link=rows.p)
    first = rows.anti_join(hot, [("id", "id"), ("link_day", "day")])
    return first.select("id", "ats", "link_ts", "link")


def with_links(rows: ir.Table, links: ir.Table) -> ir.Table:
    """Put what :func:`linked` found beside the readings: ``link_ts`` and ``link``."""
    return rows.left_join(links, ["id", "ats"]).drop("id_right", "ats_right")


_DEVICE = ("device", "device_scale", "device_modulus")


def hung(rows: ir.Table, marks: ir.Table, spans: ir.Table) -> ir.Table:
    """Rows with the device they were read from, and the registers shown when it was changed.

    Parameters
    ----------
    rows : ibis Table
        ``id``, ``ats``, ``value``, ``again``, ``link_ts``, ``link``.
    marks, spans : ibis Table
        From :func:`tanfeng.metering._devices.device_tables`, of the points that were changed.

    Returns
    -------
    ibis Table
        The same columns with ``device`` (its number, -1 where there is none), its
        ``device_scale`` and ``device_modulus``, ``mark`` (a register read at a change).
    """
    read = rows.anti_join(marks, ["id", "ats"])
    read = read.left_join(
        spans, [read.id == spans.id, read.ats >= spans.from_ts, read.ats < spans.to_ts]
    )
    read = read.select(*rows.columns, *_DEVICE, mark=ibis.literal(False))
    at_changes = marks.mutate(
        again=ibis.literal(False),
        link_ts=ibis.null("int64"),
        link=ibis.null("float64"),
        mark=ibis.literal(True),
    )
    both = read.union(at_changes.select(read.columns))
    return both.mutate(device=ibis.coalesce(both.device, -1))


def never_changed(rows: ir.Table) -> ir.Table:
    """Do what :func:`hung` does, where no meter was ever changed."""
    return rows.mutate(
        device=ibis.literal(-1, "int64"),
        device_scale=ibis.null("float64"),
        device_modulus=ibis.null("float64"),
        mark=ibis.literal(False),
    )


def numbered(rows: ir.Table, usual: ir.Table, points: ir.Table) -> ir.Table:
    """Rows of the hot days in their stretches, each with the one before it.

    Parameters
    ----------
    rows : ibis Table
        From :func:`hung` or :func:`never_changed`.
    usual, points : ibis Table
        From :mod:`tanfeng.metering._rows`.

    Returns
    -------
    ibis Table
        ``id``, ``ats``, ``value``, ``again``, ``mark``, ``device``; ``scale``, ``modulus``,
        ``kind``, ``interval_s`` of the point or its device; ``stretch``, ``place`` in it, ``tp``,
        ``p``, ``link_ts``, ``link``; and of the day ``bound``, ``typical``, ``rarely_still``.
    """
    in_time = ibis.window(group_by="id", order_by="ats", following=0)
    rows = rows.mutate(stretch=rows.link_ts.notnull().cast("int64").sum().over(in_time))
    of_device = ibis.window(group_by=["id", "stretch", "device"], order_by="ats")
    rows = rows.mutate(
        place=ibis.row_number().over(of_device),
        tp=ibis.coalesce(rows.ats.lag().over(of_device), rows.link_ts),
        p=ibis.coalesce(rows.value.lag().over(of_device), rows.link),
        day=local_day(rows.ats),
    )
    # Last, so that the windows have little to carry.
    rows = rows.left_join(usual.drop("wrong", "reaches"), ["id", "day"])
    rows = rows.drop("id_right", "day_right").join(points, "id")
    return rows.select(
        "id", "ats", "value", "again", "mark", "kind", "interval_s", "device", "stretch", "place",
        "tp", "p", "link_ts", "link", "bound", "typical", "rarely_still",
        scale=ibis.coalesce(rows.device_scale, rows.scale),
        modulus=ibis.coalesce(rows.device_modulus, rows.modulus),
    )  # fmt: skip


def rolled_over(rows: ir.Table) -> tuple[ir.NumericValue, ir.BooleanValue]:
    """Advance of a register past its end, and whether that is the likely reason of its fall.

    It is if the register stood in the last tenth and begins in the first, or if its end is known
    and the advance is an ordinary one. An end nobody told is the next power of ten.
    """
    guessed = ibis.literal(10.0) ** ibis.greatest(rows.p, 1.0).log10().ceil()
    end = ibis.coalesce(rows.modulus, guessed)
    advance = rows.value - rows.p + end
    rate = advance * rows.scale * HOUR_S / (rows.ats - rows.tp)
    at_the_end = (rows.p >= NEAR_THE_END * end) & (rows.value <= (1 - NEAR_THE_END) * end)
    ordinary = rows.modulus.notnull() & (rate <= CATCH_UP * rows.typical)
    possible = (advance >= 0) & (rate <= rows.bound).fill_null(True)
    return advance, possible & (at_the_end | ordinary.fill_null(False))


def not_believed(rows: ir.Table) -> ir.Table:
    """List the readings left out: those whose removal mends a fall, and impossible flows.

    Parameters
    ----------
    rows : ibis Table
        From :func:`numbered`.

    Returns
    -------
    ibis Table
        ``id``, ``stretch``, ``device``, ``place_from``, ``place_to`` (inclusive), ``code``.
    """
    where = ["id", "stretch", "device"]
    _, rolled = rolled_over(rows)
    falls = rows.mutate(rolled=rolled)
    falls = falls.filter((falls.kind == REGISTER) & (falls.value < falls.p) & ~falls.mark)
    falls = falls.select(*where, "p", "rolled", fallen=falls.value, at_place=falls.place)
    near = falls.join(rows.select(*where, "place", "value"), where).filter(
        lambda t: (t.place >= t.at_place - REACH - 1) & (t.place <= t.at_place + REACH)
    )
    sides = near.group_by(*where, "at_place").agg(
        # Past its end a register stands below all before; if it comes back up it was a dip.
        below=near.place.max(
            where=(near.place < near.at_place) & (near.value <= near.fallen) & ~near.rolled
        ),
        back=near.place.min(where=(near.place > near.at_place) & (near.value >= near.p)),
    )
    above = sides.at_place - 1 - sides.below  # readings left out if what stood before is a spike
    beneath = sides.back - sides.at_place  # ... if what follows is a dip
    spike = above.notnull() & (beneath.isnull() | (above <= beneath))
    mended = sides.filter(above.notnull() | beneath.notnull())
    registers = mended.select(
        *where,
        place_from=ibis.ifelse(spike, mended.below + 1, mended.at_place),
        place_to=ibis.ifelse(spike, mended.at_place - 1, mended.back - 1),
        code=ibis.ifelse(spike, CODE["spike"], CODE["dip"]).cast("int8"),
    )
    flow = rows.filter(rows.kind == POWER)
    still = (flow.value == 0) & flow.rarely_still
    too_much = (flow.value * flow.scale > flow.bound).fill_null(False)
    flows = flow.filter((flow.value < 0) | still | too_much)
    return registers.union(
        flows.select(
            *where,
            place_from=flows.place,
            place_to=flows.place,
            code=ibis.ifelse(flows.value > 0, CODE["spike"], CODE["dip"]).cast("int8"),
        )
    )


def believed(rows: ir.Table, left_out: ir.Table) -> ir.Table:
    """Rows kept, each beside the kept one before it, with what was left out between.

    Returns
    -------
    ibis Table
        Columns of :func:`numbered`; ``tp`` and ``p`` over the rows kept; ``between``: code of
        what was left out since, 0 if nothing.
    """
    where = ["id", "stretch", "device"]
    whole = rows.anti_join(left_out, where).mutate(between=ibis.literal(0, "int8"))
    torn = rows.semi_join(left_out, where)
    hits = torn.join(left_out, where).filter(
        lambda t: (t.place >= t.place_from) & (t.place <= t.place_to)
    )
    hits = hits.group_by(*where, "place").agg(out=hits.code.max())
    marked = torn.left_join(hits, [*where, "place"]).drop(
        *(f"{name}_right" for name in (*where, "place"))
    )
    order = ibis.window(group_by=where, order_by="place", following=0)
    counted = marked.mutate(
        spikes=(marked.out == CODE["spike"]).fill_null(False).cast("int64").sum().over(order),
        dips=(marked.out == CODE["dip"]).fill_null(False).cast("int64").sum().over(order),
    )
    kept = counted.filter(counted.out.isnull())
    previous = ibis.window(group_by=where, order_by="place")
    spikes = kept.spikes - kept.spikes.lag().over(previous).fill_null(0)
    dips = kept.dips - kept.dips.lag().over(previous).fill_null(0)
    between = ibis.cases((spikes > 0, CODE["spike"]), (dips > 0, CODE["dip"]), else_=0)
    joined = kept.mutate(
        tp=ibis.coalesce(kept.ats.lag().over(previous), kept.link_ts),
        p=ibis.coalesce(kept.value.lag().over(previous), kept.link),
        between=between.cast("int8"),
    )
    return whole.union(joined.select(whole.columns))


def segments(rows: ir.Table) -> ir.Table:
    """Compute what flowed between each kept reading and the one before.

    Parameters
    ----------
    rows : ibis Table
        From :func:`believed`.

    Returns
    -------
    ibis Table
        ``id``, ``from_ts``, ``to_ts`` [s], ``amount`` [base unit] (null: not known), ``code``,
        ``plain`` (bare difference of two registers) [base unit].
    """
    advance, rolled = rolled_over(rows)
    register = rows.kind == REGISTER
    rows = rows.mutate(
        advance=advance,
        rolled=rolled,
        fell=register & (rows.value < rows.p),
        refused=(rows.kind == AMOUNT)
        & ((rows.value < 0) | ((rows.value == 0) & rows.rarely_still).fill_null(False)),
        from_ts=ibis.ifelse(
            rows.kind == AMOUNT,
            ibis.greatest(rows.tp.fill_null(0), rows.ats - rows.interval_s),
            rows.tp,
        ),
        late=register & (rows.ats - rows.tp > GAP * rows.interval_s),
        plain=ibis.ifelse(register, (rows.value - rows.p) * rows.scale, None),
        unbroken=plain_amount(rows),
    )
    rows = rows.mutate(
        amount=ibis.cases(
            (rows.fell & rows.rolled, rows.advance * rows.scale),
            (rows.fell & (rows.value == 0), None),
            (rows.fell, rows.value * rows.scale),
            (rows.refused, None),
            else_=rows.unbroken,
        )
    )
    jump = (rows.amount * HOUR_S > rows.bound * (rows.ats - rows.from_ts)).fill_null(False)
    rows = rows.mutate(jump=jump)
    code = ibis.cases(
        (rows.jump, CODE["jump"]),
        (rows.refused, CODE["refused"]),
        (rows.fell & ~rows.rolled, CODE["reset"]),
        (rows.amount.isnull(), CODE["silent"]),
        (rows.between > 0, rows.between),
        (rows.late, CODE["gap"]),
        (rows.mark, CODE["replacement"]),
        (rows.fell, CODE["rollover"]),
        (rows.again, CODE["duplicate"]),
        else_=CODE["direct"],
    )
    made = rows.select(
        "id",
        "from_ts",
        to_ts=rows.ats,
        amount=ibis.ifelse(rows.jump, None, rows.amount),
        code=code.cast("int8"),
        plain=rows.plain,
    )
    return made.filter(made.from_ts.notnull() & (made.from_ts < made.to_ts))


def plain_segments(beside: ir.Table) -> ir.Table:
    """Bring rows of days where nothing is wrong into the shape of :func:`segments`.

    Parameters
    ----------
    beside : ibis Table
        From :func:`tanfeng.metering._rows.beside`, without the days left to :func:`segments`.
    """
    code = ibis.cases(
        (beside.amount.isnull(), CODE["silent"]), (beside.gap, CODE["gap"]), else_=CODE["direct"]
    )
    return beside.filter(beside.covered.notnull()).select(
        "id",
        from_ts=beside.ats - beside.covered,
        to_ts=beside.ats,
        amount=beside.amount,
        code=code.cast("int8"),
    )


def frozen(rows: ir.Table, usual: ir.Table, points: ir.Table) -> ir.Table:
    """Stretches in which a register stood still and did not mean it.

    Either what came after makes up for the standstill, or nothing has come yet: then nothing is
    known. A plant that truly stands still goes on afterwards at its ordinary rate. Something must
    be wrong on the day it stopped or the next, or on the day it went on: what is wrong long before
    or after says nothing of it.

    Parameters
    ----------
    rows : ibis Table
        From :func:`tanfeng.metering._rows.beside`, of the points that did stand still.
    usual, points : ibis Table
        From :mod:`tanfeng.metering._rows`.

    Returns
    -------
    ibis Table
        Columns of :func:`segments`: one row from the last true advance to the catching up; its
        amount is null where the register has not moved yet.
    """
    about = points.filter((points.kind == REGISTER) & ~points.changed).select(
        "id", "scale", "interval_s"
    )
    rows = rows.join(about, "id").filter(lambda t: t.tp < t.ats)
    moved = rows.filter(rows.value != rows.p)
    in_time = ibis.window(group_by="id", order_by="ats")
    moved = moved.mutate(
        last=moved.ats.lag().over(in_time), rose=(moved.value > moved.p).lag().over(in_time)
    )
    # What is usual is asked of the day it stopped: the standstill itself must not answer.
    moved = moved.mutate(day=local_day(moved.last)).join(usual, ["id", "day"])
    stood = moved.tp - moved.last
    caught_up = (moved.rate > moved.bound).fill_null(False) | (
        moved.rarely_still & (moved.rate >= CATCH_UP * moved.typical)
    ).fill_null(False)
    fits = (
        (moved.value > moved.p)
        & moved.rose  # or it stands on a fallen reading, which is not a standstill
        & (stood >= FROZEN_READINGS * moved.interval_s)
        & (stood <= FROZEN_DAYS * DAY_S)
        & caught_up
    )
    back = moved.filter(fits)
    late = back.select(
        "id",
        from_ts=back.last,
        to_ts=back.ats,
        amount=back.amount,
        code=ibis.literal(CODE["frozen"], "int8"),
    )
    ends = rows.group_by("id").agg(
        to_ts=rows.ats.max(),
        from_ts=rows.ats.max(where=rows.value != rows.p),
        interval_s=rows.interval_s.max(),
    )
    ends = ends.mutate(day=local_day(ends.from_ts)).join(usual, ["id", "day"])
    ends = ends.filter(
        ends.rarely_still & (ends.to_ts - ends.from_ts >= FROZEN_READINGS * ends.interval_s)
    )
    waiting = ends.select(
        "id",
        "from_ts",
        "to_ts",
        amount=ibis.null("float64"),
        code=ibis.literal(CODE["frozen"], "int8"),
    )
    found = late.union(waiting)
    wrong = usual.filter(usual.wrong).select("id", "day")
    first, last = local_day(found.from_ts), local_day(found.to_ts)
    of_days = found.select(
        "id", "from_ts", "to_ts", day=ibis.array([first, first + DAY_S, last]).unnest()
    )
    with_wrong = of_days.filter(of_days.day <= local_day(of_days.to_ts))
    with_wrong = with_wrong.semi_join(wrong, ["id", "day"]).select("id", "from_ts", "to_ts")
    return found.semi_join(with_wrong, ["id", "from_ts", "to_ts"])
