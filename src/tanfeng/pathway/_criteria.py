"""What a series itself must show before it is said to have peaked, each with number and limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tanfeng.pathway._rules import limits, trend_limit
from tanfeng.pathway._trend import trend_since

Floats = NDArray[np.float64]

PEAKED, NOT_PEAKED, NOT_DECIDABLE = "PEAKED", "NOT PEAKED", "NOT DECIDABLE"
PASS, FAIL, UNDECIDABLE, NOT_GIVEN = "pass", "fail", "undecidable", "not_given"

#: Criterion -> its name.
NAMES: dict[str, tuple[str, str]] = {
    "years": ("序列年数", "years of the series"),
    "one_unit": ("单位前后一致", "one unit throughout"),
    "gaps": ("没有缺年", "no missing years"),
    "inside": ("最高值不在序列两端", "maximum not at an end"),
    "years_since": ("峰值后年数", "years since the maximum"),
    "margin": ("低于峰值的幅度超过不确定度", "margin below the maximum beyond uncertainty"),
    "trend": ("峰值以来下降趋势显著", "falling trend since the maximum"),
    "no_rebound": ("没有回升", "no rise again"),
    "not_filled": ("不依赖补值年份", "not resting on filled years"),
    "not_provisional": ("不依赖初步数据", "not resting on provisional years"),
    "coverage": ("不由覆盖率变化造成", "not made by coverage"),
    "membership": ("不由统计范围变化造成", "not made by changing membership"),
    "revisions": ("历次修订结论一致", "the same before revisions"),
}


class Criterion(NamedTuple):
    """One criterion of the verdict.

    Parameters
    ----------
    key : str
        Of ``NAMES``.
    number, limit : float or None
        What was found and what is asked [unit].
    comparator : str
        How the number must stand to the limit.
    unit : str
        ``a``, ``1`` ...
    status : {"pass", "fail", "undecidable", "not_given"}
        ``not_given``: the table says nothing of it.
    text_zh, text_en : str
        The same in words.
    """

    key: str
    number: float | None
    comparator: str
    limit: float | None
    unit: str
    status: str
    text_zh: str
    text_en: str


class Series(NamedTuple):
    """Years of emission, rising, each once.

    Parameters
    ----------
    years : tuple of int
        Years.
    values : array
        Emission [any one unit].
    uncertainty : array or None
        Relative, half-width at 95 % [1]; nan where not stated.
    revision : float
        What revisions make a difference of two years uncertain by [1].
    """

    years: tuple[int, ...]
    values: Floats
    uncertainty: Floats | None = None
    revision: float = 0.0

    @property
    def peak(self) -> int:
        """Place of the maximum; of equal ones the last."""
        return len(self.values) - 1 - int(np.argmax(self.values[::-1]))

    def only(self, kept: NDArray[np.bool_]) -> Series:
        """Return the series with some of its years."""
        years = tuple(year for year, is_kept in zip(self.years, kept, strict=True) if is_kept)
        uncertainty = None if self.uncertainty is None else self.uncertainty[kept]
        return Series(years, self.values[kept], uncertainty, self.revision)


def own_criteria(series: Series) -> list[Criterion]:
    """Judge a series by what its figures show alone."""
    asked = limits()
    found = [_years(series, asked["years_min"]), _one_unit(series, asked["unit_jump_max"])]
    found += [_inside(series), _years_since(series, asked["years_since_min"])]
    margin, bound = _margin(series)
    return [*found, margin, _trend(series), _rebound(series, bound)]


def outcome_of(criteria: Iterable[Criterion]) -> str:
    """Return the verdict the criteria of a series give by themselves."""
    status = {one.key: one.status for one in criteria}
    if FAIL in (status["years"], status["one_unit"]):
        return NOT_DECIDABLE
    if FAIL in (status["inside"], status["years_since"]):
        return NOT_PEAKED
    return PEAKED if set(status.values()) == {PASS} else NOT_DECIDABLE


def outcome(years: tuple[int, ...], values: Floats) -> str:
    """Return the verdict on bare figures.

    Parameters
    ----------
    years : tuple of int
        Rising, each once.
    values : array
        Emission [any one unit].

    Returns
    -------
    str
        ``PEAKED``, ``NOT PEAKED`` or ``NOT DECIDABLE``.
    """
    return outcome_of(own_criteria(Series(years, values)))


def _status(good: bool) -> str:
    return PASS if good else FAIL


def _years(series: Series, least: float) -> Criterion:
    count = len(series.years)
    return Criterion(
        "years",
        count,
        ">=",
        least,
        "a",
        _status(count >= least),
        f"共 {count} 年，检验至少需要 {least:g} 年（自定默认值）",
        f"{count} years; the tests need {least:g} or more (own default)",
    )


def _one_unit(series: Series, most: float) -> Criterion:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.abs(np.log(series.values[1:] / series.values[:-1]))
    ratios = np.where(np.isnan(ratios), np.inf, ratios)  # 0/0: no data is not zero
    place = int(np.argmax(ratios)) if len(ratios) else -1
    largest = float(np.exp(ratios[place])) if len(ratios) else 1.0
    shown = f"{largest:.3g}" if math.isfinite(largest) else "∞"
    between = f"{series.years[place]}-{series.years[place + 1]}" if len(ratios) else "—"
    return Criterion(
        "one_unit",
        largest if math.isfinite(largest) else None,
        "<=",
        most,
        "1",
        _status(largest <= most),
        f"相邻两年最大之比 {shown}（{between}），超过 {most:g} 多为单位错误（如吨与万吨），"
        "或把无数据写成 0",
        f"largest ratio of two years {shown} ({between}); beyond {most:g} a unit slip is likely, "
        "such as t against 10^4 t, or no data written as 0",
    )


def _inside(series: Series) -> Criterion:
    peak, last = series.peak, len(series.years) - 1
    year = series.years[peak]
    where = min(peak, last - peak)
    if peak == last:
        status, zh, en = FAIL, "最后一年，其后没有数据", "the last year; nothing comes after it"
    elif peak == 0:
        status = UNDECIDABLE
        zh, en = "第一年，真正的峰值可能更早", "the first year; the true maximum may lie before it"
    else:
        status, zh, en = PASS, "不在序列两端", "inside the series"
    return Criterion(
        "inside",
        where,
        ">=",
        1,
        "a",
        status,
        f"最高值在 {year} 年：{zh}",
        f"the maximum is in {year}: {en}",
    )


def _years_since(series: Series, least: float) -> Criterion:
    since = len(series.years) - 1 - series.peak
    return Criterion(
        "years_since",
        since,
        ">=",
        least,
        "a",
        _status(since >= least),
        f"最高值之后有 {since} 年低于它，至少需要 {least:g} 年（自定默认值），此前只显示平台期",
        f"{since} later years are below the maximum; {least:g} are needed (own default), before "
        "that it is a plateau",
    )


def _margin(series: Series) -> tuple[Criterion, float]:
    """Return the criterion of the margin and what two years must differ by to differ at all."""
    asked, peak = limits(), series.peak
    top = float(series.values[peak])
    count = min(int(asked["years_since_min"]), len(series.years) - 1 - peak)
    late = series.values[len(series.years) - count :]
    bound, zh, en = asked["difference_uncertainty"], "自定默认值", "own default"
    if count and series.uncertainty is not None:
        place = len(series.years) - count + int(np.argmax(late))
        ends = series.uncertainty[[peak, place]]
        if np.isfinite(ends).all():
            share = float(series.values[place]) / top if top else 0.0
            bound = math.hypot(float(ends[0]), float(ends[1]) * share)
            zh, en = "两年数据不确定度合成", "from the uncertainty of the two years"
    if series.revision > bound:
        bound, zh, en = series.revision, "历次修订幅度", "from the history of revisions"
    if not count or top <= 0.0:
        words = ("最高值之后没有数据", "nothing comes after the maximum")
        return Criterion("margin", None, ">", bound, "1", UNDECIDABLE, *words), bound
    margin = 1.0 - float(late.max()) / top
    found = Criterion(
        "margin",
        margin,
        ">",
        bound,
        "1",
        PASS if margin > bound else UNDECIDABLE,
        f"最近 {count} 年比峰值至少低 {margin:.1%}，须大于 {bound:.1%}（{zh}）",
        f"the last {count} years lie {margin:.1%} or more below the maximum; it must be more "
        f"than {bound:.1%} ({en})",
    )
    return found, bound


def _trend(series: Series) -> Criterion:
    peak, count = series.peak, len(series.years)
    limit = trend_limit(count, count - 1 - peak)
    top = float(series.values[peak])
    if not math.isfinite(limit) or top <= 0.0:
        zh = "年数不足，或最高值在首年，或其后不足 2 年，无法检验趋势"
        en = "too few years, a maximum in the first one, or fewer than 2 after it: no trend to test"
        return Criterion("trend", None, "<", None, "1", UNDECIDABLE, zh, en)
    floor = limits()["noise_floor"] * top
    found = trend_since(series.years, series.values[None], peak, floor)
    value, slope = float(found.statistic[0]), float(found.slope[0]) / top
    phi, level = float(found.autocorrelation[0]), limits()["trend_level"]
    return Criterion(
        "trend",
        value,
        "<",
        limit,
        "1",
        PASS if value < limit else UNDECIDABLE,
        f"峰值以来每年 {slope:+.1%}（占峰值），检验统计量 {value:.2f}，须小于 {limit:.2f}"
        f"（自相关 {phi:.2f}；虚警率不超过 {level:.0%}）",
        f"{slope:+.1%} of the maximum a year since, statistic {value:.2f}, must be below "
        f"{limit:.2f} (autocorrelation {phi:.2f}; false alarms at most {level:.0%})",
    )


def _rebound(series: Series, bound: float) -> Criterion:
    peak, last = series.peak, len(series.years) - 1
    top = float(series.values[peak])
    if peak == last or top <= 0.0:
        words = ("最高值之后没有数据", "nothing comes after the maximum")
        return Criterion("no_rebound", None, "<=", bound, "1", UNDECIDABLE, *words)
    after = series.values[peak + 1 :]
    low = peak + 1 + int(np.argmin(after))
    rise = float(series.values[last] - after.min()) / top
    return Criterion(
        "no_rebound",
        rise,
        "<=",
        bound,
        "1",
        PASS if rise <= bound else UNDECIDABLE,
        f"自最低的 {series.years[low]} 年以来回升峰值的 {rise:.1%}，不得超过 {bound:.1%}",
        f"since its lowest year {series.years[low]} it rose by {rise:.1%} of the maximum; at most "
        f"{bound:.1%}",
    )
