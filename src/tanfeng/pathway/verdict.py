"""Has it peaked: PEAKED, NOT PEAKED or NOT DECIDABLE, each criterion with its number.

A series has peaked when its maximum lies inside, two years or more have stayed below it by more
than the data are uncertain, the fall since is more than noise with a memory makes, and nothing of
that rests on filled or provisional years, on coverage, on members that came and went, or on a
revision. It has not peaked when the latest years are the maximum or follow it too closely
(平台期, a plateau, at most). Everything else cannot be decided, and is not claimed.
docs/methods/pathway_verdict.md has the criteria, the test and its simulated false alarms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl

from tanfeng.pathway._criteria import (
    FAIL,
    NAMES,
    NOT_DECIDABLE,
    NOT_GIVEN,
    NOT_PEAKED,
    PASS,
    PEAKED,
    UNDECIDABLE,
    Criterion,
    Series,
    outcome,
    outcome_of,
    own_criteria,
)
from tanfeng.pathway._rules import limits
from tanfeng.pathway._tables import Years, read_years

__all__ = [
    "NOT_DECIDABLE",
    "NOT_PEAKED",
    "PEAKED",
    "STAGES",
    "VERDICTS",
    "Verdict",
    "judge",
    "outcome",
]

#: Verdict -> the same in words.
VERDICTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        PEAKED: ("已达峰", "peaked"),
        NOT_PEAKED: ("未达峰", "not peaked"),
        NOT_DECIDABLE: ("无法判定", "not decidable"),
    }
)
#: Stage -> the same in words.
STAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "rising": ("仍在上升", "still rising"),
        "plateau": ("平台期", "plateau"),
        "peaked": ("已达峰", "peaked"),
        "unknown": ("阶段不明", "stage not known"),
    }
)
_SCHEMA = {
    "key": pl.String(),
    "name_zh": pl.String(),
    "name_en": pl.String(),
    "number": pl.Float64(),
    "comparator": pl.String(),
    "limit": pl.Float64(),
    "unit": pl.String(),
    "status": pl.String(),
    "text_zh": pl.String(),
    "text_en": pl.String(),
}


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Whether a series has peaked, and why.

    Parameters
    ----------
    verdict : str
        ``PEAKED``, ``NOT PEAKED`` or ``NOT DECIDABLE``.
    stage : str
        ``rising``, ``plateau``, ``peaked`` or ``unknown``.
    peak_year : int
        Year of the maximum; the year of the peak only where the verdict is PEAKED.
    peak_emission : float
        The maximum [unit of the input].
    criteria : polars.DataFrame
        key, name_zh, name_en, number, comparator, limit, unit, status (pass, fail, undecidable,
        not_given), text_zh, text_en.
    again : polars.DataFrame
        What the series was judged on again: key, years, peak_year, verdict.
    series : polars.DataFrame
        year, emission [unit of the input] and what is known of each year: filled, provisional,
        coverage, uncertainty, members.
    """

    verdict: str
    stage: str
    peak_year: int
    peak_emission: float
    criteria: pl.DataFrame
    again: pl.DataFrame
    series: pl.DataFrame

    def name(self, lang: str = "zh") -> str:
        """Return the verdict in words."""
        return VERDICTS[self.verdict][lang == "en"]

    def stage_name(self, lang: str = "zh") -> str:
        """Return the stage in words; a plateau is shown as long as a peak is not proven."""
        return STAGES[self.stage][lang == "en"]


class _Again(NamedTuple):
    """A criterion that judges the series once more, and what that gave."""

    criterion: Criterion
    runs: tuple[tuple[Series, str], ...] = ()


