"""How a folder is read: everything wrong at once, doubtful things told, defaults, old writings."""

from __future__ import annotations

from pathlib import Path

import pytest

from least_cost_cases import folder_of, small
from tanfeng.errors import DataError, ModelError
from tanfeng.pathway.osemosys import read_folder
from tanfeng.pathway.osemosys._config import read_defaults
from tanfeng.pathway.osemosys._rules import RULES
from tanfeng.pathway.osemosys._schema import PARAMETERS, headings

YEARS = [2025, 2026]
SAID = {"DiscountRate": 0.05, "OperationalLife": 1}


def _folder(path, **rows):
    return small(path, YEARS, rows, defaults=SAID, TECHNOLOGY=["A", "B"])


def _found(path):
    """Return the findings of a folder that is refused."""
    with pytest.raises(DataError) as caught:
        read_folder(path)
    return caught.value.problems


def _rules(problems):
    return [one.rule for one in problems]


def test_a_good_folder_has_nothing_to_tell(tmp_path):
    case = read_folder(_folder(tmp_path, CapitalCost=[("R", "A", 2025, 7)]))
    assert case.warnings == ()
    assert case.full("CapitalCost").tolist() == [[[7, 0], [0, 0]]]
    assert case.years.tolist() == YEARS
    assert case.defaults["DiscountRate"] == 0.05


def test_everything_wrong_is_told_at_once_with_its_place(tmp_path):
    folder = _folder(
        tmp_path,
        CapitalCost=[("R", "A", 2025, 7), ("R", "C", 2025, "much"), ("R", "A", 2040, 1)],
        ResidualCapacity=[("R", "A", 2025, -3)],
        OperationalLife=[("R", "A", 5), ("R", "A", 6)],
        FixedCost=[("R", "A", 2025, "")],
    )
    (folder / "VariableCost.csv").write_text("REGION,TECHNOLOGY,YEAR,VALUE\nR,A,2025,1\n")
    (folder / "FUEL.csv").write_text("NAME\nF\n")
    problems = _found(folder)
    told = {(one.sheet, one.row, one.heading, one.rule) for one in problems}
    assert told == {
        ("CapitalCost.csv", 3, "TECHNOLOGY", "LC03"),
        ("CapitalCost.csv", 3, "VALUE", "LC04"),
        ("CapitalCost.csv", 4, "YEAR", "LC03"),
        ("ResidualCapacity.csv", 2, "VALUE", "LC05"),
        ("OperationalLife.csv", 3, "", "LC06"),
        ("FixedCost.csv", 2, "VALUE", "LC04"),
        ("VariableCost.csv", None, "", "LC02"),
        ("FUEL.csv", None, "", "LC02"),
    }
    (value,) = [one for one in problems if one.sheet == "ResidualCapacity.csv"]
    assert value.line("en") == (
        "sheet ResidualCapacity.csv, row 2, column D VALUE: -3 is outside what ResidualCapacity "
        "may be: 0 or more Correct the value [LC05]"
    )
    assert value.line("zh").startswith("工作表 ResidualCapacity.csv，第 2 行，D VALUE 列：-3 超出")
    assert value.cell == "D2"


@pytest.mark.parametrize(
    ("name", "place", "value", "range_en"),
    [
        ("RETagTechnology", ("R", "A", 2025), 0.5, "0 or 1"),
        ("ReserveMarginTagTechnology", ("R", "A", 2025), 1.5, "0 to 1"),
        ("TotalAnnualMaxCapacity", ("R", "A", 2025), -2, "0 or more"),
        ("OperationalLife", ("R", "A"), 0, "above 0"),
        ("DepreciationMethod", ("R",), 3, "1 or 2"),
        ("DiscountRate", ("R",), -1, "above -1"),
    ],
)
def test_values_outside_their_range(tmp_path, name, place, value, range_en):
    (told,) = _found(_folder(tmp_path, **{name: [(*place, value)]}))
    assert (told.rule, told.value) == ("LC05", str(value))
    assert range_en in told.message("en")


def test_costs_and_emissions_may_be_negative_and_an_emission_limit_too(tmp_path):
    case = read_folder(
        _folder(
            tmp_path,
            VariableCost=[("R", "A", 1, 2025, -2)],
            EmissionActivityRatio=[("R", "A", "CO2", 1, 2025, -1)],
            AnnualEmissionLimit=[("R", "CO2", 2025, -5)],
        )
    )
    assert case.limit("AnnualEmissionLimit").tolist() == [[[-5, float("inf")]]]


