"""``tanfeng user add|password|reset-factor|list``: accounts from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._database import migrate
from tanfeng.cli._home import fail, open_home
from tanfeng.cli._lang import InLang, Lang, pick

if TYPE_CHECKING:
    from tanfeng.console.core.models import User

app = typer.Typer(
    help="Create accounts and set passwords.", no_args_is_help=True, add_completion=False
)

Home = Annotated[Path, typer.Option(help="Folder of database, uploads and runs.")]
Name = Annotated[str, typer.Argument(help="Name to sign in with.")]
_HOME = Path("tanfeng-home")
_HEADINGS = (
    ("账户", "account"),
    ("姓名", "name"),
    ("角色", "role"),
    ("范围", "scope"),
    ("启用", "active"),
)


@app.command("add")
def add(
    name: Name,
    role: Annotated[
        str, typer.Option(help="city, county, park, enterprise, verifier or admin.")
    ] = "admin",
    home: Home = _HOME,
    display_name: Annotated[str, typer.Option(help="Name shown on pages.")] = "",
    department: Annotated[str, typer.Option(help="Department.")] = "",
    county: Annotated[str, typer.Option(help="Code of the county of a county officer.")] = "",
    park: Annotated[str, typer.Option(help="Code of the park of a park operator.")] = "",
    enterprise: Annotated[str, typer.Option(help="Credit code of an enterprise.")] = "",
    duty: Annotated[
        str, typer.Option(help="Of an administrator: system, security or audit; empty for all.")
    ] = "",
    lang: InLang = Lang.ZH,
) -> None:
    """Create an account and print its first password, once; a new home gets its database."""
    open_home(home, must_exist=False)
    migrate()
    from django.core.exceptions import ValidationError
    from django.utils import translation

    from tanfeng.console.core import services

    try:
        _user, password = services.create_account(
            username=name,
            by=None,
            role=role,
            display_name=display_name or name,
            department=department,
            place_code=county,
            park_code=park,
            org_code=enterprise,
            duty=duty,
        )
    except ValidationError as error:
        with translation.override("en" if lang is Lang.EN else "zh-hans"):
            told = _words(error)
        fail(told, told, code=2)
    _print_password(name, password)


@app.command("password")
def password(name: Name, home: Home = _HOME, lang: InLang = Lang.ZH) -> None:
    """Give an account a new password and print it, once."""
    open_home(home)
    from tanfeng.console.core import services

    _print_password(name, services.reset_password(_person(name), by=None))


@app.command("reset-factor")
def reset_factor(name: Name, home: Home = _HOME, lang: InLang = Lang.ZH) -> None:
    """Take away the second factor of a person who lost the device."""
    open_home(home)
    from tanfeng.console.core import services

    services.reset_second_factor(_person(name), by=None)
    told = pick(
        "在设置新设备之前，只凭密码登录",
        "signs in with the password alone until a new device is set up",
    )
    typer.echo(f"{name}: {told}", err=True)


@app.command("list")
def list_accounts(
    home: Home = _HOME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """List the accounts, their roles and scopes."""
    open_home(home)
    from tanfeng.console.core.models import User

    fields = ("username", "display_name", "role", "place_code", "park_code", "org_code")
    rows = [
        {**{name: getattr(user, name) for name in fields}, "active": user.is_active}
        for user in User.objects.all()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in _HEADINGS:
        table.add_column(pick(*heading))
    for row in rows:
        scope = row["place_code"] or row["park_code"] or row["org_code"]
        active = pick("是", "yes") if row["active"] else pick("否", "no")
        table.add_row(row["username"], row["display_name"], row["role"], scope, active)
    Console(width=None).print(table)


def _person(name: str) -> User:
    """Return the account of a person."""
    from tanfeng.console.core import services
    from tanfeng.console.core.models import User

    user = User.objects.filter(username=name).first()
    if user is None or name == services.SYSTEM:
        fail(
            f"没有可供人登录的账户“{name}”",
            f"there is no account {name!r} a person could sign in with",
            code=2,
        )
    return user


def _print_password(name: str, text: str) -> None:
    typer.echo(f"{name}: {text}")
    told = pick(
        "密码只显示这一次，首次登录时必须修改。",
        "The password is shown once and must be changed at the first sign-in.",
    )
    typer.echo(told, err=True)


def _words(error: object) -> str:
    """Return what is wrong with an account, field by field."""
    by_field = getattr(error, "message_dict", {})
    return "; ".join(f"{field}: {' '.join(map(str, texts))}" for field, texts in by_field.items())
