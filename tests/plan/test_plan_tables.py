"""The shipped tables: counts, words for everything, and digests that notice a change."""

from __future__ import annotations

from collections import Counter

import pytest

from tanfeng import plan
from tanfeng.errors import ModelError
from tanfeng.plan import _tables


def test_targets_by_kind_are_those_of_the_plan() -> None:
    assert Counter(target.kind for target in plan.targets()) == {
        "quantified": 17,
        "qualitative": 35,
        "standing_rule": 8,
        "derived": 2,
        "scope_threshold": 1,
    }
    assert [target.key for target in plan.targets()] == [f"T{n:02d}" for n in range(1, 64)]


def test_tasks_are_45_and_only_the_framework_clause_has_no_unit() -> None:
    tasks = plan.tasks()
    assert len(tasks) == 45
    assert [task.clause for task in tasks if not task.units] == ["3.1.0"]


def test_units_are_17_departments_and_3_wider_ones_and_each_is_used() -> None:
    names = {unit.name_zh for unit in plan.units()}
    assert Counter(unit.kind for unit in plan.units()) == {
        "department": 17,
        "collective": 1,
        "area": 2,
    }
    used = {name for task in plan.tasks() for name in task.units}
    used |= {name for target in plan.targets() for name in target.units}
    assert used == names
    assert len({unit.short_en for unit in plan.units()}) == 20


def test_how_often_a_unit_is_named() -> None:
    # Counted in the plan: 44 clauses with units, all with counties; industry in 42, reform in 38.
    named = Counter(name for task in plan.tasks() for name in task.units)
    assert named["各县(市)区人民政府"] == named["高新区管委会"] == 44
    assert (named["市工信局"], named["市发改委"], named["市生态环境局"], named["市市场监管局"]) == (
        42,
        38,
        26,
        23,
    )


def test_every_clause_of_a_target_is_a_task_or_the_overall_goals() -> None:
    clauses = {task.clause for task in plan.tasks()} | {plan.GOALS_CLAUSE}
    assert {target.clause for target in plan.targets()} <= clauses