def test_a_stored_minus_one_is_no_limit_and_said(tmp_path):
    case = read_folder(
        _folder(
            tmp_path,
            TotalAnnualMaxCapacity=[("R", "A", 2025, -1), ("R", "A", 2026, 9999999)],
        )
    )
    assert _rules(case.warnings) == ["LC08", "LC09"]
    assert "-1 in TotalAnnualMaxCapacity is read as no limit" in case.warnings[0].message("en")
    assert case.limit("TotalAnnualMaxCapacity")[0, 0].tolist() == [float("inf"), 9999999]


def test_defaults_come_from_a_config_in_or_beside_the_folder(tmp_path):
    folder = small(tmp_path / "data", YEARS, {}, TECHNOLOGY=["A"])
    (folder / "config.yaml").unlink()
    assert _rules(read_folder(folder).warnings) == ["LC16", "LC16"]
    assert read_folder(folder).defaults["CapacityFactor"] == 1
    (tmp_path / "config.yaml").write_text(
        "# as otoole writes it\nCapacityFactor:\n    indices: [REGION]\n    type: param\n"
        "    default: 0.5  # half\nOperationalLife: {type: param, default: 20}\nUnknown:\n"
        "    indices:\n    - REGION\n    default: x\n\n---\nDiscountRate:\n    default: '0.07'\n"
    )
    case = read_folder(folder)
    assert case.warnings == ()
    assert case.defaults["CapacityFactor"] == 0.5
    assert case.defaults["OperationalLife"] == 20
    assert case.defaults["DiscountRate"] == 0.07


