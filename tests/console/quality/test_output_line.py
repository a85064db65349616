"""Energy against output: which month stands out, by how much, and when there is no line."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from django.urls import reverse

from tanfeng.console.accounting.models import OutputRecord
from tanfeng.console.core.models import Batch, User
from tanfeng.console.metering import amounts
from tanfeng.console.quality import alerting, output_line
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
DECEMBER = date(2025, 12, 1)


def reported(organisation, amounts_of_months, product="钢材"):
    """Write what an enterprise reported of months of 2025."""
    batch = Batch.objects.create(
        form_key="product_output", file_name="产量.xlsx", sha256="d" * 64, size_bytes=1,
        uploaded_by=User.objects.first(),
    )  # fmt: skip
    OutputRecord.objects.bulk_create(
        OutputRecord(
            organisation=organisation, year=2025, month=month, product_name=product, unit="t",
            output_qty=amount, batch=batch, source_row=month,
            known_from=datetime(2026, 1, 5, tzinfo=LOCAL),
        )
        for month, amount in amounts_of_months.items()
    )  # fmt: skip


@pytest.fixture
def metered(monkeypatch, org_a, firm_a):
    """Twelve months, 20 tce and 0.1 tce a tonne; August used 30 % more, February is half known."""

    def of_nodes(codes, by, start, end):
        assert (set(codes), by) == ({org_a.credit_code}, "month")
        first = [date(2025, n, 1) for n in range(1, 13)]
        energy = [20 + 0.1 * (100 + 10 * n) for n in range(1, 13)]
        energy[7] *= 1.3
        days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return pl.DataFrame(
            {
                "node": [org_a.credit_code] * 12,
                "start": pl.Series(
                    [datetime(2025, day.month, 1, tzinfo=LOCAL) for day in first],
                    dtype=pl.Datetime("us", "UTC"),
                ),
                "energy_calorific_tce": energy,
                "slots_due": [96 * n for n in days],
                "slots_missing": [0, 96 * 14, *[0] * 10],
            }
        )

    monkeypatch.setattr(amounts, "of_nodes", of_nodes)


OTHERS = "另有 1 种产品上报；本线只按“钢材”的产量，产品结构不同的月份可能偏离。"


@pytest.fixture
def world(metered, org_a):
    reported(org_a, {n: 100.0 + 10 * n for n in range(1, 13)})
    reported(org_a, {3: 7.0}, product="钢坯")


def test_the_month_that_stands_out_is_said_in_words(world, org_a):
    line = output_line.of_firm(org_a.credit_code, DECEMBER)
    assert (line.product, line.unit, line.judged) == ("钢材", "t", True)
    rows = {row["month"]: row for row in line.rows}
    august = rows["2025-08"]
    # 20 + 0.1 x 180 = 38 tce expected, 49.4 metered: 30 % more
    assert august["expected"] == pytest.approx(38.0)
    assert august["residual"] == pytest.approx(11.4)
    assert august["share"] == pytest.approx(0.3)
    assert rows["2025-02"]["energy"] is None, "half of it is missing"
    assert [row["month"] for row in line.rows if row["beyond"]] == ["2025-08"]
    assert line.words[1:] == [OTHERS]
    assert line.words[0].startswith(
        "2025-08：计量 49.4 tce，按产量 180.0 t 应为 38.0 tce，高 30.0%"
    )
    assert line.chart["x"][0] == "2025-01"
    assert line.chart["events"] == [{"x": "2025-08", "label": "2025-08"}]


def test_too_few_months_say_so_and_give_no_figure(metered, org_a):
    reported(org_a, {n: 100.0 + 10 * n for n in range(1, 7)})
    line = output_line.of_firm(org_a.credit_code, DECEMBER)
    # six months reported, February not metered whole
    assert line.words == ["既有计量能耗又有上报产量的只有 5 个月，至少要 8 个月才判。"]
    assert not line.judged
    assert line.chart == {}


def test_the_same_output_every_month_has_no_line(metered, org_a):
    reported(org_a, dict.fromkeys(range(1, 13), 100.0))
    line = output_line.of_firm(org_a.credit_code, DECEMBER)
    assert line.words == ["各月产量相同，画不出线。"]


def test_nothing_reported_is_nothing_known(org_a):
    line = output_line.of_firm(org_a.credit_code, DECEMBER)
    assert "只有 0 个月" in line.words[0]
    assert line.product == ""


def test_a_quiet_year_says_so(world, org_a, monkeypatch):
    frame = output_line.months([org_a.credit_code], date(2025, 1, 1), date(2025, 12, 31))
    quiet = frame.with_columns(energy=20 + 0.1 * pl.col("output"))
    monkeypatch.setattr(output_line, "months", lambda *_: quiet)
    line = output_line.of_firm(org_a.credit_code, DECEMBER)
    assert line.words == ["没有异常月份：能耗随产量变化。", OTHERS]


def test_the_page_and_the_workbook_show_it(world, org_a, firm_a, firm_b, client_for):
    url = f"{reverse('quality-of', args=[org_a.credit_code])}?view=output&month=2025-12"
    page = client_for(firm_a).get(url).content.decode()
    assert "2025-08：计量 49.4 tce" in page
    assert "output-line" in page
    assert client_for(firm_a).get(f"{url}&export=xlsx").content.startswith(b"PK")
    assert client_for(firm_b).get(url).status_code == 404


def test_the_line_begins_two_years_before():
    assert output_line.begin(DECEMBER) == date(2024, 1, 1)
    assert output_line.begin(date(2026, 1, 1)) == date(2024, 2, 1)


def test_a_month_that_ended_is_held_against_the_line_for_alerts(world, org_a):
    nodes = pl.DataFrame({"node": [org_a.credit_code, "city"], "kind": ["enterprise", "city"]})
    lined = alerting._lined(nodes, DECEMBER, date(2025, 12, 31))
    (december,) = alerting._residuals(lined, DECEMBER, {}).to_dicts()
    assert (december["month"], december["beyond"]) == ("2025-12", False)
    # up to August seven months are known
    august = date(2025, 8, 1)
    assert alerting._residuals(lined, august, {})["reason"].to_list() == ["too_few"]
    fewer = alerting._residuals(lined, august, {"residual_months_min": 7})
    assert fewer["beyond"].to_list() == [True]
    assert alerting._lined(nodes, DECEMBER, date(2025, 12, 30)).is_empty()
