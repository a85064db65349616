"""Files of readings: what is read, and everything that is said about what is not."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.errors import DataError, ModelError
from tanfeng.gateway import formats
from tanfeng.gateway.formats import Limits, read, read_csv, read_json, read_parquet
from tanfeng.gateway.simulate import simulate
from tanfeng.metering.frames import READINGS

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)  # noon of 2 March, local
T0 = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight of 1 March, local


def _csv(text, **options):
    content = text if isinstance(text, bytes) else text.encode()
    return read_csv(content, received=NOW, **options)


def _found(parsed):
    return [(p.rule, p.row, p.column, p.value) for p in parsed.problems]


def _values(parsed):
    return parsed.readings.select("point", "time", "value").rows()


def _refused(call, *args, **options):
    with pytest.raises(DataError) as caught:
        call(*args, received=NOW, **options)
    (problem,) = caught.value.problems
    return problem


def test_the_plain_file():
    parsed = _csv("point,time,value\nP1,2026-03-01 00:00,12.5\nP2,2026-03-01 00:15,7\n")
    assert parsed.readings.schema == READINGS
    assert _values(parsed) == [("P1", T0, 12.5), ("P2", T0 + timedelta(minutes=15), 7.0)]
    assert (parsed.rows, parsed.refused, parsed.problems) == (2, 0, ())
    assert parsed.readings["quality"].to_list() == [0, 0]
    assert parsed.readings["received"].to_list() == [NOW, NOW]


@pytest.mark.parametrize(
    "text",
    [
        "计量点,时间,读数\nP1,2026-03-01 00:00,12.5\n",
        "点位编号；".replace("；", ";") + "采集时间;示值(kWh)\nP1;2026/3/1 0:00;12.5",
        "表号\t抄表时间\t正向有功总（kWh）\r\nP1\t2026-03-01 00:00\t12.5\r\n",
        '"Meter ID","Timestamp","Value"\n"P1","2026-03-01 00:00","12.5"\n',
        "导出时间 2026-03-02\n\n计量点,时间,读数\n\nP1,2026-03-01 00:00,12.5\n,,\n\n",
        "序号,计量点,日期,时间,读数,备注\n1,P1,2026-03-01,00:00,12.5,\n",
        "point,time,value\rP1,2026-03-01 00:00,12.5\r",
        "point,time,value\n P1 , 2026-03-01 00:00 , 12.5 \n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_same_in_many_layouts_and_encodings(text, encoding):
    assert _values(_csv(text.encode(encoding))) == [("P1", T0, 12.5)]


def test_a_wide_file_has_a_column_per_point_and_empty_cells_are_no_readings():
    parsed = _csv("时间,一号线,二号线\n2026-03-01 00:00,1,\n2026-03-01 00:15,2,x\n")
    later = T0 + timedelta(minutes=15)
    assert _values(parsed) == [("一号线", T0, 1.0), ("一号线", later, 2.0)]
    assert _found(parsed) == [("G031", 3, "C", "x")]
    assert parsed.problems[0].heading == "二号线"
    assert (parsed.rows, parsed.refused) == (2, 1)


def test_everything_wrong_is_told_at_once_and_the_good_rows_are_read():
    parsed = _csv(
        "point,time,value,quality\n"
        "P1,2026-03-01 00:00,1,0\n"
        ",2026-03-01 00:00,1,0\n"  # 3
        "P1,,1,0\n"  # 4
        "P1,soon,1,0\n"  # 5
        "P1,1999-12-31 23:59,1,0\n"  # 6
        "P1,2026-03-02 12:10:01,1,0\n"  # 7
        "P1,2026-03-01 00:15,,0\n"  # 8
        "P1,2026-03-01 00:30,12 kWh,0\n"  # 9
        "P1,2026-03-01 00:45,nan,0\n"  # 10
        "P1,2026-03-01 01:00,1e999,0\n"  # 11
        "P1,2026-03-01 01:15,1,9\n"  # 12
        'P1,2026-03-01 01:30,"1,234.5",0\n'  # 13
        "P1,2026-03-01,1,0\n"  # 14
        "P\x01,2026-03-01 02:00,1,0\n"  # 15
        "P1,2026-03-02 12:10,2,\n"
    )
    assert _found(parsed) == [
        ("G010", 3, "A", ""),
        ("G020", 4, "B", ""),
        ("G021", 5, "B", "soon"),
        ("G023", 6, "B", "1999-12-31 23:59"),
        ("G024", 7, "B", "2026-03-02 12:10:01"),
        ("G030", 8, "C", ""),
        ("G031", 9, "C", "12 kWh"),
        ("G032", 10, "C", "nan"),
        ("G032", 11, "C", "1e999"),
        ("G040", 12, "D", "9"),
        ("G031", 13, "C", "1,234.5"),
        ("G022", 14, "B", "2026-03-01"),
        ("G011", 15, "A", "P\x01"),
    ]
    assert parsed.readings["value"].to_list() == [1.0, 2.0]
    assert (parsed.rows, parsed.refused) == (15, 13)


def test_a_finding_names_place_value_rule_and_remedy():
    (problem,) = _csv("计量点,时间,读数\nP1,2026-03-01 00:00,12度\n").problems
    assert problem.line("zh") == (
        "第 2 行，C 读数 列：读数“12度”不是数 只写数字和小数点，不写单位、千分位逗号或文字 [G031]"
    )
    assert problem.line("en").startswith("row 2, column C 读数: the value '12度' is not a number")


def test_a_thousands_separator_without_quotes_does_not_become_another_number():
    parsed = _csv("point,time,value\nP1,2026-03-01 00:00,1,234.5\nP1,2026-03-01 00:15,2,\n")
    assert _found(parsed) == [("G051", 2, "", "P1,2026-03-01 00:00,1,234.5")]
    assert parsed.readings["value"].to_list() == [2.0]
    assert parsed.refused == 1


def test_of_a_thousand_bad_rows_all_are_counted_and_the_first_are_shown():
    rows = "".join(f"P1,2026-03-01 00:00,x{n}\n" for n in range(1500))
    parsed = _csv("point,time,value\n" + rows)
    assert (len(parsed.problems), parsed.refused) == (1001, 1500)
    assert (parsed.problems[0].rule, parsed.problems[0].row) == ("G031", None)
    assert "500 more rows" in parsed.problems[0].message_en


def test_qualities_in_code_and_word():
    rows = "".join(
        f"P{n},2026-03-01 00:00,1,{word}\n"
        for n, word in enumerate(["0", "1", "2", "3", "Good", "无效", "人工", ""])
    )
    parsed = _csv("计量点,时间,读数,质量码\n" + rows)
    assert parsed.readings["quality"].to_list() == [0, 1, 2, 3, 0, 2, 3, 0]


def test_the_same_row_twice_is_taken_once_and_told():
    row = "P1,2026-03-01 00:00,1\n"
    parsed = _csv(f"point,time,value\n{row}{row}{row}")
    assert parsed.readings.height == 1
    assert _found(parsed) == [("G052", None, "", "")]
    assert (parsed.problems[0].severity, parsed.refused) == ("info", 0)


def test_two_values_of_one_moment_are_both_refused_with_each_others_row():
    parsed = _csv(
        "point,time,value\nP1,2026-03-01 00:00,1\nP2,2026-03-01 00:00,1\nP1,2026-03-01 00:00,3\n"
    )
    assert parsed.readings["point"].to_list() == ["P2"]
    assert _found(parsed) == [("G050", 2, "C", "1"), ("G050", 4, "C", "3")]
    assert ["row 4" in p.message_en or "row 2" in p.message_en for p in parsed.problems] == [1, 1]


def test_a_bad_row_does_not_contradict_a_good_one():
    parsed = _csv("point,time,value\nP1,2026-03-01 00:00,1\nP1,2026-03-01 00:00,x\n")
    assert parsed.readings["value"].to_list() == [1.0]
    assert _found(parsed) == [("G031", 3, "C", "x")]


def test_points_that_are_not_bound_are_refused_and_named_once():
    text = "point,time,value\n" + "".join(
        f"{point},2026-03-01 00:{minute},1\n" for minute in (15, 30) for point in ("P1", "P9")
    )
    parsed = _csv(text, known_points={"P1"})
    assert _found(parsed) == [("G012", 3, "A", "P9")]
    assert "(2 rows)" in parsed.problems[0].message_en
    assert parsed.readings["point"].unique().to_list() == ["P1"]
    assert parsed.refused == 2
    wide = _csv("time,P1,P9\n2026-03-01 00:15,1,2\n", known_points=["P1"])
    assert _found(wide) == [("G012", None, "C", "P9")]


def test_without_a_name_the_content_names_the_delivery():
    one, two = (_csv("point,time,value\nP1,2026-03-01 00:00,1\n") for _ in range(2))
    assert one.readings["batch"].item() == two.readings["batch"].item() != ""
    named = _csv("point,time,value\nP1,2026-03-01 00:00,1\n", batch="b7", source="g1")
    assert named.readings.select("batch", "source").row(0) == ("b7", "g1")


@pytest.mark.parametrize(
    ("content", "rule", "told"),
    [
        (b"", "G001", "empty"),
        (b"\xef\xbb\xbf\n \n", "G001", "empty"),
        (b"a,b,c\n1,2,3\n", "G004", "there are: a,b,c"),
        (b"point,value\nP1,2\n", "G004", "point,value"),
        (b"hello", "G004", "hello"),
        (b"\x89PNG\r\n\x1a\n\0\0", "G003", "binary"),
        (b"point,time,value\n\xff\xff\xff,1,2\n", "G003", "encoding"),
        (b'point,time,value\n"' + b"x" * 200_000, "G003", "line"),
        ("时间,P1,P1\n2026-03-01 00:00,1,2\n".encode(), "G005", "'P1'"),
    ],
)
def test_what_is_no_file_of_readings_is_refused_whole(content, rule, told):
    problem = _refused(read_csv, content)
    assert problem.rule == rule
    assert told in problem.line("en")


def test_files_that_are_too_large_are_refused_with_the_limit():
    text = b"time," + b",".join(b"P%d" % n for n in range(50)) + b"\n2026-03-01 00:00,1\n"
    assert "too large" in _refused(read_csv, text, limits=Limits(max_bytes=100)).message_en
    assert (
        "columns: 51, at most 50"
        in _refused(read_csv, text, limits=Limits(max_columns=50)).message_en
    )
    rows = b"point,time,value\n" + b"P1,2026-03-01 00:00,1\n" * 5
    assert "rows: 5, at most 3" in _refused(read_csv, rows, limits=Limits(max_rows=3)).message_en


def test_an_unclosed_quote_is_told_and_swallows_nothing_silently():
    parsed = _csv('point,time,value\nP1,2026-03-01 00:00,1\nP1,"2026-03-01 00:15,2\nP1,x,3\n')
    assert parsed.readings.height == 1
    assert parsed.problems


def test_a_naive_receiving_time_is_a_mistake_of_the_caller():
    with pytest.raises(ModelError, match="must be aware"):
        read_csv(b"point,time,value\n", received=NOW.replace(tzinfo=None))


# ------------------------------------------------------------------------------- JSON

ROWS = [
    {"point": "P1", "time": "2026-03-01 00:00", "value": 12.5},
    {"point": "P2", "time": "2026-03-01T00:15:00+08:00", "value": 7, "quality": 1},
]
BOTH = [("P1", T0, 12.5), ("P2", T0 + timedelta(minutes=15), 7.0)]
COLUMNS = {"point": ["P1", "P2"], "time": [r["time"] for r in ROWS], "value": [12.5, 7]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps({"readings": ROWS}),
        json.dumps(COLUMNS),
        json.dumps({"gateway": "G1", "readings": COLUMNS}),
        "\n".join(map(json.dumps, ROWS)),
        "\n\n".join(map(json.dumps, ROWS)) + "\n",
        json.dumps([{**ROWS[0], "value": "12.5"}, ROWS[1]]),
        json.dumps([{"点位": r["point"], "时间": r["time"], "示值": r["value"]} for r in ROWS]),
        json.dumps([{"t": 1, "ts": 1772294400, "point": "P1", "v": 12.5},
                    {"ts": 1772295300.0, "point": "P2", "v": 7}]),
        json.dumps([{"time": ROWS[0]["time"], "P1": 12.5}, {"time": ROWS[1]["time"], "P2": 7}]),
    ],
)  # fmt: skip
def test_json_in_its_shapes(text):
    parsed = read_json(text.encode(), received=NOW)
    assert _values(parsed) == BOTH
    assert parsed.problems == ()
    assert _values(read(text.encode(), received=NOW)) == BOTH


def test_one_object_is_one_reading():
    assert _values(read_json(json.dumps(ROWS[0]).encode(), received=NOW)) == BOTH[:1]


def test_json_problems_name_the_place_in_the_list_or_the_line():
    rows = [*ROWS, {"point": "P3", "time": True, "value": [1]}, {"point": 4, "value": None}]
    parsed = read_json(json.dumps(rows).encode(), received=NOW)
    assert _found(parsed) == [
        ("G021", 3, "", "true"), ("G031", 3, "", "[1]"),
        ("G020", 4, "", ""), ("G030", 4, "", ""),
    ]  # fmt: skip
    lines = "\n".join(["", *map(json.dumps, rows[:3])])
    assert [p.row for p in read_json(lines.encode(), received=NOW).problems] == [4, 4]


def test_numbers_json_cannot_hold_are_not_finite():
    text = '[{"point": "P1", "time": 1772294400, "value": %s}]'
    for value in ("NaN", "Infinity", "1e999", "9" * 400):
        parsed = read_json((text % value).encode(), received=NOW)
        assert [p.rule for p in parsed.problems] == ["G032"], value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "no list of objects"),
        ("3", "no list of objects"),
        ('{"point": ["P1"], "time": [], "value": [1]}', "different length"),
        ('{"a": 1', "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"a": 1}\n{"b"', "JSON"),
        ("[]", "no headings"),
        ("{}", "no headings"),
    ],
)
def test_json_that_is_no_readings_is_refused(text, told):
    assert told in _refused(read_json, text.encode()).message_en


# ---------------------------------------------------------------------------- Parquet


def _parquet(frame):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FRAME = pl.DataFrame({"point": ["P1", "P2"], "time": [t for _p, t, _v in BOTH], "value": [12.5, 7]})


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"time": pl.col("time").cast(pl.Datetime("ns", "UTC"))},
        {"time": pl.col("time").dt.convert_time_zone("Asia/Shanghai")},
        {"time": pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)},
        {"time": pl.col("time").dt.epoch("s")},
        {"time": pl.col("time").dt.epoch("ms")},
        {"time": pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")},
        {"point": pl.col("point").cast(pl.Categorical)},
        {"value": pl.col("value").cast(pl.Float32)},
        {"value": pl.col("value").cast(pl.Decimal(12, 3))},
        {"value": pl.col("value").cast(pl.String)},
        {"received": pl.lit("x"), "other": pl.lit(1)},
    ],
)
def test_parquet_with_any_type(change):
    content = _parquet(FRAME.with_columns(**change))
    assert _values(read_parquet(content, received=NOW)) == BOTH
    assert _values(read(content, received=NOW)) == BOTH


def test_parquet_wide_and_with_problems():
    wide = pl.DataFrame(
        {"time": [T0, T0 + timedelta(minutes=15)], "P1": [12.5, None], "P2": [None, 7]}
    )
    assert _values(read_parquet(_parquet(wide), received=NOW)) == BOTH
    bad = FRAME.with_columns(value=pl.Series([float("inf"), None]), point=pl.Series([None, "P2"]))
    assert _found(read_parquet(_parquet(bad), received=NOW)) == [
        ("G010", 1, "", ""), ("G032", 1, "", "inf"), ("G030", 2, "", ""),
    ]  # fmt: skip


def test_what_is_no_parquet_is_refused():
    assert _refused(read_parquet, b"PAR1 and nothing else").rule == "G003"
    assert _refused(read_parquet, _parquet(pl.DataFrame({"a": [1]}))).rule == "G004"
    assert _refused(read_parquet, _parquet(FRAME)[:-30] + b"x" * 30).rule == "G003"


# -------------------------------------------------------------------------- any bytes

_FRAGMENTS = [
    b"point,time,value\n", b"\xe8\xae\xa1\xe9\x87\x8f\xe7\x82\xb9", b"P1", b",", b";", b"\n", b'"',
    b"2026-03-01 00:00", b"12.5", b"24:00", b"nan", b"\0", b"\xff", b"{", b"}", b"[", b"]", b":",
    b'"point"', b'"time"', b'"value"', b"1772294400", b"PAR1", b"\r", b"\t", b"1e999", b"-",
]  # fmt: skip


@pytest.mark.parametrize("reader", [read, read_csv, read_json, read_parquet])
@given(
    content=st.binary(max_size=200)
    | st.lists(st.sampled_from(_FRAGMENTS), max_size=40).map(b"".join)
)
def test_no_bytes_do_worse_than_being_refused(reader, content):
    try:
        parsed = reader(content, received=NOW)
    except DataError:
        return
    assert parsed.readings.schema == READINGS
    assert parsed.readings["value"].is_finite().all()


@given(st.data())
def test_a_broken_parquet_file_does_no_worse_than_being_refused(data):
    content = bytearray(_parquet(FRAME))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        parsed = read_parquet(bytes(content), received=NOW)
    except DataError:
        return
    assert parsed.readings.schema == READINGS


_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(
    str.strip
)
_readings = st.lists(
    st.tuples(
        _names.filter(bool),
        st.datetimes(datetime(2000, 1, 2), datetime(2026, 3, 1)),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    unique_by=lambda row: row[:2],
)


@given(_readings)
def test_what_was_written_is_read_back(rows):
    frame = pl.DataFrame(rows, schema=["point", "time", "value"], orient="row").with_columns(
        pl.col("time").dt.replace_time_zone("UTC")
    )
    iso = frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
    expected = frame.rows()
    quoted = iso.write_csv(quote_style="non_numeric").encode()
    for parsed in (
        read_csv(quoted, received=NOW),
        read_json(iso.write_json().encode(), received=NOW),
        read_json(iso.write_ndjson().encode(), received=NOW),
        read_parquet(_parquet(frame), received=NOW),
    ):
        assert parsed.problems == ()
        assert _values(parsed) == expected


def test_a_week_of_a_simulated_gateway_comes_back_as_it_was():
    made = simulate(4, start=T0 - timedelta(days=9), days=7, seed=3).readings
    local = made.with_columns(pl.col("time").dt.offset_by("8h").dt.strftime("%Y-%m-%d %H:%M"))
    parsed = _csv(local.select("point", "time", "value").write_csv())
    assert parsed.readings.select("point", "time", "value").equals(
        made.select("point", "time", "value")
    )
    assert parsed.rows == made.height


def test_the_digest_is_of_the_content():
    assert formats.digest(b"a") != formats.digest(b"b")
