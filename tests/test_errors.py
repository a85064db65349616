"""The exceptions and the finding every door prints the same way."""

from __future__ import annotations

import pytest

from tanfeng import errors
from tanfeng.errors import (
    AccessError,
    DataError,
    FactorAmbiguous,
    FactorNotFound,
    ModelError,
    Problem,
    StandardError,
    TanfengError,
)

FULL = Problem(
    rule="E011",
    severity="warning",
    message_zh="原煤采用折标系数 7.143 超出参考范围 0.2~0.95",
    message_en="raw coal: coefficient 7.143 is outside 0.2 to 0.95",
    remedy_zh="请附检测依据或核对单位。",
    remedy_en="Attach a test report or check the unit.",
    sheet="能源",
    row=17,
    column="G",
    heading="采用折标系数",
    value="7.143",
    suggestion="0.7143",
)


def test_line_names_the_place_the_finding_and_the_remedy_in_both_languages() -> None:
    assert FULL.line("zh") == (
        "工作表 能源，第 17 行，G 采用折标系数 列：原煤采用折标系数 7.143 超出参考范围 0.2~0.95 "
        "请附检测依据或核对单位。 [E011]"
    )
    assert FULL.line("en") == (
        "sheet 能源, row 17, column G 采用折标系数: raw coal: coefficient 7.143 is outside 0.2 to "
        "0.95 Attach a test report or check the unit. [E011]"
    )


@pytest.mark.parametrize(
    ("row", "column", "cell"), [(17, "G", "G17"), (17, "", "17"), (None, "G", "G"), (None, "", "")]
)
def test_cell_is_an_address_or_a_row(row: int | None, column: str, cell: str) -> None:
    assert Problem("S1", "error", "甲", "a", row=row, column=column).cell == cell


def test_a_finding_about_the_whole_file_has_no_place() -> None:
    problem = Problem("U009", "error", "文件为空", "the file is empty")
    assert problem.line() == "文件为空 [U009]"
    assert problem.line("en") == "the file is empty [U009]"


def test_an_unknown_language_reads_chinese() -> None:
    assert FULL.line("fr") == FULL.line("zh")
    assert FULL.message("fr") == FULL.message_zh
    assert FULL.remedy("fr") == FULL.remedy_zh


def test_a_data_error_carries_every_problem() -> None:
    other = Problem("S002", "error", "缺列", "a column is missing", row=3)
    error = DataError(iter([FULL, other]))
    assert error.problems == (FULL, other)
    assert str(error) == f"{FULL.line('en')}\nrow 3: a column is missing [S002]"


def test_a_missing_factor_names_key_and_candidates() -> None:
    error = FactorNotFound("fuels", {"fuel_key": "peat", "guideline": "X"}, ["lignite", "gangue"])
    assert str(error) == (
        "table fuels has no row for fuel_key=peat, guideline=X. Nearest: lignite; gangue"
    )
    assert (error.table, error.key["fuel_key"], error.candidates) == (
        "fuels",
        "peat",
        ("lignite", "gangue"),
    )
    assert str(FactorNotFound("fuels", {"id": "a"})).endswith("Nearest: none")


def test_the_law_answers_in_both_languages() -> None:
    missing = FactorNotFound("fuels", {"fuel_key": "peat", "guideline": "X"}, ["a", "b"], ["甲"])
    assert (
        missing.message() == "标准表 fuels 没有符合 fuel_key=peat，guideline=X 的行。最接近的：甲"
    )
    assert missing.message("en") == str(missing)
    assert FactorNotFound("fuels", {"id": "a"}).message().endswith("最接近的：无")
    two = FactorAmbiguous("fuels", {"fuel_key": "coke"}, ["a", "b"])
    assert two.message() == "标准表 fuels 有 2 行符合 fuel_key=coke：a；b。请指明版本或日期"
    assert two.message("en") == str(two)


def test_an_error_with_one_text_reads_the_same_in_both_languages() -> None:
    assert ModelError("no").message() == ModelError("no").message("en") == "no"
    assert DataError([FULL]).message() == FULL.line("zh")
    assert DataError([FULL]).message("en") == FULL.line("en")


def test_two_rows_are_an_error_that_lists_both() -> None:
    error = FactorAmbiguous("fuels", {"fuel_key": "coke"}, ["a", "b"])
    assert (
        str(error) == "table fuels has 2 rows for fuel_key=coke: a; b. Name the edition or the date"
    )
    assert error.candidates == ("a", "b")


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (DataError, TanfengError),
        (StandardError, TanfengError),
        (FactorNotFound, StandardError),
        (FactorAmbiguous, StandardError),
        (ModelError, TanfengError),
        (AccessError, TanfengError),
        (TanfengError, Exception),
    ],
)
def test_the_tree_is_as_drawn(child: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(child, parent)
    assert child.__doc__
    assert child.__name__ in str(errors.__doc__) or child is TanfengError
