"""Write the pages of the reference that repeat what the program says of itself.

``scripts/reference.py`` writes ``docs/reference/cli.md`` (every command with its help) and
``docs/reference/checks.md`` (every numbered check); a contract test calls :func:`pages` and fails
when a page differs from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tanfeng.cli import COMMANDS, command
from tanfeng.cli.checks import CHECKS

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
_WRITTEN = "<!-- Written by scripts/reference.py; change the program, then run it. -->\n"
_CLI = """# Command line

`tanfeng NOUN VERB`; every command explains itself with `-h` or `--help`.
Exit codes: 0 fine, 1 findings in what was given, 2 wrong use.
Wrong use is told in Chinese, or in English with `--lang en`; help pages are in English.
`tanfeng --version` prints the version.

| command | what it does |
|---|---|
"""
_CHECKS = """# Checks

`tanfeng check` examines what was installed; `tanfeng check --home HOME` also a home folder:
settings, database, rights, audit log, background work, disk. Each finding says what is wrong and
what to do, in Chinese or with `--lang en` in English; `--json` gives both. It changes nothing.
Exit code 1 when there is an error, with `--strict` also for a warning; 2 is wrong use.

`TF-E` has to be repaired, `TF-W` wants a person to look, `TF-I` is told only. A number is never
given out twice. The tables of the standards have checks of their own, `TF-S`, told by
`tanfeng standards check`; see [](standards.md).
"""
_PLACES = {
    "program": "What was installed",
    "home": "A home folder (`--home`)",
}


def pages() -> dict[Path, str]:
    """Return every page this script writes with its text."""
    return {REFERENCE / "cli.md": _cli(), REFERENCE / "checks.md": _checks()}


def _cli() -> str:
    found = [(path, one) for name in sorted(COMMANDS) for path, one in _walk(name, command(name))]
    listed = "".join(
        f"| [`tanfeng {path}`](#{_anchor(path)}) | {_help(one)} |\n" for path, one in found
    )
    return _WRITTEN + _CLI + listed + "".join(_section(path, one) for path, one in found)


def _walk(path: str, one: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, groups opened."""
    below = getattr(one, "commands", None)
    if below is None:
        yield path, one
        return
    for name in sorted(below):
        yield from _walk(f"{path} {name}", below[name])


def _anchor(path: str) -> str:
    return "tanfeng-" + path.replace(" ", "-")


def _help(one: Any) -> str:
    return " ".join((one.help or "").split("\n\n")[0].split())


def _section(path: str, one: Any) -> str:
    context = one.make_context(f"tanfeng {path}", [], resilient_parsing=True)
    usage = " ".join([f"tanfeng {path}", *one.collect_usage_pieces(context)])
    text = f"\n## tanfeng {path}\n\n{_help(one)}\n\n```text\n{usage}\n```\n"
    rows = [
        "| `{}` | {} |\n".format(*(" ".join(cell.split()).replace("|", "\\|") for cell in record))
        for parameter in one.params
        if parameter.name != "help" and (record := parameter.get_help_record(context))
    ]
    return text + ("\n| | what it means |\n|---|---|\n" + "".join(rows) if rows else "")


def _checks() -> str:
    text = _WRITTEN + _CHECKS
    for place, title in _PLACES.items():
        text += f"\n## {title}\n\n| number | what is wrong | what to do |\n|---|---|---|\n"
        for one in CHECKS.values():
            if one.place == place:
                text += (
                    f"| {one.number} | {one.about_en}<br>{one.about_zh} "
                    f"| {one.remedy_en}<br>{one.remedy_zh} |\n"
                )
    return text


if __name__ == "__main__":
    for page, content in pages().items():
        page.write_text(content, encoding="utf-8")
