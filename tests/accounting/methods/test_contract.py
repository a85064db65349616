"""What holds for every registered method, every stream, kind and material of it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from method_rows import by_row, every, first, given, row, run, total, year_of
from tanfeng import trace
from tanfeng.accounting.methods import EMISSION, METHODS
from tanfeng.errors import DataError

TESTS = Path(__file__).resolve().parents[2]

methods = pytest.mark.parametrize("method", METHODS.values(), ids=lambda one: one.key)


@methods
def test_every_row_is_computed_and_every_line_can_be_redone(method):
    found = run(method.key, every(method), year=year_of(method))
    assert found.gaps.is_empty(), found.gaps
    assert trace.check_lines(found.lines, found.factors, found.formulas).is_empty()
    assert all(value is not None and math.isfinite(value) for value in by_row(found))


@methods
def test_an_intermediate_value_is_the_line_of_its_row(method):
    found = run(method.key, every(method), year=year_of(method))
    steps = found.lines.filter(pl.col("quantity") != EMISSION)
    values = {(r["activity_id"], r["quantity"]): r["value"] for r in steps.iter_rows(named=True)}
    for line in found.lines.iter_rows(named=True):
        formula = found.formulas[line["formula"]]
        for symbol, column in zip(formula.symbols, trace.INPUT_COLUMNS, strict=False):
            origin = values.get((line["activity_id"], symbol.field))
            if origin is not None:
                assert line[column] == origin


@methods
def test_nothing_gives_nothing(method):
    found = run(method.key, every(method, scale=0.0), year=year_of(method))
    assert by_row(found) == [0.0] * len(by_row(found))


@methods
def test_twice_the_activity_is_twice_the_emission(method):
    once = by_row(run(method.key, every(method), year=year_of(method)))
    twice = by_row(run(method.key, every(method, scale=2.0), year=year_of(method)))
    assert twice == pytest.approx([2 * value for value in once], rel=1e-12)


@methods
def test_splitting_a_stream_changes_nothing(method):
    whole = total(run(method.key, every(method), year=year_of(method)))
    parts = [*every(method, scale=0.25), *every(method, scale=0.75)]
    assert total(run(method.key, parts, year=year_of(method))) == pytest.approx(whole, rel=1e-12)


@methods
def test_a_fraction_where_percent_is_asked_is_refused(method):
    for stream in method.streams:
        for kind in stream.kinds:
            for column, one in kind.inputs.items():
                if one.unit != "%" or one.low < 1.0:
                    continue
                item = first(stream, kind)
                wrong = row(stream.key, kind.key, item.key, **{**given(kind, item), column: 0.98})
                with pytest.raises(DataError) as error:
                    run(method.key, [wrong], year=year_of(method))
                assert [p.suggestion for p in error.value.problems] == ["98"]


@methods
def test_a_missing_input_is_a_gap_and_never_zero(method):
    for stream in method.streams:
        for kind in stream.kinds:
            found = run(method.key, [row(stream.key, kind.key, first(stream, kind).key)])
            assert by_row(found) == [None]
            assert found.gaps.height > 0


@methods
def test_what_a_reader_needs_is_there(method):
    assert method.number
    assert method.title_zh
    assert method.title_en
    assert method.boundary_zh
    assert method.boundary_en
    assert len(method.doubts_zh) == len(method.doubts_en)
    for formula in method.formulas().values():
        assert formula.name_zh
        assert formula.name_en
        assert formula.unit
        assert formula.mathml().startswith("<math")
    for stream in method.streams:
        columns = {column for kind in stream.kinds for column in kind.inputs}
        assert stream.measured <= columns, stream.key
        for item in stream.items:
            assert item.name_zh
            assert item.name_en
            assert set(item.defaults) <= columns, (stream.key, item.key)
            assert any(kind.takes(item) for kind in stream.kinds), (stream.key, item.key)


def test_a_kind_has_one_meaning():
    """Rows of all methods share a kind's frame, so its key must name one kind."""
    kinds = {}
    for method in METHODS.values():
        for stream in method.streams:
            for kind in stream.kinds:
                assert kinds.setdefault(kind.key, kind) is kind


def test_a_solid_is_not_computed_by_the_analysis_of_a_gas():
    wrong = row("fuel", "fuel_by_analysis", "coke", used_qty=1.0, ch4_vol_pct=90.0)
    with pytest.raises(DataError) as error:
        run("gb_t_32151_5_2015", [wrong])
    assert [p.rule for p in error.value.problems] == ["M001"]


def test_an_unknown_material_is_refused_with_its_row():
    with pytest.raises(DataError) as error:
        run("gb_t_32151_5_2015", [row("flux", "material", "gold", used_qty=1.0)])
    assert error.value.problems[0].rule == "M001"
    assert error.value.problems[0].value == "gold"


def test_a_method_carries_the_name_of_its_module():
    assert [method.key for method in METHODS.values()] == list(METHODS)
    with pytest.raises(KeyError):
        METHODS["_declare"]


def test_nothing_is_read_before_a_method_is_asked_for():
    """A server forks after it read the code: no method, and so no thread, may stand by then."""
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'settings_for_tests'\n"
        "import django; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "from tanfeng.accounting.methods import METHODS\n"
        "modules = [f'tanfeng.accounting.methods.{key}' for key in METHODS]\n"
        "print(*(name for name in modules if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=TESTS)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