def judge(table: pl.DataFrame) -> Verdict:
    """Judge whether a series of emissions has peaked.

    Parameters
    ----------
    table : polars.DataFrame
        ``year`` and ``emission`` (any one unit, zero or more), one row a year. Optional columns:
        ``filled``, ``provisional`` (yes or no: the figure was not counted, or may change);
        ``coverage`` (share of the emission counted, above 0 to 1); ``uncertainty`` (relative,
        half-width at 95 %); ``membership`` (count or list of what is counted);
        ``published`` (edition of the figure, sorted as text: several rows a year are its
        revisions, the last counts); ``unit`` (city, firm ...: a panel, summed by year and judged
        again on the units there are in every year). ``source_row`` names the rows of the file.

    Returns
    -------
    Verdict

    Raises
    ------
    DataError
        With every cell that is missing, repeated, negative or out of its range.

    Notes
    -----
    Limits are rows of ``tables/verdict_rules.csv``, own defaults all of them; N = 2 later years
    is that of requirement C07.
    """
    given = read_years(table)
    series = given.series
    own = own_criteria(series)
    found = outcome_of(own)
    gaps = _gaps(series, found)
    checks = list(_checked_again(given, found))
    criteria = [*own[:2], gaps, *own[2:], *(one.criterion for one in checks)]
    sound = all(one.status in (PASS, NOT_GIVEN) for one in (gaps, *criteria[len(own) + 1 :]))
    verdict = found if sound else NOT_DECIDABLE
    frame = pl.DataFrame(
        [(one.key, *NAMES[one.key], *one[1:]) for one in criteria], schema=_SCHEMA, orient="row"
    )
    return Verdict(
        verdict=verdict,
        stage=_stage(verdict, series, own, sound),
        peak_year=series.years[series.peak],
        peak_emission=float(series.values[series.peak]),
        criteria=frame,
        again=_told_again(checks),
        series=given.frame,
    )


def _stage(verdict: str, series: Series, own: list[Criterion], sound: bool) -> str:
    """Return the stage: a plateau wherever a peak is neither proven nor excluded."""
    status = {one.key: one for one in own}
    if verdict == PEAKED:
        return "peaked"
    if verdict == NOT_PEAKED:
        back = max(len(series.years) - 1 - int(limits()["rising_years"]), 0)
        grown = float(series.values[-1]) / max(float(series.values[back]), 1e-300) - 1.0
        bound = status["margin"].limit or 0.0
        at_end = series.peak == len(series.years) - 1
        return "rising" if at_end and grown > bound else "plateau"
    told = all(status[key].status == PASS for key in ("years", "one_unit", "inside"))
    return "plateau" if sound and told else "unknown"


def _gaps(series: Series, found: str) -> Criterion:
    """Judge missing years: one beside a figure near the maximum may hide the true one."""
    years, values, peak = series.years, series.values, series.peak
    missing = [year for before, after in pairwise(years) for year in range(before + 1, after)]
    near = float(values[peak]) * (1.0 - limits()["difference_uncertainty"])
    hiding = [
        place
        for place in range(len(years) - 1)
        if years[place + 1] - years[place] > 1
        and (place + 1 > peak or max(values[place], values[place + 1]) >= near)
    ]
    shown = ", ".join(map(str, missing)) or "—"
    good = not hiding or found == NOT_PEAKED
    zh = "；缺年在最高值之后或紧邻接近最高值的年份，可能漏掉真正的峰值" if not good else ""
    en = "; such a year after the maximum or beside a figure near it may hide it"
    return Criterion(
        "gaps",
        len(missing),
        "<=",
        0 if not good else None,
        "a",
        PASS if good else UNDECIDABLE,
        f"缺年：{shown}{zh}",
        f"missing years: {shown}{'' if good else en}",
    )


def _checked_again(given: Years, found: str) -> Iterator[_Again]:
    """Judge the series again without what it must not rest on."""
    yield _without(given, found, "filled", "not_filled", ("补值", "filled"))
    yield _without(given, found, "provisional", "not_provisional", ("初步", "provisional"))
    yield _coverage(given, found)
    yield _membership(given, found)
    yield _revisions(given, found)


def _not_given(key: str, column: str) -> _Again:
    zh = f"表中没有 {column} 列，结论以此不成问题为前提"
    en = f"the table has no column {column}; the verdict takes for granted that all is well there"
    return _Again(Criterion(key, None, "", None, "", NOT_GIVEN, zh, en))


