"""Several sheets in one file: which are read, what is said of the others, how they agree."""

from __future__ import annotations

import io
import json

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from tanfeng import sheets
from tanfeng.cli.account import app as account_app
from tanfeng.cli.sheets import app as check_app

NOTES = [["填写说明"], ["请按月填写，单位见表头。"], ["有问题请联系主管部门。"]]


def months(bench, *numbers, **fields):
    """Return one sheet of the monthly form per month: month m uses 100 + m."""
    return [
        (
            f"{month}月",
            bench.filled(
                "monthly_energy",
                bench.energy(
                    period=f"2025-{month:02d}",
                    purchase_qty=100 + month,
                    purchase_amount_kcny=6.3 * (100 + month),
                    consumption_total_qty=100 + month,
                    **fields,
                ),
            ),
        )
        for month in numbers
    ]


def book(bench, *pages):
    (name, rows), *more = pages
    return bench.workbook(rows, sheet=name, more=more)


def read_all(bench, content, **options):
    return sheets.read_all(content, "book.xlsx", today=bench.today, **options)


def hidden(content, name):
    opened = openpyxl.load_workbook(io.BytesIO(content))
    opened[name].sheet_state = "hidden"
    buffer = io.BytesIO()
    opened.save(buffer)
    return buffer.getvalue()


def test_twelve_months_are_twelve_readings(bench):
    results = read_all(bench, book(bench, *months(bench, *range(1, 13))))
    assert [one.sheet for one in results] == [f"{month}月" for month in range(1, 13)]
    assert {one.form.key for one in results} == {"monthly_energy"}
    assert [one.accepted["consumption_total_qty"][0] for one in results] == [
        100 + month for month in range(1, 13)
    ]
    assert all(bench.told(one) == [] for one in results)
    assert {info.role for info in results[0].sheets} == {"read"}


def test_each_sheet_is_what_it_is(bench):
    archive = bench.filled(
        "enterprise_archive",
        {
            "credit_code": bench.code,
            "org_name": "演示甲公司",
            "industry_code": "3011",
            "place_code": "350122",
        },
    )
    output = bench.filled("product_output", made(bench, 3, 25_000))
    pages = [("档案", archive), *months(bench, 3), ("产量", output), ("说明", NOTES)]
    results = read_all(bench, book(bench, *pages))
    assert [(one.sheet, one.form.key) for one in results] == [
        ("档案", "enterprise_archive"),
        ("3月", "monthly_energy"),
        ("产量", "product_output"),
    ]
    told = [(p.rule, p.value) for p in results[0].problems if p.rule in ("X040", "S012")]
    assert told == [("X040", "说明")]
    assert [(i.name, i.role, i.form) for i in results[0].sheets][-1] == ("说明", "other", "")


def test_hidden_and_blank_sheets_are_left_alone_and_said_so(bench):
    blank = [bench.filled("monthly_energy", bench.energy())[0]]
    content = hidden(book(bench, *months(bench, 1, 2, 3), ("4月", blank), ("空", [])), "2月")
    results = read_all(bench, content)
    assert [one.sheet for one in results] == ["1月", "3月"]
    told = {(p.rule, p.value) for p in results[0].problems}
    assert {("S012", "2月"), ("X041", "4月")} <= told
    roles = {info.name: info.role for info in results[0].sheets}
    assert roles == {"1月": "read", "2月": "ignore", "3月": "read", "4月": "blank", "空": "empty"}
    assert not any(p.rule in ("S012", "X041") for p in results[1].problems)


def test_one_sheet_may_be_named_and_one_form(bench):
    output = ("产量", bench.filled("product_output", made(bench, 1, 100)))
    content = book(bench, *months(bench, 1, 2), output)
    assert [r.sheet for r in read_all(bench, content, sheet="2月")] == ["2月"]
    assert [r.sheet for r in read_all(bench, content, form="monthly_energy")] == ["1月", "2月"]
    assert [r.sheet for r in read_all(bench, content, form="product_output")] == ["产量"]


def test_a_file_with_nothing_known_gives_the_one_answer(bench):
    (result,) = read_all(bench, book(bench, ("说明", NOTES), ("更多", NOTES)))
    assert result.form is None
    assert [p.rule for p in result.problems if p.severity == "error"] == ["X001"]


def test_text_files_have_one_sheet(bench):
    (result,) = read_all(bench, bench.text_file(bench.filled("monthly_energy", bench.energy())))
    assert result.accepted.height == 1


