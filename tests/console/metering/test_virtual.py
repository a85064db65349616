"""Virtual meters: what they rest on, what is refused and where, and that a rival learns nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from metering_world import HUNG, meter
from tanfeng.console.metering import (
    devices,
    engine,
    expressions,
    publishing,
    services,
    virtual,
)
from tanfeng.console.metering.models import Meter
from tanfeng.errors import DataError
from tanfeng.metering.frames import READINGS

pytestmark = pytest.mark.django_db
START = datetime(2025, 4, 1, tzinfo=UTC) - timedelta(hours=8)  # midnight in Fuzhou
VIRTUAL = {
    "meter_no": "V-01", "name": "其他用电", "point": "V1", "item_key": "electricity",
    "reading_unit": "kWh", "level": 2, "expression": 'P1 - "P-2"', "in_tree": False,
}  # fmt: skip


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def points(firm_a, org_a, commit):
    """P1 takes 3 and P-2 takes 1 kWh each quarter hour, two days long."""
    with commit():
        for number, (point, step) in enumerate((("P1", 3.0), ("P-2", 1.0))):
            one = meter(
                firm_a, org_a, point=point, meter_no=f"E-{number}", serial_no=f"S-{number}",
                multiplier=1.0,
            )  # fmt: skip
            devices.hang(firm_a, one, serial_no=f"S-{number}", installed_at=HUNG, opening=0.0)
            rows = [
                (point, START + timedelta(minutes=15 * n), 10 + step * n, 0, "", START, "b")
                for n in range(2 * 96 + 1)
            ]
            frame = pl.DataFrame(rows, schema=READINGS, orient="row")
            engine.store().append(frame, batch=point)
    return org_a


def entered(user, organisation, **changes):
    return virtual.enter(user, organisation, {**VIRTUAL, **changes})


def refused(call, *args, **values):
    with pytest.raises(DataError) as caught:
        call(*args, **values)
    return [(one.rule, one.message_zh) for one in caught.value.problems]


def test_a_virtual_meter_has_energy(client_for, firm_a, points, commit):
    with commit():
        one = entered(firm_a, points)
    told = engine.points().filter(pl.col("point") == "V1").row(0, named=True)
    assert (told["expression"], told["node"], told["unit"]) == ('P1 - "P-2"', None, "kWh")
    # 3 - 1 = 2 kWh in a quarter hour, 2 x 96 = 192 in a day.
    found = engine.energy("V1", "day", START, START + timedelta(days=2))
    assert found["amount"].to_list() == [192.0, 192.0]
    assert found["quality"].to_list() == ["measured", "measured"]
    client = client_for(firm_a)
    page = client.get(reverse("metering-point", args=[one.pk]), {"to": "2025-04-02"})
    assert page.status_code == 200
    assert "384" in page.content.decode()
    listed = client.get(reverse("metering")).content.decode()
    assert "V1" in listed
    # It is no instrument.
    assert "V-01" not in client.get(reverse("meters")).content.decode()
    assert client.get(reverse("meter", args=[one.pk])).url == reverse(
        "meter-virtual-of", args=[one.pk]
    )


def test_what_is_wrong_is_told_at_its_place(subtests, firm_a, points):
    for expression, rule, words in (
        ("P1 - ", "V001", "第 5 个字符：表达式在应为计量点、数或括号处结束"),
        ("P1 - ?", "V001", "第 6 个字符"),
        ("P1 + P9", "V002", "第 6 个字符：没有计量点 P9"),
        ("P1 + V1", "V003", "V1 → V1"),
        ("P1 * P1", "V004", "kWh"),
        ("2 [kWh]", "V005", ""),
        ('sum("Z*")', "V002", "Z*"),
    ):
        with subtests.test(expression):
            ((found, message),) = refused(entered, firm_a, points, expression=expression)
            assert found == rule
            assert words in message


def test_a_circle_is_refused_with_its_path(firm_a, points):
    first = entered(firm_a, points)
    entered(firm_a, points, meter_no="V-02", point="V2", expression="V1 * 2")
    values = {**VIRTUAL, "expression": "V2 - P1"}
    ((rule, message),) = refused(virtual.change, firm_a, first, values)
    assert rule == "V003"
    assert "V1 → V2 → V1" in message or "V2 → V1 → V2" in message
    first.refresh_from_db()
    assert first.expression == 'P1 - "P-2"'


def test_a_rival_reads_nothing_through_an_expression(firm_a, firm_b, org_b, points, commit):
    with commit():
        own = meter(firm_b, org_b, point="P-7", meter_no="B-1", serial_no="B-1")
    words = refused(entered, firm_b, org_b, expression="P1", point="VB")
    # Another's point is as unknown as one that never was.
    nowhere = refused(entered, firm_b, org_b, expression="P9", point="VB")
    assert words[0][1].replace("P1", "P9") == nowhere[0][1]
    # A pattern fits the own points alone, now and when others' come.
    with commit():
        entered(firm_b, org_b, expression='sum("P*")', point="VB")
    spelled = engine.points().filter(pl.col("point") == "VB")["expression"].item()
    assert spelled == 'sum("P-7")'
    with commit():
        meter(firm_a, points, point="P-8", meter_no="E-8", serial_no="S-8")
        meter(firm_b, org_b, point="P_9", meter_no="B-2", serial_no="B-2")
    spelled = engine.points().filter(pl.col("point") == "VB")["expression"].item()
    assert spelled == 'sum("P-7", P_9)'
    with pytest.raises(PermissionDenied):
        entered(firm_b, points)
    # A name it let go of cannot be taken up by somebody else under the expression.
    assert own.point == "P-7"


def test_what_something_rests_on_is_neither_withdrawn_nor_renamed_nor_recounted(firm_a, points):
    entered(firm_a, points)
    one = Meter.objects.get(point="P1")
    for call, args in (
        (services.withdraw, (one, "拆除")),
        (services.change, (one, {"point": "P5"})),
        (services.change, (one, {"item_key": "natural_gas", "reading_unit": "m3"})),
    ):
        one.refresh_from_db()
        ((rule, message), *_more) = refused(call, firm_a, *args)
        assert rule == "V006"
        assert "V1" in message
    services.withdraw(firm_a, Meter.objects.get(point="V1"), "不再需要")
    one.refresh_from_db()
    services.withdraw(firm_a, one, "拆除")


def test_a_withdrawn_virtual_meter_counts_nowhere(firm_a, points, commit):
    with commit():
        one = entered(firm_a, points, in_tree=True)
    assert engine.points().filter(pl.col("point") == "V1")["node"].to_list() == [points.credit_code]
    with commit():
        services.withdraw(firm_a, one, "不再需要")
    told = engine.points().filter(pl.col("point") == "V1").row(0, named=True)
    assert told["node"] is None
    assert told["retired"] is not None
    assert not publishing.has_work()


def test_names_are_written_as_expressions_read_them(firm_a, points):
    assert [expressions.quoted(one) for one in ("P1", "P-2", "1a", "sum", "总表.1")] == [
        "P1", '"P-2"', '"1a"', '"sum"', "总表.1",
    ]  # fmt: skip
    assert expressions.used('sum("P*") + P1', ["P-2", "P1", "Q"]) == ["P-2", "P1"]
    first = entered(firm_a, points)
    assert expressions.users(points, "P1") == [first]
    assert expressions.users(points, "V1") == []


def test_the_pages(client_for, firm_a, firm_b, park_user, points, commit):
    client, new = client_for(firm_a), reverse("meter-virtual-new")
    form = {**VIRTUAL, "place": "none"}
    assert "&quot;P-2&quot;" in client.get(new).content.decode()
    check = reverse("meter-virtual-check")
    told = client.post(check, {**form, "expression": "P1 - - ?"}).content.decode()
    assert "<mark>?</mark>" in told
    told = client.post(check, form).content.decode()
    assert "<mark>" not in told
    assert "P-2" in told
    assert not Meter.objects.exclude(expression="").exists()
    assert client.post(new, {**form, "expression": "P1 +"}).status_code == 422
    with commit():
        answer = client.post(new, form)
    one = Meter.objects.get(point="V1")
    assert answer.url == reverse("meter-virtual-of", args=[one.pk])
    assert not one.in_tree
    page = client.get(answer.url).content.decode()
    assert "P-2" in page
    assert "E-0" not in page
    assert (
        "V1"
        in client.get(reverse("meter", args=[Meter.objects.get(point="P1").pk])).content.decode()
    )
    client.post(answer.url, {**form, "do": "change", "place": "", "expression": "P1"})
    one.refresh_from_db()
    assert (one.expression, one.in_tree) == ("P1", True)
    assert "V-01" in client.get(reverse("meter-virtual")).content.decode()
    assert client.get(reverse("meter-virtual"), {"export": "xlsx"}).content[:2] == b"PK"
    # A park reads, a rival does not, not even by the check.
    assert client_for(park_user).get(answer.url).status_code == 200
    rival = client_for(firm_b)
    assert rival.get(answer.url).status_code == 404
    assert rival.post(check, {**form, "org": points.credit_code}).status_code == 404
    assert "P-2" not in rival.post(check, {**form, "expression": "P1"}).content.decode()