def _judged(key: str, number: float, found: str, runs: list[Series], zh: str, en: str) -> _Again:
    """Return the criterion that every run must give the verdict of the whole series."""
    told = tuple((run, _outcome_of(run)) for run in runs)
    same = all(verdict == found for _run, verdict in told)
    shown = [[VERDICTS[verdict][n] for _run, verdict in told] for n in (0, 1)]
    return _Again(
        Criterion(
            key,
            number,
            "",
            None,
            "1" if key == "coverage" else "a",
            PASS if same else FAIL,
            zh + (f"，复判为{'、'.join(shown[0])}" if told else ""),
            en + (f"; judged again: {', '.join(shown[1])}" if told else ""),
        ),
        told,
    )


def _outcome_of(series: Series) -> str:
    """Judge a series once more; one too short to have criteria is not decidable."""
    return outcome_of(own_criteria(series)) if len(series.years) else NOT_DECIDABLE


def _without(given: Years, found: str, column: str, key: str, word: tuple[str, str]) -> _Again:
    if column not in given.told:
        return _not_given(key, column)
    marked = given.frame[column].to_numpy()
    listed = ", ".join(str(y) for y, m in zip(given.series.years, marked, strict=True) if m)
    zh, en = f"{word[0]}年份：{listed or '无'}", f"{word[1]} years: {listed or 'none'}"
    if column == "filled" and given.same_factor:
        years = ", ".join(map(str, given.same_factor))
        zh += f"（其中 {years} 年各单位增幅完全相同，视为统一外推）"
        en += f" (in {years} all units grew by one factor, taken for filled)"
    runs = [given.series.only(~marked)] if marked.any() else []
    return _judged(key, float(marked.sum()), found, runs, zh, en)


def _coverage(given: Years, found: str) -> _Again:
    if "coverage" not in given.told:
        return _not_given("coverage", "coverage")
    share, least = given.frame["coverage"].to_numpy(), limits()["coverage_min"]
    lowest = float(share.min())
    zh = f"覆盖率最低 {lowest:.1%}；按覆盖率折算，并剔除低于 {least:.0%} 的年份"
    en = f"lowest coverage {lowest:.1%}; scaled up by it, and without years below {least:.0%}"
    if float(share.max()) - lowest < 1e-9 and lowest >= least:
        return _judged("coverage", lowest, found, [], f"覆盖率始终为 {lowest:.1%}",
                       f"coverage is {lowest:.1%} throughout")  # fmt: skip
    scaled = given.series._replace(values=given.series.values / share)
    return _judged("coverage", lowest, found, [scaled, given.series.only(share >= least)], zh, en)


def _membership(given: Years, found: str) -> _Again:
    """Judge on the units that are always there, or on the years since the members changed."""
    years = given.series.years
    if given.constant is not None:
        units, always = given.units
        zh = f"{units} 个单位中 {always} 个每年都有，按其合计"
        en = f"{always} of {units} units are there in every year; on their sum"
        if units == always:
            return _judged("membership", 0.0, found, [], f"{units} 个单位每年都有",
                           f"all {units} units are there in every year")  # fmt: skip
        return _judged("membership", float(units - always), found, [given.constant], zh, en)
    if "members" not in given.told:
        return _not_given("membership", "membership")
    members = given.frame["members"].to_list()
    changed = [k for k in range(1, len(years)) if members[k] != members[k - 1]]
    shown = ", ".join(str(years[k]) for k in changed) or "—"
    zh, en = f"统计范围变化的年份：{shown}", f"members changed in: {shown}"
    runs = [given.series.only(np.arange(len(years)) >= changed[-1])] if changed else []
    return _judged("membership", float(len(changed)), found, runs, zh, en)


def _revisions(given: Years, found: str) -> _Again:
    if given.before is None:
        return _not_given("revisions", "published")
    size = given.series.revision
    zh = f"修订使两年之差的不确定度为 {size:.1%}；按各年首次公布值"
    en = f"revisions make a difference of two years uncertain by {size:.1%}; as first published"
    return _judged("revisions", size, found, [given.before], zh, en)


def _told_again(checks: list[_Again]) -> pl.DataFrame:
    rows = [
        (one.criterion.key, len(run.years), run.years[run.peak] if run.years else None, verdict)
        for one in checks
        for run, verdict in one.runs
    ]
    schema = {"key": pl.String, "years": pl.Int64, "peak_year": pl.Int64, "verdict": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