def test_the_same_row_on_two_sheets_counts_once(bench):
    pages = [*months(bench, 1), ("1月副本", months(bench, 1)[0][1])]
    first, second = read_all(bench, book(bench, *pages))
    assert (first.accepted.height, second.accepted.height) == (1, 0)
    (told,) = [p for p in second.problems if p.rule == "X043"]
    assert (told.sheet, told.row, told.severity) == ("1月副本", 2, "info")
    assert "“1月”第2行" in told.message_zh
    assert "2025-01 电力" in told.message_zh


def test_two_sheets_that_contradict_each_other_are_both_wrong(bench):
    other = bench.filled("monthly_energy", bench.energy(period="2025-01", consumption_total_qty=7))
    first, second = read_all(bench, book(bench, *months(bench, 1), ("更正", other)))
    for result, sheet in ((first, "更正"), (second, "1月")):
        (told,) = [p for p in result.problems if p.rule == "X042"]
        assert (told.severity, told.row) == ("error", 2)
        assert f"“{sheet}”第2行" in told.message_zh
        assert result.accepted.is_empty()
        assert result.errors == 1


def test_copies_of_form_205_1_are_of_one_month_or_another(bench):
    frame = pl.DataFrame(
        {"energy_name": ["电力"], "unit_zh": ["万千瓦时"], "consumption_total_qty": [5.0]}
    )
    pages = []
    for number, period in enumerate(("2025-01", "2025-02", "2025-02")):
        head = {"credit_code": bench.code, "period": period}
        opened = openpyxl.load_workbook(io.BytesIO(sheets.write("stat_205_1", frame, head=head)))
        rows = [list(row) for row in opened.worksheets[0].iter_rows(values_only=True)]
        pages.append((f"表{number + 1}", rows))
    results = read_all(bench, book(bench, *pages))
    assert [one.accepted.height for one in results] == [1, 1, 0]
    assert [one.head["period"] for one in results] == ["2025-01", "2025-02", "2025-02"]


# ------------------------------------------------------------------------------ two forms


def made(bench, month, gross, **fields):
    return {
        "credit_code": bench.code,
        "org_name": "演示甲公司",
        "period": f"2025-{month:02d}",
        "product_name": "水泥",
        "unit_zh": "吨",
        "output_qty": 10,
        "gross_output_kcny": gross,
    } | fields


def crossed(bench, energy, output):
    content = book(
        bench,
        ("能源", bench.filled("monthly_energy", *energy)),
        ("产量", bench.filled("product_output", *output)),
    )
    result = read_all(bench, content)[-1]
    return [
        (p.row, p.rule, p.severity, p.value)
        for p in result.problems
        if p.rule in ("E023", "E024", "E025")
    ], result


def test_output_without_electricity(bench):
    none = {"purchase_qty": 0, "purchase_amount_kcny": 0, "consumption_total_qty": 0}
    told, result = crossed(bench, [bench.energy(**none)], [made(bench, 3, 100)])
    assert told == [(2, "E023", "warning", "100")]
    (problem,) = [p for p in result.problems if p.rule == "E023"]
    assert (problem.sheet, problem.cell) == ("产量", "G2")
    # Nothing is known of the electricity: that is not zero.
    assert crossed(bench, [bench.coal()], [made(bench, 3, 100)])[0] == []


def test_energy_without_output(bench):
    told, _ = crossed(bench, [bench.energy()], [made(bench, 3, 0)])
    assert told == [(2, "E024", "info", "0")]


@pytest.mark.parametrize(
    ("gross", "told"),
    [
        # 100 x 1.229 = 122.9 tce over 1,000 thousand CNY is 1.229 tce per 1e4 CNY each month.
        (1000, []),
        # 5 times the mean is the edge, and the edge passes.
        (200, []),
        # 122.9 / 199 x 10 = 6.175879 is 5.025 times the mean of the three months before.
        (199, [(5, "E025", "warning", "6.175879")]),
        (5000, []),
        # 122.9 / 5100 x 10 = 0.240980 is 0.196 times the mean.
        (5100, [(5, "E025", "warning", "0.24098")]),
    ],
)
def test_energy_per_output_far_from_the_months_before(bench, gross, told):
    energy = [bench.energy(period=f"2025-{month:02d}") for month in range(1, 5)]
    output = [made(bench, month, 1000) for month in range(1, 4)]
    found, _ = crossed(bench, energy, [*output, made(bench, 4, gross)])
    assert found == told


def test_two_months_before_say_nothing_of_a_mean(bench):
    energy = [bench.energy(period=f"2025-{month:02d}") for month in range(1, 4)]
    output = [made(bench, month, 1000) for month in range(1, 3)]
    assert crossed(bench, energy, [*output, made(bench, 3, 1)])[0] == []