def test_a_config_nobody_understands_is_refused_with_its_lines(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("FixedCost:\n    default: dear\n?? what\n")
    defaults, problems = read_defaults(file)
    assert defaults == {}
    assert [(one.rule, one.row) for one in problems] == [("LC19", 2), ("LC19", 3)]


def test_sets_missing_doubled_or_of_the_wrong_kind(tmp_path):
    folder = _folder(tmp_path)
    (folder / "REGION.csv").unlink()
    (folder / "TECHNOLOGY.csv").write_text("VALUE\nA\nA\n\n")
    (folder / "YEAR.csv").write_text("VALUE\n2025.0\nlater\n2024\n")
    (folder / "FUEL.csv").write_text("")
    problems = _found(folder)
    assert {(one.sheet, one.rule, one.row) for one in problems} >= {
        ("REGION.csv", "LC01", None),
        ("FUEL.csv", "LC01", None),
        ("TECHNOLOGY.csv", "LC06", 3),
        ("YEAR.csv", "LC07", 3),
    }


def test_files_that_are_no_csv_or_unknown(tmp_path):
    folder = _folder(tmp_path)
    (folder / "UDCConstant.csv").write_text("REGION,VALUE\nR,1\n")
    (folder / "UDCTag.csv").write_text("REGION,VALUE\n")
    (folder / "_REGION.csv").write_text("VALUE\nR\n")
    assert _rules(read_folder(folder).warnings) == ["LC10"]
    (folder / "FixedCost.csv").write_text("REGION,TECHNOLOGY,YEAR,VALUE\nR,A,2025,1,2,3\n")
    assert "LC22" in _rules(_found(folder))
    with pytest.raises(ModelError, match="there is no folder"):
        read_folder(tmp_path / "nowhere")


def test_years_as_decimals_and_a_second_region_by_any_name_are_read(tmp_path):
    folder = small(tmp_path, YEARS, {}, defaults=SAID, TECHNOLOGY=["A"], REGION=["R", "Q"])
    for heading in ("REGION,REGION", "REGION,_REGION", "REGION,RREGION"):
        (folder / "TradeRoute.csv").write_text(
            f"{heading},FUEL,YEAR,VALUE\nR,Q,F,2025.0,1\nQ,R,F,2025,1\n"
        )
        table = read_folder(folder).rows("TradeRoute")
        assert [one.tolist() for one in table.codes] == [[0, 1], [1, 0], [0, 0], [0, 0]]
    (folder / "TradeRoute.csv").write_text("REGION,FUEL,YEAR,VALUE\nR,F,2025,1\n")
    assert _rules(_found(folder)) == ["LC02"]


def test_what_a_spreadsheet_makes_of_a_file_is_read(tmp_path):
    """A byte order mark, Windows line ends, spaces, empty rows at the end."""
    folder = _folder(tmp_path)
    (folder / "FixedCost.csv").write_bytes(
        "\ufeffREGION,TECHNOLOGY,YEAR,VALUE\r\nR, A ,2025, 3\r\n,,,\r\n".encode()
    )
    assert read_folder(folder).full("FixedCost")[0, 0].tolist() == [3, 0]


def test_a_gap_in_the_years_is_told_and_with_storage_refused(tmp_path):
    years = [2025, 2026, 2028, 2032]
    case = read_folder(small(tmp_path / "a", years, {}, defaults=SAID, TECHNOLOGY=["A"]))
    assert [one.message("en") for one in case.warnings] == [
        "years are missing after 2026: 2027; nothing is counted for them",
        "years are missing after 2028: 2029–2031; nothing is counted for them",
    ]
    said = {**SAID, "DiscountRateStorage": 0, "ResidualStorageCapacity": 0}
    folder = small(tmp_path / "b", years, {}, defaults=said, TECHNOLOGY=["A"], STORAGE=["LAKE"])
    assert _rules(_found(folder)) == ["LC11", "LC11"]


def test_what_must_fit_together(tmp_path):
    rows = {
        "SpecifiedAnnualDemand": [("R", "F", 2025, 5), ("R", "F", 2026, 5)],
        "AccumulatedAnnualDemand": [("R", "F", 2025, 5)],
        "SpecifiedDemandProfile": [("R", "F", "L", 2025, 0.9), ("R", "F", "L", 2026, 0.8)],
        "TotalAnnualMinCapacity": [("R", "A", 2025, 5)],
        "TotalAnnualMaxCapacity": [("R", "A", 2025, 4)],
        "TotalTechnologyModelPeriodActivityLowerLimit": [("R", "A", 5)],
        "TotalTechnologyModelPeriodActivityUpperLimit": [("R", "A", 4)],
    }
    folder = _folder(tmp_path, **rows)
    problems = _found(folder)
    assert _rules(problems) == ["LC14", "LC18", "LC15", "LC15"]
    assert (
        problems[0]
        .message("en")
        .startswith("R F 2025–2026: SpecifiedDemandProfile adds up to 0.8–0.9")
    )
    assert problems[2].value == "R A 2025"
    assert problems[3].value == "R A"
    (folder / "YearSplit.csv").write_text("TIMESLICE,YEAR,VALUE\nL,2025,1\nL,2026,0.5\n")
    assert "YearSplit of 2026 adds up to 0.5, not to 1" in "\n".join(
        one.message("en") for one in _found(folder)
    )


def test_slices_storage_cannot_follow_are_told(tmp_path):
    said = {**SAID, "DiscountRateStorage": 0, "ResidualStorageCapacity": 0}
    rows = {
        "TechnologyToStorage": [("R", "A", "LAKE", 1, 1)],
        "Conversionls": [("L", 1, 1)],
        "OutputActivityRatio": [("R", "A", "F", 1, 2025, 1)],
    }
    sets = {"STORAGE": ["LAKE"], "SEASON": [1], "DAYTYPE": [1], "DAILYTIMEBRACKET": [1]}
    case = read_folder(small(tmp_path, YEARS, rows, defaults=said, TECHNOLOGY=["A"], **sets))
    assert [one.value for one in case.warnings] == ["L", "L"]
    assert [one.sheet for one in case.warnings] == ["Conversionld.csv", "Conversionlh.csv"]


def test_many_of_a_kind_are_cut(tmp_path):
    rows = [("R", f"X{at}", 2025, 1) for at in range(50)]
    assert len(_found(_folder(tmp_path, FixedCost=rows))) == 20


def test_a_sparse_parameter_with_a_default_is_expanded(tmp_path):
    said = {**SAID, "OutputActivityRatio": 1}
    folder = folder_of(tmp_path, {}, {})
    folder = small(tmp_path, YEARS, {}, defaults=said, TECHNOLOGY=["A"])
    assert read_folder(folder).rows("OutputActivityRatio").values.tolist() == [1, 1]


def test_every_rule_speaks_both_languages():
    for rule in RULES.values():
        assert all(rule[1:])


def test_the_defaults_are_those_of_the_documented_table():
    page = Path(__file__).resolve().parents[2] / "docs" / "methods" / "pathway_least_cost.md"
    text = page.read_text(encoding="utf-8")
    for name, parameter in PARAMETERS.items():
        axes = ", ".join(headings(name)[:-1])
        assert f"| `{name}` | {axes} | {parameter.default:g} |\n" in text
