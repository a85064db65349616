"""Automatic checks of monthly filings: each rule by hand, borders included, then properties."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng.accounting import mrv_checks as mrv
from tanfeng.errors import ModelError

ORG = "91359999MADEM00015"
TODAY = date(2026, 3, 1)


def filing(month=3, parameter="coal_use_t", year=2025, **more):
    row = dict.fromkeys(mrv.FILING_SCHEMA) | {
        "org_code": ORG,
        "year": year,
        "month": month,
        "parameter": parameter,
        "value": 100.0,
        "laboratory": "",
        "filed_on": date(2025, 4, 10),
        "due_on": date(2025, 5, 10),
    }
    return row | more


def proof(month=3, parameter="coal_use_t", sha256="a" * 64, year=2025, **more):
    row = dict.fromkeys(mrv.EVIDENCE_SCHEMA) | {
        "org_code": ORG,
        "year": year,
        "month": month,
        "parameter": parameter,
        "sha256": sha256,
        "file_name": "磅单.pdf",
        "stated_code": "",
        "stated_name": "",
        "own_names": ["演示甲"],
    }
    return row | more


def frame(rows, schema=mrv.FILING_SCHEMA):
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def rules_of(*rows, **more):
    return mrv.check(frame(rows), as_of=TODAY, **more)["rule"].to_list()


def of_files(*proofs, filings=()):
    rows = frame(list(proofs), mrv.EVIDENCE_SCHEMA)
    return mrv.check(frame(list(filings)), as_of=TODAY, evidence=rows)


def test_what_is_in_order_is_no_finding():
    fine = filing(
        sampled_on=date(2025, 3, 5),
        tested_on=date(2025, 3, 5),
        invoice_value=101.0,
        low=0.0,
        high=100.0,
        lab_wanted=True,
        accredited=True,
        laboratory="甲",
    )
    whole = proof(period_from=date(2025, 3, 1), period_to=date(2025, 3, 31), stated_code=ORG)
    found = of_files(whole, filings=[fine])
    assert found.is_empty()
    assert dict(found.schema) == dict(mrv.FINDING_SCHEMA)


def test_a_test_before_its_sample():
    row = filing(sampled_on=date(2025, 3, 5), tested_on=date(2025, 3, 4))
    found = mrv.check(frame([row]), as_of=TODAY).row(0, named=True)
    assert (found["rule"], found["severity"], found["value"]) == ("M01", "error", "2025-03-04")
    assert found["message_en"] == (
        "Tested on 2025-03-04, before the sample was taken on 2025-03-05"
    )
    assert found["message_zh"] == "检测日期 2025-03-04 早于采样日期 2025-03-05"
    assert found["remedy_zh"]
    assert found["remedy_en"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 2, 28), ["M02"]),
        (date(2025, 3, 1), []),
        (date(2025, 3, 31), []),
        (date(2025, 4, 1), ["M02"]),
    ],
)
def test_a_sample_belongs_to_its_month(day, expected):
    assert rules_of(filing(sampled_on=day)) == expected


def test_the_same_value_twelve_months_in_a_row():
    def run(first, count, value=21.3):
        # first counts months from January 2024: 0 is 2024-01, 12 is 2025-01
        return [
            filing(year=2024 + (first + n) // 12, month=(first + n) % 12 + 1, value=value)
            for n in range(count)
        ]

    assert "M03" not in rules_of(*run(0, 11))
    # July 2024 to June 2025 are twelve months over the turn of the year; told once, at the last.
    found = mrv.check(frame(run(6, 12)), as_of=TODAY).filter(pl.col("rule") == "M03")
    assert found.select("year", "month").rows() == [(2025, 6)]
    assert found["message_zh"].to_list() == ["截至 2025-06 已连续 12 个月填报同一数值 21.3"]
    # A gap ends a run, another value too, and zero is no run.
    assert "M03" not in rules_of(*run(0, 6), *run(7, 11))
    assert "M03" not in rules_of(*run(0, 6), *run(6, 1, 21.4), *run(7, 11))
    assert "M03" not in rules_of(*run(0, 24, 0.0))


@pytest.mark.parametrize(
    ("meter", "invoice", "expected"),
    [
        (100.0, 102.0, []),  # 2.00 % is not over 2 %
        (100.0, 102.01, ["M04"]),  # 2.01 %
        (100.0, 97.9, ["M04"]),  # 2.1 % below
        (0.3, 0.306, []),  # exactly 2 % although 0.306 - 0.3 is not 0.006 in binary
        (0.0, 5.0, ["M04"]),
        (0.0, 0.0, []),
        (-50.0, -51.5, ["M04"]),  # power sold: 1.5 / 50 = 3 %
    ],
)
def test_invoice_against_meter(meter, invoice, expected):
    assert rules_of(filing(value=meter, invoice_value=invoice)) == expected


def test_the_difference_is_told():
    found = mrv.check(frame([filing(value=250.0, invoice_value=260.0)]), as_of=TODAY)
    # 10 / 250 = 4 %
    assert found["message_en"].to_list() == [
        "The invoice says 260, the meter 250: 4 % apart, more than 2 %"
    ]


def test_a_missing_month_is_told_after_its_day_only():
    expected = frame(
        [
            {"org_code": ORG, "year": 2025, "month": month, "parameter": "coal_use_t",
             "due_on": due}
            for month, due in ((3, date(2025, 5, 10)), (4, date(2025, 6, 9)), (5, TODAY))
        ],
        mrv.EXPECTED_SCHEMA,
    )  # fmt: skip
    found = mrv.check(frame([filing(month=3)]), as_of=TODAY, expected=expected)
    assert found.select("rule", "month").rows() == [("M05", 4)]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, []), (100.0, []), (-0.1, ["M06"]), (100.1, ["M06"])]
)
def test_a_value_outside_its_range(value, expected):
    assert rules_of(filing(value=value, low=0.0, high=100.0)) == expected
    assert rules_of(filing(value=value)) == []  # no range, nothing to say


def test_laboratory_and_lateness():
    wanted = {"lab_wanted": True, "laboratory": "厂内化验室"}
    assert rules_of(filing(**wanted)) == ["M10"]
    assert rules_of(filing(**wanted, accredited=False)) == ["M10"]
    assert rules_of(filing(**wanted, accredited=True)) == []
    assert rules_of(filing(filed_on=date(2025, 5, 10))) == []
    assert rules_of(filing(filed_on=date(2025, 5, 11))) == ["M11"]


def test_evidence_covers_its_month():
    part = {"period_from": date(2025, 3, 1), "period_to": date(2025, 3, 30)}
    found = of_files(proof(**part))
    assert found["rule"].to_list() == ["M07"]
    assert "2025-03-01—2025-03-30" in found["message_zh"][0]
    assert of_files(proof()).is_empty()


def test_one_file_for_two_things():
    other = proof(parameter="coke_use_t")
    assert of_files(proof(), other)["rule"].to_list() == ["M08", "M08"]
    assert of_files(proof(), proof(month=4))["rule"].to_list() == ["M08", "M08"]
    # One invoice of a quarter stands for its three months.
    quarter = {"period_from": date(2025, 1, 1), "period_to": date(2025, 3, 31)}
    assert of_files(*(proof(month=month, **quarter) for month in (1, 2, 3))).is_empty()
    # The other enterprise is not named.
    foreign = proof(org_code="91359999MADEM00028")
    found = of_files(proof(), foreign)
    assert found["rule"].to_list() == ["M08", "M08"]
    assert not any("MADEM00028" in text for text in found["message_zh"])


def test_a_document_of_another_plant():
    assert of_files(proof(stated_name="演示乙"))["rule"].to_list() == ["M09"]
    assert of_files(proof(stated_code="91359999MADEM00028"))["rule"].to_list() == ["M09"]
    assert of_files(proof(stated_name="演示甲", stated_code=ORG)).is_empty()


def test_a_value_without_document():
    assert of_files(filings=[filing()])["rule"].to_list() == ["M12"]
    assert of_files(proof(), filings=[filing()]).is_empty()


def test_the_score_is_weight_times_capped_count():
    counts = pl.DataFrame(
        {"org_code": [ORG] * 3, "year": [2025] * 3, "rule": ["M01", "M01", "M11"],
         "count": [2, 3, 4]},
        schema_overrides={"year": pl.Int32},
    )  # fmt: skip
    found = mrv.risk(counts)
    # M01: weight 10, five findings, at most three count: 30. M11: weight 2, four of six: 8.
    assert found.select("rule", "count", "points", "score").rows() == [
        ("M01", 5, 30.0, 38.0),
        ("M11", 4, 8.0, 38.0),
    ]


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(ModelError, match="lacks value"):
        mrv.check(frame([filing()]).drop("value"), as_of=TODAY)
    with pytest.raises(ModelError, match="stand twice"):
        mrv.check(frame([filing(), filing()]), as_of=TODAY)
    with pytest.raises(ModelError, match="no such rule: X99"):
        mrv.risk(pl.DataFrame({"org_code": [ORG], "year": [2025], "rule": ["X99"], "count": [1]}))


def test_every_rule_speaks_both_languages():
    for one in mrv.rules().values():
        assert one.title_zh != one.title_en
        assert one.title("en") == one.title_en
        assert one.title() == one.title_zh
        assert one.weight > 0 < one.cap
        assert one.severity in ("error", "warning", "info")


DAYS = st.dates(date(2024, 12, 1), date(2026, 1, 31))
ROWS = st.lists(
    st.builds(
        filing,
        month=st.integers(1, 12),
        parameter=st.sampled_from(["coal_use_t", "coke_use_t"]),
        value=st.none() | st.floats(-10, 1000),
        invoice_value=st.none() | st.floats(-10, 1000),
        sampled_on=st.none() | DAYS,
        tested_on=st.none() | DAYS,
        low=st.none() | st.floats(0, 10),
        high=st.none() | st.floats(10, 100),
        filed_on=DAYS,
        lab_wanted=st.booleans(),
        accredited=st.none() | st.booleans(),
    ),
    max_size=20,
    unique_by=lambda row: (row["month"], row["parameter"]),
)


@given(ROWS, st.randoms())
@settings(max_examples=30)
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    first = mrv.check(frame(rows), as_of=TODAY)
    assert first.equals(mrv.check(frame(shuffled), as_of=TODAY))


@given(ROWS)
@settings(max_examples=30)
def test_every_finding_names_a_filed_month_and_fills_its_texts(rows):
    found = mrv.check(frame(rows), as_of=TODAY)
    places = {(row["month"], row["parameter"]) for row in rows}
    assert set(found.select("month", "parameter").rows()) <= places
    for text in (*found["message_zh"], *found["message_en"]):
        assert "{" not in text
    for row in rows:
        both = row["sampled_on"] and row["tested_on"]
        wrong = bool(both and row["tested_on"] < row["sampled_on"])
        at = (pl.col("month") == row["month"]) & (pl.col("parameter") == row["parameter"])
        assert wrong == ("M01" in found.filter(at)["rule"].to_list())


@given(st.floats(0.01, 1e9), st.floats(0.5, 1.5))
@settings(max_examples=40)
def test_scaling_meter_and_invoice_together_changes_nothing(value, ratio):
    """2 % is 2 % in every unit; powers of two keep the digits."""
    here = rules_of(filing(value=value, invoice_value=value * ratio))
    there = rules_of(filing(value=value * 1024, invoice_value=value * ratio * 1024))
    assert here == there


def test_a_city_is_checked_in_a_moment():
    """3,000 enterprises, six parameters, two years: 432,000 rows."""
    codes, months = 3_000, 24
    rows = (
        pl.DataFrame({"n": range(codes)})
        .join(pl.DataFrame({"t": range(months)}), how="cross")
        .join(pl.DataFrame({"p": range(6)}), how="cross")
        .select(
            org_code=pl.format("C{}", "n"),
            year=2024 + pl.col("t") // 12,
            month=pl.col("t") % 12 + 1,
            parameter=pl.format("p{}", "p"),
            value=100.0 + pl.col("n") + pl.col("t"),
            sampled_on=pl.lit(None),
            tested_on=pl.lit(None),
            laboratory=pl.lit(""),
            accredited=pl.lit(None),
            lab_wanted=pl.lit(value=False),
            invoice_value=100.5 + pl.col("n") + pl.col("t"),
            low=pl.lit(0.0),
            high=pl.lit(None),
            filed_on=pl.lit(TODAY),
            due_on=pl.lit(TODAY + timedelta(days=1)),
        )
    )
    assert rows.height == 432_000
    assert mrv.check(rows, as_of=TODAY).is_empty()


def test_a_rule_without_a_threshold_is_not_asked_for_one():
    from tanfeng.accounting import mrv_checks
    from tanfeng.errors import ModelError

    bare = next(key for key, rule in mrv_checks.rules().items() if rule.threshold is None)
    with pytest.raises(ModelError, match=f"rule {bare} has no threshold"):
        mrv_checks._limit(bare)