def test_own_production_and_kinds_are_not_counted_twice(bench):
    """90 t of coal and its kind are 90 t; 10 of 20 power made here: 10 x 1.229."""
    frame = pl.DataFrame(
        {
            "credit_code": [bench.code] * 3,
            "year": [2025] * 3,
            "month": [3] * 3,
            "cumulative": [False] * 3,
            "item_key": ["raw_coal", "anthracite", "electricity"],
            "consumption_total_qty": [90.0, 90.0, 20.0],
            "own_production_qty": [None, None, 10.0],
            "coef_used_tce": [0.7143, 0.7143, None],
        }
    )
    from tanfeng.sheets._checks_across import _used

    used = _used(frame).row(0, named=True)
    assert used["tce"] == pytest.approx(90 * 0.7143 + 10 * 1.229)
    assert used["electricity"] == 20


# ------------------------------------------------------------------------------ at the prompt


@pytest.fixture
def run(bench, tmp_path):
    def call(app, content, *words):
        path = tmp_path / "book.xlsx"
        path.write_bytes(content)
        arguments = [*words[:1], str(path), *words[1:]] if words[:1] == ("check",) else words
        return CliRunner().invoke(app, [str(word) for word in arguments])

    return call


def test_check_tells_of_every_sheet(bench, run, tmp_path):
    content = book(bench, *months(bench, 1, 2), ("说明", NOTES))
    done = run(check_app, content, "check", "--lang", "en")
    assert done.exit_code == 0
    assert "[1月] Monthly energy: 1 row of data" in done.output
    assert "[2月] Monthly energy: 1 row of data" in done.output
    assert '"说明" holds no known form' in done.output
    one = run(check_app, content, "check", "--sheet", "2月", "--json")
    facts = json.loads(one.output)
    assert (facts["sheet"], facts["further_sheets"]) == ("2月", [])
    both = json.loads(run(check_app, content, "check", "--json").output)
    assert [facts["sheet"] for facts in both["further_sheets"]] == ["2月"]


def test_the_marked_file_marks_every_sheet(bench, run, tmp_path):
    pages = months(bench, 1, 2)
    for _, rows in pages:
        rows[1][rows[0].index("购进量")] = "约100"
    out = tmp_path / "marked.xlsx"
    done = run(check_app, book(bench, *pages), "check", "--annotate", out)
    assert done.exit_code == 1
    marked = openpyxl.load_workbook(out)
    assert all(any(c.comment for row in marked[name] for c in row) for name in ("1月", "2月"))
    listed = [[c.value for c in row] for row in marked["问题清单"].iter_rows(min_row=4)]
    assert listed[0][:3] == ["级别", "工作表", "单元格"]
    assert [row[1] for row in listed[1:] if row[0] == "错误"] == ["1月", "2月"]


def test_an_account_of_twelve_sheets(bench, tmp_path):
    """101 + ... + 112 = 1278, times 1.229."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(book(bench, *months(bench, *range(1, 13))))
    words = [str(path), "--year", "2025", "--json", "--as-of", "2026-01-31"]
    done = json.loads(CliRunner().invoke(account_app, words).output)
    assert done["total"]["energy_calorific_tce"] == pytest.approx(1278 * 1.229)
    assert done["sheets"] == [f"{month}月" for month in range(1, 13)]
    places = {(line["sheet"], line["source_row"]) for line in done["lines"]}
    assert places == {(f"{month}月", 2) for month in range(1, 13)}
    one = json.loads(CliRunner().invoke(account_app, [*words, "--sheet", "3月"]).output)
    assert one["total"]["energy_calorific_tce"] == pytest.approx(103 * 1.229)


def test_sums_of_form_205_1_are_counted_once(bench, tmp_path):
    """November says 50, December 60: the year used 60."""
    pages = []
    for period, amount in (("2025-11", 50.0), ("2025-12", 60.0)):
        frame = pl.DataFrame(
            {"energy_name": ["电力"], "unit_zh": ["万千瓦时"], "consumption_total_qty": [amount]}
        )
        head = {"credit_code": bench.code, "period": period}
        opened = openpyxl.load_workbook(io.BytesIO(sheets.write("stat_205_1", frame, head=head)))
        pages.append((period, list(opened.worksheets[0].iter_rows(values_only=True))))
    path = tmp_path / "book.xlsx"
    path.write_bytes(book(bench, *pages))
    words = [str(path), "--year", "2025", "--json", "--as-of", "2026-01-31"]
    done = json.loads(CliRunner().invoke(account_app, words).output)
    assert done["total"]["energy_calorific_tce"] == pytest.approx(60 * 1.229)
