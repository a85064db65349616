"""``tanfeng report``: the yearly brief of a home folder, and the energy-utilisation report."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tanfeng.cli import _energy_use
from tanfeng.cli._home import fail, open_home
from tanfeng.cli._lang import InLang, Lang

app = typer.Typer(add_completion=False, help="Write a report from a home folder or a workbook.")
app.command("energy-use")(_energy_use.energy_use)


class Kind(StrEnum):
    """Files a brief can be written as."""

    PDF = "pdf"
    DOCX = "docx"


class Basis(StrEnum):
    """Bases of the electricity factor."""

    AVERAGE = "average"
    RESIDUAL = "residual"
    FOSSIL = "fossil"


@app.callback()
def _group() -> None:
    """Write a report from a home folder or a workbook."""


@app.command()
def city(
    year: Annotated[int, typer.Option(help="Year the brief speaks of.")],
    home: Annotated[Path, typer.Option(help="Home folder of the console.")] = Path("tanfeng-home"),
    out: Annotated[Path, typer.Option(help="Folder the files go to.")] = Path(),
    kind: Annotated[
        list[Kind] | None, typer.Option("--format", help="pdf or docx; both when not given.")
    ] = None,
    basis: Annotated[Basis, typer.Option(help="Basis of purchased electricity.")] = Basis.AVERAGE,
    account: Annotated[
        str, typer.Option(help="Account whose scope counts; the whole city when not given.")
    ] = "",
    issuer: Annotated[
        str, typer.Option(help="Office that issues it; the city's name when not given.")
    ] = "",
    lang: InLang = Lang.ZH,
) -> None:
    """Write the yearly brief of the published run as PDF and Word."""
    open_home(home)
    from django.utils import translation

    from tanfeng.console.accounting.brief import brief_data
    from tanfeng.console.core import audit, lists, services
    from tanfeng.console.core.models import User
    from tanfeng.reports import city_brief, to_pdf, to_word

    user = User.objects.filter(username=account).first() if account else services.system_user()
    if user is None:
        fail(
            f"没有账户“{account}”；可用以下命令查看：tanfeng user list --home {home}",
            f"there is no account {account!r}; see: tanfeng user list --home {home}",
            2,
        )
    language = "en" if lang is Lang.EN else "zh-hans"
    with translation.override(language):
        brief = brief_data(user, year=year, basis=basis.value)
    if brief is None or brief.year != year:
        fail(
            f"{home} 的已发布核算中没有 {year} 年的数据；请先核算并发布",
            f"the published run of {home} holds nothing on {year}; compute and publish one first",
        )
    if issuer or not account:
        brief = replace(brief, issuer=issuer or brief.scope)
    document = city_brief(brief)
    out.mkdir(parents=True, exist_ok=True)
    for one in kind or list(Kind):
        path = out / f"{brief.scope}-{year}.{one.value}"
        event = audit.record("export.brief", user=user, year=year, run=brief.run, kind=one.value)
        with translation.override(language):
            stamped = replace(document, stamp=lists.stamp(event))
        path.write_bytes(to_pdf(stamped) if one is Kind.PDF else to_word(stamped))
        typer.echo(path)