def test_targets_without_a_unit_stand_in_clauses_without_one() -> None:
    bare = {target.clause for target in plan.targets() if not target.units}
    assert bare == {"1.3", "3.1.0"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_word_used_has_both_languages(lang: str) -> None:
    for target in plan.targets():
        assert plan.word("kind", target.kind, lang)
        assert plan.word("year", target.year, lang)
        assert all(plan.word("scope", key, lang) for key in target.scope)
        assert plan.rule(target.comparator, target.value, target.unit, lang=lang)
        assert plan.comparators()[target.comparator].reading(lang)
        assert plan.comparators()[target.comparator].name(lang)
        if target.unit:
            assert "{value}" in plan.word("unit", target.unit, lang)
        assert target.measure_zh
        assert target.measure_en
    for task in plan.tasks():
        assert all(plan.word("sector", key, lang) for key in task.sectors)
        assert all(plan.word("capability", key, lang) for key in task.capabilities)
        assert bool(task.note_zh) == bool(task.note_en)


def test_no_word_is_left_over() -> None:
    targets = plan.targets()
    assert {target.comparator for target in targets} == set(plan.comparators())
    assert {target.year for target in targets} == set(plan.words("year"))
    assert {target.unit for target in targets} - {""} == set(plan.words("unit"))
    assert {key for target in targets for key in target.scope} == set(plan.words("scope"))
    assert set(plan.words("kind")) == set(plan.KINDS)


@pytest.mark.parametrize(
    ("key", "zh", "en"),
    [
        ("T01", "早于 2030 年", "before 2030"),
        ("T09", "等于 0 个项目", "exactly 0 projects"),
        ("T10", "不低于 70%", "at least 70%"),
        ("T11", "2 级及以上能效", "grade 2 or better"),
        ("T21", "不低于 1100 万吨", "at least 1100 × 10⁴ t"),
        ("T22", "不低于 40\u202f000 辆", "at least 40\u202f000 vehicles"),
        ("T31", "超过 30%", "more than 30%"),
        ("T50", "不低于 25%（与 2020 年相比）", "at least 25%, compared with 2020"),
        ("T52", "以 1000 ℃ 为界选取对象", "objects selected at 1000 °C"),
    ],
)
def test_rule_in_words(key: str, zh: str, en: str) -> None:
    target = next(one for one in plan.targets() if one.key == key)
    said = [
        plan.rule(
            target.comparator, target.value, target.unit, base_year=target.base_year, lang=lang
        )
        for lang in ("zh", "en")
    ]
    assert said == [zh, en]


def test_two_spellings_of_a_sector_are_one() -> None:
    emerging = next(task for task in plan.tasks() if task.clause == "2.5.3")
    assert "new energy vehicles" in emerging.sectors
    assert "NEV" not in emerging.sectors


def test_capability_is_its_code() -> None:
    equipment = next(task for task in plan.tasks() if task.clause == "2.2.5")
    assert equipment.capabilities == ("C22", "C23")
    responsibility = next(task for task in plan.tasks() if task.clause == "5.2")
    assert responsibility.capabilities == ("C03", "C02", "SOE plan filing")


def test_remarks_speak_of_targets_and_tasks_that_exist() -> None:
    targets = {target.key for target in plan.targets()}
    clauses = {task.clause for task in plan.tasks()}
    for remark in plan.remarks():
        assert remark.kind in {"decision", "reading", "denominator"}
        assert set(remark.targets) <= targets
        assert set(remark.tasks) <= clauses
        assert remark.text("zh") != remark.text("en")


def test_only_two_targets_name_a_base_year() -> None:
    named = {target.key for target in plan.targets() if target.base_year}
    assert named == {"T50", "T51"}
    open_base = next(one for one in plan.remarks() if one.key == "base_year_open")
    trends = {
        target.key for target in plan.targets() if target.comparator in {"trend_up", "trend_down"}
    }
    assert set(open_base.targets) == trends


def test_reference_figures_point_to_targets_and_say_where_they_were_seen() -> None:
    targets = {target.key for target in plan.targets()}
    for reference in plan.references():
        assert reference.target in targets
        assert reference.value.isdigit()
        assert reference.source("zh")
        assert reference.label("en") != reference.label("zh")


def test_due_year() -> None:
    assert plan.due_year("2025") == 2025
    assert plan.due_year("standing") is None
    assert sum(plan.due_year(target.year) == 2025 for target in plan.targets()) == 13


def test_every_table_has_a_title_in_both_languages() -> None:
    for info in plan.tables():
        assert info.title("zh") != info.title("en")
        assert len(plan.rows(info.name)) == info.rows


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ModelError, match="no table 'nonsense'; known: targets"):
        plan.table("nonsense")
    with pytest.raises(ModelError, match="no word list"):
        plan.words("nonsense")
    with pytest.raises(ModelError, match="has no 'XX'"):
        plan.word("year", "XX")
    with pytest.raises(ModelError, match="no comparator"):
        plan.rule("nonsense", "", "")


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = _tables._file

    def one_digit_changed(name: str, ending: str) -> bytes:
        content = shipped(name, ending)
        return content.replace(b",ge,70,%", b",ge,60,%") if ending == "csv" else content

    monkeypatch.setattr(_tables, "_file", one_digit_changed)
    with pytest.raises(ModelError, match="not the file its sidecar describes"):
        _tables.rows.__wrapped__("targets")


def test_a_key_that_stands_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    info = plan.table("units")
    wrong = type(info)(**{**{f: getattr(info, f) for f in info.__slots__}, "key": ("kind",)})
    monkeypatch.setattr(_tables, "table", lambda _name: wrong)
    with pytest.raises(ModelError, match="20 rows with 3 different keys"):
        _tables.rows.__wrapped__("units")


def test_units_have_full_and_short_names() -> None:
    bureau = next(unit for unit in plan.units() if unit.name_zh == "市工信局")
    assert (bureau.name("zh"), bureau.short("zh")) == ("市工信局", "工信")
    assert (bureau.name("en"), bureau.short("en")) == (
        "City Industry and Information Technology Bureau",
        "MIB",
    )
