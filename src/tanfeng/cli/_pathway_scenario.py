"""``tanfeng pathway scenario`` and ``template``: what a file of scenarios leads to."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._output import open_console, refuse

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.pathway.ensemble import Ensemble
    from tanfeng.pathway.projection import Conversion, Projection
    from tanfeng.pathway.scenario import Book


class Boundary(StrEnum):
    """What is counted."""

    DIRECT = "direct"
    DIRECT_AND_PURCHASED = "direct_and_purchased"


class Sampling(StrEnum):
    """How draws are taken."""

    SOBOL = "sobol"
    LATIN_HYPERCUBE = "latin_hypercube"


_File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Scenarios, .xlsx or .toml.")
]
_Which = Annotated[
    list[str] | None,
    typer.Option("--scenario", help="Key of a scenario; may be given again. All if not given."),
]
_OUT_KINDS = (".xlsx", ".csv")


def scenario(
    file: _File,
    which: _Which = None,
    draws: Annotated[int, typer.Option(min=16, max=1_000_000, help="Draws of each.")] = 16_384,
    before: Annotated[int, typer.Option(help="Probability that the peak lies before it.")] = 2030,
    boundary: Annotated[Boundary, typer.Option(help="What is counted.")] = Boundary.DIRECT,
    sampling: Annotated[Sampling, typer.Option(help="How draws are taken.")] = Sampling.SOBOL,
    seed: Annotated[int, typer.Option(help="Same seed, same result.")] = 0,
    region: Annotated[str, typer.Option(help="Region in an IAMC table.")] = "Fuzhou",
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write an .xlsx, or an IAMC table as .csv."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Project scenarios, draw them many times, and say when they peak."""
    from tanfeng.errors import DataError, ModelError
    from tanfeng.sheets.scenario_book import read_scenarios

    if out is not None and out.suffix.lower() not in _OUT_KINDS:
        raise typer.BadParameter(pick("--out 应为 .xlsx 或 .csv", "--out should be .xlsx or .csv"))
    conversion = _conversion()
    try:
        book = read_scenarios(file.read_bytes(), file.name)
        projections = _all(book, which, conversion)
        with _bar(len(projections), as_json) as step:
            found = [
                _Found(one, conversion, draws, before, boundary, sampling, seed, step)
                for one in projections
            ]
    except DataError as error:
        refuse(error.problems, as_json, lang.value)
    except ModelError as error:
        typer.echo(error.message(lang.value), err=True)
        sys.exit(2)
    if out is not None:
        _write(found, out, lang.value, region)
    if as_json:
        told = {
            "before": before,
            "boundary": boundary.value,
            "scenarios": [o.plain() for o in found],
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(found, before, out)


def template(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Workbook to write.")],
    plants: Annotated[
        bool, typer.Option("--plants", help="For plants and their options, not scenarios.")
    ] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Write the empty workbook scenarios, or plants, are filled into."""
    from tanfeng.pathway.scenario import Book
    from tanfeng.sheets.plant_book import write_plants
    from tanfeng.sheets.scenario_book import write_scenarios

    content = (
        write_plants(lang=lang.value) if plants else write_scenarios(Book({}), lang=lang.value)
    )
    out.write_bytes(content)
    typer.echo(pick(f"已写入 {out}", f"wrote {out}"))


def _conversion() -> Conversion:
    """Return what electricity and heat are worth, from the standards."""
    from tanfeng.pathway.projection import Conversion
    from tanfeng.standards import lookup

    electricity, heat = (lookup("energy_items", item_key=key) for key in ("electricity", "heat"))
    return Conversion(electricity.number, heat.number)


def _all(book: Book, which: list[str] | None, conversion: Conversion) -> list[Projection]:
    """Resolve every scenario asked for; tell what is wrong with all of them at once."""
    from tanfeng.errors import DataError
    from tanfeng.pathway.projection import Projection

    projections, problems = [], []
    for key in which or book.scenarios:
        try:
            projections.append(Projection(book.resolve(key), conversion))
        except DataError as error:
            problems += [one for one in error.problems if one not in problems]
    if problems:
        raise DataError(problems)
    return projections


class _Found:
    """One scenario with all that is told of it."""

    def __init__(
        self,
        projection: Projection,
        conversion: Conversion,
        draws: int,
        before: int,
        boundary: Boundary,
        sampling: Sampling,
        seed: int,
        step: Callable[[], None],
    ) -> None:
        from tanfeng.pathway import backtest, ensemble
        from tanfeng.pathway.projection import provenance, table

        self.projection = projection
        self.ensemble: Ensemble = ensemble.ensemble(
            projection,
            draws=draws,
            boundary=boundary.value,
            sampling=sampling.value,
            seed=seed,
            progress=lambda *_: step(),
        )
        self.table = table(projection)
        self.probability = self.ensemble.probability(before)
        self.misses = backtest.backtest(projection.resolved, conversion, boundary=boundary.value)
        self.missed = backtest.summary(self.misses)
        self.year = min(max(before, int(projection.years[0])), int(projection.years[-1]))
        self.sensitivity: pl.DataFrame | None = None
        if projection.variables:
            self.sensitivity = ensemble.sensitivity(
                projection, year=self.year, boundary=boundary.value, seed=seed
            )
        self.provenance = provenance(projection.resolved)
        self.peak_year, self.peak_tco2 = self.ensemble.central_peak()

    @property
    def key(self) -> str:
        """Key of the scenario."""
        return self.projection.resolved.scenario.key

    @property
    def name(self) -> str:
        """What people call it."""
        return self.projection.resolved.scenario.name or self.key

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        answer = self.probability.row(-1, named=True)
        return {
            "key": self.key,
            "name": self.name,
            "years": self.projection.years.tolist(),
            "peak_year": self.peak_year,
            "greatest_tco2": self.peak_tco2,
            "probability": answer["probability"],
            "standard_error": answer["standard_error"],
            "draws": answer["draws"],
            "convergence": self.probability.to_dicts(),
            "peak_years": self.ensemble.peaks().to_dicts(),
            "bands": self.ensemble.bands.to_dicts(),
            "emission": self.table.to_dicts(),
            "sensitivity_year": self.year,
            "sensitivity": [] if self.sensitivity is None else self.sensitivity.to_dicts(),
            "backtest": self.missed.to_dicts(),
            "provenance": self.provenance.to_dicts(),
        }


def _print(found: list[_Found], before: int, out: Path | None) -> None:
    from rich.table import Table

    console = open_console()
    told = Table(title=pick("情景", "Scenarios"))
    for heading in (
        pick("情景", "scenario"),
        pick("达峰年", "peak year"),
        pick("最高排放 (万 tCO2)", "greatest emission (1e4 tCO2)"),
        pick(f"{before} 年前达峰概率", f"probability of a peak before {before}"),
        pick("抽样次数", "draws"),
        pick("回测中位误差（模型 / 不变）", "median back-test miss (model / unchanged)"),
    ):
        told.add_column(heading)
    for one in found:
        answer = one.probability.row(-1, named=True)
        told.add_row(
            one.name,
            str(one.peak_year or pick("期内未达峰", "not within the years")),
            f"{one.peak_tco2 / 1e4:,.2f}",
            f"{answer['probability']:.1%} ± {answer['standard_error']:.2%}",
            f"{answer['draws']:,}",
            _missed(one.missed),
        )
    console.print(told)
    for one in found:
        if one.sensitivity is not None:
            parts = "，".join(
                f"{row['variable']} {row['total']:.0%}"
                for row in one.sensitivity.head(5).iter_rows(named=True)
            )
            head = pick(
                f"{one.name}：{one.year} 年的不确定性来自",
                f"{one.name}: spread of {one.year} comes from",
            )
            console.print(f"{head} {parts}")
    if out is not None:
        console.print(pick(f"已写入 {out}", f"wrote {out}"))


def _missed(missed: pl.DataFrame) -> str:
    """Return the median miss over all leads of the model and of standing still."""
    if missed.is_empty():
        return pick("历史过短，未回测", "history too short to test")
    of = dict(missed.group_by("rule").agg(missed=_weighted()).iter_rows())
    return f"{of['drivers']:.1%} / {of['unchanged']:.1%}"


def _weighted() -> pl.Expr:
    import polars as pl

    count = pl.col("forecasts")
    return (pl.col("median_miss") * count).sum() / count.sum()


@contextlib.contextmanager
def _bar(scenarios: int, as_json: bool) -> Iterator[Callable[[], None]]:
    """Show how many batches are done; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import Progress

    from tanfeng.pathway.ensemble import BATCHES

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json) as bar:
        task = bar.add_task(pick("抽样", "drawing"), total=scenarios * BATCHES)
        yield lambda: bar.advance(task)


def _write(found: list[_Found], out: Path, lang: str, region: str) -> None:
    import polars as pl

    from tanfeng import __version__
    from tanfeng.pathway import iamc

    if out.suffix.lower() == ".csv":
        model = f"Tanfeng {__version__}"
        parts = [
            part
            for one in found
            for part in (
                iamc.of_projection(one.table, model=model, region=region),
                iamc.of_bands(one.ensemble.bands, model=model, scenario=one.key, region=region),
            )
        ]
        iamc.wide(pl.concat(parts)).write_csv(out)
        return
    from tanfeng.sheets import ListColumn, ListTable, tables_workbook

    def stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
        named = [
            frame.with_columns(pl.lit(one.name).alias("of"))
            for one, frame in zip(found, frames, strict=True)
        ]
        return pl.concat(named, how="vertical_relaxed")

    pages = {
        ("排放带", "bands"): [one.ensemble.bands for one in found],
        ("分部门排放", "emission"): [one.table for one in found],
        ("达峰概率", "probability"): [one.probability for one in found],
        ("达峰年分布", "peak years"): [one.ensemble.peaks() for one in found],
        ("回测", "back-test"): [one.missed for one in found],
        ("数据来源", "provenance"): [one.provenance for one in found],
    }
    if all(one.sensitivity is not None for one in found):
        pages["敏感性", "sensitivity"] = [
            one.sensitivity for one in found if one.sensitivity is not None
        ]
    tables = []
    for (zh, en), frames in pages.items():
        frame = stacked(frames)
        columns = [
            ListColumn("of", "情景", "scenario"),
            *(
                ListColumn(name, *_HEADINGS.get(name, (name, name)))
                for name in frame.columns
                if name not in ("of", "scenario")
            ),
        ]
        tables.append(ListTable(en if lang == "en" else zh, columns, frame))
    out.write_bytes(tables_workbook(tables, lang=lang))


_HEADINGS = {
    "sector": ("行业", "sector"),
    "year": ("年份", "year"),
    "central": ("中心值 (tCO2)", "central (tCO2)"),
    "mean": ("平均 (tCO2)", "mean (tCO2)"),
    "part": ("部分", "part"),
    "emission_tco2": ("排放量 (tCO2)", "emission (tCO2)"),
    "energy_tce": ("能源消费 (tce)", "energy (tce)"),
    "history": ("历史", "history"),
    "draws": ("抽样次数", "draws"),
    "probability": ("概率", "probability"),
    "standard_error": ("标准误", "standard error"),
    "share": ("占比", "share"),
    "rule": ("方法", "rule"),
    "lead": ("提前年数", "years ahead"),
    "forecasts": ("预测次数", "forecasts"),
    "median_miss": ("误差中位数", "median miss"),
    "mean_miss": ("平均误差", "mean miss"),
    "greatest_miss": ("最大误差", "greatest miss"),
    "variable": ("变量", "variable"),
    "first_order": ("一阶指数", "first order"),
    "total": ("总指数", "total"),
    "total_low": ("总指数下限", "total, low"),
    "total_high": ("总指数上限", "total, high"),
    "driver": ("驱动因素", "driver"),
    "written": ("书写值", "as written"),
    "centre": ("换算值", "converted"),
    "unit": ("单位", "unit"),
    "written_by": ("出自情景", "written by"),
    "inherited": ("继承", "inherited"),
    "sheet": ("工作表", "sheet"),
    "row": ("行", "row"),
    "column": ("列", "column"),
    "heading": ("位置", "place"),
    "ref": ("来源", "source"),
}
