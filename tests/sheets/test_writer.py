"""Templates, forms written back, lists, and nothing that could become a formula."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanfeng import sheets
from tanfeng.errors import ModelError
from tanfeng.sheets._items import items

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", "http://example.org"]


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def formulas(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [
            name
            for name in archive.namelist()
            if name.startswith("xl/worksheets/sheet") and re.search(rb"<f[ >]", archive.read(name))
        ]


# ------------------------------------------------------------------------------ templates


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("key", list(sheets.forms()))
def test_a_template_is_read_as_its_form(bench, key, lang):
    form = sheets.form(key)
    content = sheets.template(key, lang=lang)
    result = bench.read(content)
    assert result.form is form
    assert [c.field for c in result.columns] == list(form.fields)
    assert all(c.factor in (None, 1.0) for c in result.columns)
    assert result.unmapped == ()
    assert result.skipped[0][1] == "example"
    assert [p for p in result.problems if p.severity != "info"] == []
    book = opened(content)
    first = book.worksheets[0]
    assert first.freeze_panes
    assert book.sheetnames[1] == ("Guide" if lang == "en" else "填报说明")
    header = first[result.header_rows[-1]]
    assert sum(cell.comment is not None for cell in header) >= len(form.columns) // 3
    assert formulas(content) == []


def test_the_example_row_would_be_accepted(bench):
    """What the example shows is right: with its mark taken away it reads without a finding."""
    for key in ("enterprise_archive", "monthly_energy", "product_output", "monthly_wide"):
        content = sheets.template(key)
        page = opened(content).worksheets[0]
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=1, max_row=3)]
        rows[2][0] = str(rows[2][0]).removeprefix("示例: ")
        result = bench.read(bench.workbook(rows))
        assert result.accepted.height == 1, key
        assert [p.line() for p in result.problems if p.severity != "info"] == []


def test_drop_downs(bench):
    page = opened(sheets.template("monthly_energy")).worksheets[0]
    found = {str(v.sqref).split(":")[0]: v.formula1 for v in page.data_validations.dataValidation}
    assert found["E4"].startswith("'填报说明'!")
    guide = opened(sheets.template("monthly_energy"))["填报说明"]
    column = found["E4"].split("$")[1]
    names = [cell.value for cell in guide[column] if cell.value][1:]
    assert names[:2] == ["原煤", "无烟煤"]
    assert "能源合计" not in names


def test_chosen_items(bench):
    content = sheets.template("monthly_energy", items=["electricity", "natural_gas"])
    result = bench.read(content)
    assert result.frame["item_key"].to_list() == ["electricity", "natural_gas"]
    with pytest.raises(ModelError, match="no energy item"):
        sheets.template("monthly_energy", items=["plutonium"])


def test_the_grid_prints_every_item(bench):
    result = bench.read(sheets.template("stat_205_1"))
    printed = [item.key for item in items().values() if item.printed and item.key != "total"]
    assert result.frame["item_key"].to_list() == printed
    assert result.frame["coef_reference_tce"].to_list() == [items()[k].reference for k in printed]
    assert result.skipped[-1][1] == "total"
    assert result.accepted.height == 0
    few = bench.read(sheets.template("stat_205_1", items=["raw_coal", "electricity"]))
    assert few.frame["item_key"].to_list() == ["raw_coal", "electricity"]


def test_the_same_template_twice_is_the_same_file():
    assert sheets.template("monthly_energy") == sheets.template("monthly_energy")


# ------------------------------------------------------------------------------ round trips


def test_a_clean_form_reads_back_equal(bench):
    first = bench.energy_rows(
        bench.energy(), bench.coal(remark="=不是公式"), bench.energy(period="2024")
    )
    again = bench.read(sheets.write(first.form, first.frame))
    assert again.frame.drop("source_row").equals(first.frame.drop("source_row"))
    assert again.form is first.form
    english = bench.read(sheets.write(first.form, first.frame, lang="en"))
    assert english.frame.drop("source_row").equals(first.frame.drop("source_row"))


def test_converted_quantities_are_written_in_their_own_unit(bench):
    row = bench.energy(unit_zh="千瓦时", purchase_qty=1_000_000, consumption_total_qty=1_000_000)
    first = bench.energy_rows(row)
    again = bench.read(sheets.write(first.form, first.frame))
    assert again.frame["unit_zh"].to_list() == ["万千瓦时"]
    assert again.frame["consumption_total_qty"].to_list() == [100]


def test_head_block_and_marks(bench):
    frame = pl.DataFrame(
        {
            "energy_name": ["电力"],
            "unit_zh": ["万千瓦时"],
            "energy_code": ["33"],
            "consumption_total_qty": [5.0],
            "industrial_consumption_qty": [5.0],
            "coef_used_tce": [1.229],
        }
    )
    head = {
        "credit_code": bench.code,
        "org_name": "演示公司",
        "period": "2025-03",
        "signed_head": "甲",
    }
    content = sheets.write("stat_205_1", frame, demo=True, as_of="2025-04-02", head=head)
    result = bench.read(content)
    assert {key: result.head[key] for key in head} == head
    assert result.frame["consumption_total_qty"].to_list() == [5]
    page = opened(content).worksheets[0]
    assert "演示数据" in page["A1"].value
    assert page["A2"].value == "数据截至 2025-04-02"
    assert "演示数据" in page.oddHeader.center.text
    plain = opened(sheets.write("stat_205_1", frame)).worksheets[0]
    assert "演示" not in plain["A1"].value


def test_forms_of_every_kind_read_back(bench):
    motor = {
        "equipment_no": "DJ-1",
        "quantity": 2,
        "is_obsolete": True,
        "in_use_since": "2020-05",
        "rated_power_kw": 30.0,
        "poles": 4,
    }
    frame = pl.DataFrame([motor])
    again = bench.read(sheets.write("equip_motor", frame)).frame
    assert again.select(list(motor)).row(0, named=True) == motor


numbers = st.one_of(st.none(), st.decimals(0, 10**7, places=3).map(float))
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z", "M"]), min_size=2, max_size=12
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["electricity", "raw_coal", "diesel", "heat"]),
            st.integers(1, 12),
            numbers,
            numbers,
            numbers,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_reads_back(bench, rows):
    frame = pl.DataFrame(
        {
            "credit_code": [bench.code] * len(rows),
            "period": [f"2025-{month:02d}" for _, month, *_ in rows],
            "energy_name": [items()[key].name_zh for key, *_ in rows],
            "unit_zh": [items()[key].unit_zh for key, *_ in rows],
            "purchase_qty": pl.Series([row[2] for row in rows], dtype=pl.Float64),
            "consumption_total_qty": pl.Series([row[3] for row in rows], dtype=pl.Float64),
            "closing_stock_qty": pl.Series([row[4] for row in rows], dtype=pl.Float64),
            "remark": pl.Series([None] * len(rows), dtype=pl.String),
        }
    )
    again = bench.read(sheets.write("monthly_energy", frame))
    assert again.frame.select(frame.columns).equals(frame)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(names, min_size=1, max_size=5))
def test_any_name_is_text_and_stays_itself(bench, written):
    frame = pl.DataFrame({"name": written, "n": list(range(len(written)))})
    content = sheets.table_workbook("清单", ["name", "n"], frame)
    assert formulas(content) == []
    page = opened(content).worksheets[0]
    assert [row[0] for row in page.iter_rows(min_row=3, max_col=1, values_only=True)] == written


# ------------------------------------------------------------------------------ lists


def test_nothing_becomes_a_formula(bench):
    rows = [{"name": text, "value": 1.5} for text in NASTY]
    for content in (
        sheets.table_workbook("清单", ["name", "value"], rows),
        sheets.write(
            "monthly_wide", pl.DataFrame({"period": ["2025-03"] * len(NASTY), "remark": NASTY})
        ),
    ):
        assert formulas(content) == []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b"hyperlink" not in archive.read("xl/worksheets/sheet1.xml")
    page = opened(sheets.table_workbook("清单", ["name"], rows)).worksheets[0]
    cells = [row[0] for row in page.iter_rows(min_row=3, max_col=1)]
    assert [cell.data_type for cell in cells] == ["s"] * len(NASTY)
    assert [cell.quotePrefix for cell in cells] == [True] * (len(NASTY) - 1) + [False]


def test_lists_of_every_shape():
    columns = [
        sheets.ListColumn("name", "名称", "Name", width=20),
        sheets.ListColumn("tco2", "排放量", "Emission", unit="tCO2", places=1),
        sheets.ListColumn("when", "日期", "Date"),
        sheets.ListColumn("ok", "是否", "OK"),
    ]
    row = {"name": "甲", "tco2": 1234.56, "when": dt.date(2025, 3, 1), "ok": True}
    as_mapping = sheets.table_workbook(
        "清单/2025", columns, [row], as_of="2025-04-02", notes=["注记"]
    )
    as_frame = sheets.table_workbook(
        "清单/2025", columns, pl.DataFrame([row]), as_of="2025-04-02", notes=["注记"]
    )
    as_rows = sheets.table_workbook(
        "清单/2025", columns, [list(row.values())], as_of="2025-04-02", notes=["注记"]
    )
    assert as_mapping == as_frame == as_rows
    page = opened(as_mapping).worksheets[0]
    assert page.title == "清单 2025"
    texts = [[cell for cell in line if cell is not None] for line in page.values]
    assert texts[:3] == [["清单/2025"], ["数据截至 2025-04-02"], ["注记"]]
    assert texts[3] == ["名称", "排放量 (吨)", "日期", "是否"]
    assert texts[4] == ["甲", 1234.56, dt.datetime(2025, 3, 1), "是"]
    assert page["B5"].number_format == "#,##0.0"
    english = opened(
        sheets.table_workbook("List", columns, [row], lang="en", demo=True)
    ).worksheets[0]
    assert [cell.value for cell in english[2]] == ["Name", "Emission (tCO₂)", "Date", "OK"]
    assert english["D3"].value == "yes"
    assert "Demonstration data" in english["A1"].value


def test_lists_without_rows_or_odd_values():
    empty = opened(sheets.table_workbook("空", ["a", "b"], [])).worksheets[0]
    assert [cell.value for cell in empty[2]] == ["a", "b"]
    assert sheets.table_workbook("空", [], [])
    odd = [
        {"a": None, "b": float("nan")},
        {"a": "", "b": dt.datetime(2025, 3, 1, 12, 30, tzinfo=dt.UTC)},
        {"a": "x" * 40000, "b": pl.Series([1, 2]).to_list()},
        {"a": float("inf"), "b": 3},
    ]
    page = opened(sheets.table_workbook("杂", ["a", "b"], odd)).worksheets[0]
    assert page["B4"].value == dt.datetime(2025, 3, 1, 12, 30)
    assert len(page["A5"].value) == 32767
    assert page["B5"].value == "[1, 2]"
    assert page["A6"].value is None


@pytest.mark.parametrize("odd", [None, "=1+1"], ids=["tall", "with a dangerous text"])
def test_long_lists_are_the_same_workbook(bench, monkeypatch, odd):
    """Rows put together as columns read like rows written one by one."""
    from tanfeng.sheets import _tall

    texts = ["甲", "", None, " <b>&'\"", "行1\n行2", "x" * 40000]
    rows = [
        {
            "name": texts[i % len(texts)],
            "n": i if i % 3 else None,
            "x": i / 8,
            "bad": float("nan"),
            "ok": i % 2 == 0,
            "day": dt.date(2025, 3, 1) + dt.timedelta(days=i),
            "none": None,
        }
        for i in range(40)
    ]
    rows[-1]["name"] = odd
    columns = [sheets.ListColumn(key, places=2 if key == "x" else None) for key in rows[0]]
    slow = opened(sheets.table_workbook("清单", columns, rows)).worksheets[0]
    monkeypatch.setattr(_tall, "TALL", 10)
    for frame in (rows, pl.DataFrame(rows)):
        content = sheets.table_workbook("清单", columns, frame)
        quick = opened(content).worksheets[0]
        assert quick.dimensions == slow.dimensions
        for mine, theirs in zip(quick.iter_rows(), slow.iter_rows(), strict=True):
            values = [(cell.value, cell.number_format) for cell in mine if cell.value is not None]
            wanted = [(cell.value, cell.number_format) for cell in theirs if cell.value is not None]
            assert values == wanted
        assert formulas(content) == []


def test_text_that_looks_like_an_escape_stays_itself(monkeypatch):
    import python_calamine

    from tanfeng.sheets import _tall

    frame = pl.DataFrame({"a": ["_x0041_", "c_x000D_d", "a\x01b"] * 3})
    for tall in (2000, 2):
        monkeypatch.setattr(_tall, "TALL", tall)
        content = io.BytesIO(sheets.table_workbook("x", ["a"], frame))
        page = python_calamine.CalamineWorkbook.from_filelike(content).get_sheet_by_index(0)
        assert [row[0] for row in page.to_python()[2:]] == frame["a"].to_list()


def test_long_forms_read_back(bench, monkeypatch):
    from tanfeng.sheets import _tall

    rows = [
        bench.energy(
            period=f"{2010 + i // 12}-{i % 12 + 1:02d}",
            purchase_qty=i / 7,
            purchase_amount_kcny=None,
        )
        for i in range(60)
    ]
    frame = bench.energy_rows(*rows).frame
    monkeypatch.setattr(_tall, "TALL", 10)
    again = bench.read(sheets.write("monthly_energy", frame))
    # Numbers written this way keep their last bit.
    assert again.frame.drop("source_row").equals(frame.drop("source_row"))


def test_columns_that_mix_kinds_go_the_slow_way(monkeypatch):
    from tanfeng.sheets import _tall

    monkeypatch.setattr(_tall, "TALL", 2)
    mixed = [[1, "a"], ["二", 2], [dt.datetime(2025, 3, 1, 8), None]]
    page = opened(sheets.table_workbook("杂", ["a", "b"], mixed)).worksheets[0]
    assert [row for row in page.iter_rows(min_row=3, values_only=True)] == [
        (1, "a"),
        ("二", 2),
        (dt.datetime(2025, 3, 1, 8), None),
    ]
    kinds = pl.DataFrame({"c": pl.Series(["甲", "乙", "甲"], dtype=pl.Categorical)})
    page = opened(sheets.table_workbook("类", ["c"], kinds)).worksheets[0]
    assert [row[0] for row in page.iter_rows(min_row=3, values_only=True)] == ["甲", "乙", "甲"]


# ------------------------------------------------------------------------------ activity


def test_activity_of_the_monthly_form(bench):
    from tanfeng.accounting import ACTIVITY_SCHEMA

    result = bench.energy_rows(
        bench.energy(data_source="计量"),
        bench.coal(period="2024"),
        bench.energy(period="2025-04", purchase_qty="坏"),
    )
    frame = sheets.activity(result)
    assert set(frame.columns) <= set(ACTIVITY_SCHEMA)
    assert frame.select("activity_id", "org_code", "year", "month", "item_key", "tier").rows() == [
        (2, bench.code, 2025, 3, "electricity", "measured"),
        (3, bench.code, 2024, 0, "raw_coal", "reported"),
    ]
    assert frame["consumption_total_qty"].to_list() == [100, 90]


def test_activity_of_the_wide_form(bench):
    rows = [
        {"period": "2025-03", "credit_code": bench.code, "electricity_1e4kwh": 5, "diesel_t": 2},
        {"period": "2025-04", "credit_code": bench.code, "electricity_1e4kwh": 6},
    ]
    frame = sheets.activity(bench.read_rows("monthly_wide", *rows))
    assert frame.select("month", "item_key", "consumption_total_qty").rows() == [
        (3, "electricity", 5),
        (3, "diesel", 2),
        (4, "electricity", 6),
    ]
    assert frame["activity_id"].is_unique().all()


def accounted(frame):
    """Return Fujian 2023: 1.229 tce and 0.4211 kgCO2/kWh x 10 = 4.211 tCO2 per 1e4 kWh."""
    from tanfeng import accounting

    factors = accounting.factor_set([2023], as_of=dt.date(2026, 1, 31))
    whole = accounting.headline(accounting.account(frame, factors=factors).totals())
    return whole.row(0, named=True)


def test_power_from_the_own_roof_is_used_but_not_bought(bench):
    """10 used of which 1 from the roof: 9 bought, 9 x 1.229 tce, 9 x 4.211 tCO2."""
    rows = [
        {"period": "2023-03", "electricity_1e4kwh": 10, "self_use_pv_1e4kwh": 1},
        {"period": "2023-04", "electricity_1e4kwh": 8},
    ]
    result = bench.read_rows("monthly_wide", *({"credit_code": bench.code} | r for r in rows))
    frame = sheets.activity(result)
    quantities = ("consumption_total_qty", "own_production_qty", "purchase_qty")
    assert frame.select(quantities).rows() == [(10, 1, 9), (8, None, None)]
    march = accounted(frame.filter(pl.col("month") == 3))
    assert march["energy_calorific_tce"] == pytest.approx(9 * 1.229)
    assert march["emission_indirect_tco2"] == pytest.approx(9 * 4.211)
    april = accounted(frame.filter(pl.col("month") == 4))
    assert april["emission_indirect_tco2"] == pytest.approx(8 * 4.211)


def test_a_column_of_bought_power_does_not_hold_the_own_roof(bench):
    """9 bought and 1 from the roof: 10 used, and the same account as above."""
    rows = [["月份", "外购电量(万千瓦时)", "光伏自发自用(万千瓦时)", "柴油(吨)"], ["2023-03", 9, 1]]
    rows += [["2023-04", 3, 4], ["2023-05", None, 2]]
    rows = [[*row, None][:4] for row in rows]
    result = bench.read(bench.workbook([[f"代码：{bench.code}"], *rows]))
    assert bench.told(result, "X038") == []
    frame = sheets.activity(result)
    quantities = ("consumption_total_qty", "own_production_qty", "purchase_qty")
    assert frame.select(quantities).rows() == [(10, 1, 9), (7, 4, 3), (None, 2, None)]
    march = accounted(frame.filter(pl.col("month") == 3))
    assert march["energy_calorific_tce"] == pytest.approx(9 * 1.229)
    assert march["emission_indirect_tco2"] == pytest.approx(9 * 4.211)
    # Nobody knows how much was used in May: the row is missing, not zero.
    assert accounted(frame.filter(pl.col("month") == 5))["energy_missing_rows"] == 1


HEADED = [["月份", "用电量(万千瓦时)", "柴油(吨)"], ["2025-03", 5, 1]]


@pytest.mark.parametrize(
    "above",
    [
        [["统一社会信用代码：{code}"]],
        [["统一社会信用代码", "{code}"]],
        [["单位名称：演示甲公司  统一社会信用代码：{code}"]],
        [["演示甲公司（{code}）2025年能耗统计表"]],
        [["统一社会信用代码（组织机构代码）：{code}"]],
        [["单位名称", "演示甲公司", "统一社会信用代码", "{code}"]],
    ],
)
def test_a_code_above_the_table_is_the_code_of_every_row(bench, above):
    head = [[cell.format(code=bench.code) for cell in row] for row in above]
    frame = sheets.activity(bench.read(bench.workbook([["能耗表"], *head, *HEADED])))
    assert frame["org_code"].unique().to_list() == [bench.code]


def test_a_code_below_the_table_or_beside_empty_cells(bench):
    below = bench.read(bench.workbook([*HEADED, [], [f"信用代码：{bench.code}  填表人：甲"]]))
    assert bench.told(below) == []
    assert sheets.activity(below)["org_code"].unique().to_list() == [bench.code]
    header = [*HEADED[0], "信用代码"]
    rows = [[f"信用代码：{bench.code}"], header, HEADED[1], ["2025-04", 6, 1, bench.code]]
    beside = bench.read(bench.workbook(rows))
    assert sheets.activity(beside)["org_code"].unique().to_list() == [bench.code]
    # With another enterprise in the table the head is not the head of every row.
    mixed = bench.read(bench.workbook([*rows[:3], ["2025-04", 6, 1, bench.other]]))
    assert mixed.frame["credit_code"].to_list() == [None, bench.other]


def test_activity_of_form_205_1(bench):
    frame = pl.DataFrame(
        {
            "energy_name": ["电力", "原煤"],
            "unit_zh": ["万千瓦时", "吨"],
            "consumption_total_qty": [5.0, 7.0],
            "industrial_consumption_qty": [5.0, 7.0],
        }
    )
    head = {"credit_code": bench.code, "period": "2025-12"}
    year = bench.read(sheets.write("stat_205_1", frame, head=head))
    assert sheets.activity(year).select("org_code", "year", "month", "item_key").rows() == [
        (bench.code, 2025, 0, "electricity"),
        (bench.code, 2025, 0, "raw_coal"),
    ]
    june = bench.read(sheets.write("stat_205_1", frame, head=head | {"period": "2025-06"}))
    with pytest.raises(ModelError, match="cumulative"):
        sheets.activity(june)
    with pytest.raises(ModelError, match="no energy"):
        sheets.activity(
            bench.read_rows(
                "product_output",
                {
                    "credit_code": bench.code,
                    "period": "2025-03",
                    "product_name": "水泥",
                    "unit_zh": "吨",
                    "output_qty": 1,
                },
            )
        )
