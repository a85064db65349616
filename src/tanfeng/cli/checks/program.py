"""Checks of what was installed: tables with their sidecars, browser files, fonts, catalogues."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from tanfeng.cli.checks.registry import Said, check

#: The installed package; a test points it at a copy.
PACKAGE = Path(str(files("tanfeng")))
_ASSETS = "cli/checks/assets.csv"
_DISTURBED = (
    "若改动有依据，更新说明文件中的 SHA-256 并写变更记录；否则重新安装。",
    "If the change is meant, put the new SHA-256 into the sidecar and write a changelog fragment; "
    "otherwise install the package again.",
)
_REINSTALL = (
    "重新安装：make install，或 pip install --force-reinstall tanfeng。",
    "Install again: make install, or pip install --force-reinstall tanfeng.",
)
_NEEDED = ("edition", "publisher_zh", "publisher_en", "checked_zh", "checked_en")


def _tables() -> Iterator[tuple[str, bytes, dict[str, object]]]:
    """Yield name, content and sidecar of every table; an empty sidecar when there is none."""
    for path in sorted(PACKAGE.rglob("*.csv")):
        beside, shared = path.with_suffix(".toml"), path.with_name("tables.toml")
        about: dict[str, object] = {}
        if beside.is_file():
            about = tomllib.loads(beside.read_text(encoding="utf-8"))
        elif shared.is_file():
            about = tomllib.loads(shared.read_text(encoding="utf-8")).get(path.name, {})
        yield path.relative_to(PACKAGE).as_posix(), path.read_bytes(), about


def _recorded(about: dict[str, object]) -> str:
    digest = about.get("digest", about.get("sha256", ""))
    return str(digest.get("sha256", "") if isinstance(digest, dict) else digest)


@check(
    "TF-E011",
    "program",
    ("数据表与登记的摘要不符，或没有登记", "a table differs from its recorded digest, or has none"),
    _DISTURBED,
)
def table_digests(_home: Path) -> Iterable[Said]:
    """Compare every table of the package with the digest its sidecar records."""
    for name, content, about in _tables():
        actual, recorded = hashlib.sha256(content).hexdigest(), _recorded(about)
        if not recorded:
            yield f"{name} 没有登记 SHA-256", f"{name} has no recorded SHA-256"
        elif actual != recorded:
            yield (
                f"{name} 的 SHA-256 为 {actual[:12]}…，登记为 {recorded[:12]}…",
                f"SHA-256 of {name} is {actual[:12]}…, recorded is {recorded[:12]}…",
            )


@check(
    "TF-E012",
    "program",
    (
        "数据表的说明文件缺少版本、发布单位、核对人或许可",
        "a sidecar lacks edition, publisher, checker or licence",
    ),
    ("在同名 .toml 中补填。", "Fill it in, in the .toml beside the table."),
)
def table_sidecars(_home: Path) -> Iterable[Said]:
    """Ask every table for its licence, and those of the standards for all a reader must know."""
    for name, _content, about in _tables():
        lacking = (
            [] if any(k.startswith("licence") and v for k, v in about.items()) else ["licence"]
        )
        if name.startswith("standards/"):
            lacking += [key for key in _NEEDED if not str(about.get(key, "")).strip()]
        if lacking:
            said = ", ".join(lacking)
            yield f"{name} 的说明缺少 {said}", f"the sidecar of {name} lacks {said}"


@check(
    "TF-E013",
    "program",
    (
        "标准表未通过自身检查（TF-S 编号见标准表一页）",
        "a standards table fails one of its own checks (TF-S numbers, see the page on standards)",
    ),
    (
        "运行 tanfeng standards check，按所列处理。",
        "Run: tanfeng standards check, and do what it says.",
    ),
)
def standards_tables(_home: Path) -> Iterable[Said]:
    """Pass on what the standards room finds wrong with its tables."""
    from tanfeng import standards

    for finding in standards.check():
        if finding.severity == "error":
            yield (
                f"{finding.check} {finding.table}：{finding.message('zh')}",
                f"{finding.check} {finding.table}: {finding.message('en')}",
            )


@check(
    "TF-I014",
    "program",
    ("标准表中有行只有文件、没有条款", "rows of standards tables name a document but no clause"),
    (
        "核对正式文本时补入条款；清单见 tanfeng standards check。",
        "Add the clause when the document is at hand; tanfeng standards check lists the tables.",
    ),
)
def clauses(_home: Path) -> Iterable[Said]:
    """Count the rows without a clause."""
    from tanfeng import standards

    found = {
        t.name: (standards.load(t.name)["clause_text"] == "").sum() for t in standards.tables()
    }
    rows, tables = sum(found.values()), sum(n > 0 for n in found.values())
    if rows:
        yield f"{tables} 张表的 {rows} 行没有条款", f"{rows} rows of {tables} tables name no clause"


@check(
    "TF-I015",
    "program",
    ("标准表中有待核实的行", "rows of standards tables are to be verified"),
    (
        "查到正式文本后，在控制台用覆盖值登记核实结果。",
        "Enter the verified value as an override in the console once the official text is at hand.",
    ),
)
def unverified(_home: Path) -> Iterable[Said]:
    """Count the rows that carry the mark 待核实."""
    from tanfeng import standards

    found = [t.single + t.recalled for t in standards.tables()]
    if any(found):
        tables = sum(n > 0 for n in found)
        yield (
            f"{tables} 张表的 {sum(found)} 行待核实",
            f"{sum(found)} rows of {tables} tables are to be verified",
        )


def _assets() -> list[dict[str, str]]:
    text = (PACKAGE / _ASSETS).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@check(
    "TF-E021",
    "program",
    ("缺少图表程序或字体文件", "a browser file or a font is missing"),
    _REINSTALL,
)
def assets_present(_home: Path) -> Iterable[Said]:
    """See that what the build brings is there."""
    for asset in _assets():
        if not (PACKAGE / asset["file"]).is_file():
            yield (
                f"缺少 {asset['file']}（{asset['package']} {asset['version']}）",
                f"{asset['file']} is missing ({asset['package']} {asset['version']})",
            )


@check(
    "TF-E022",
    "program",
    (
        "图表程序或字体文件与登记的版本不同",
        "a browser file or a font is not the one of the recorded version",
    ),
    _REINSTALL,
)
def assets_unchanged(_home: Path) -> Iterable[Said]:
    """Compare what the build brings with the digests recorded for its version."""
    for asset in _assets():
        path = PACKAGE / asset["file"]
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != asset["sha256"]:
            yield (
                f"{asset['file']} 不是 {asset['package']} {asset['version']} 的文件",
                f"{asset['file']} is not the file of {asset['package']} {asset['version']}",
            )


def _catalogues() -> list[Path]:
    return sorted(PACKAGE.rglob("LC_MESSAGES/*.po"))


@check(
    "TF-E023",
    "program",
    ("译文目录未编译，页面将显示英文", "a catalogue is not compiled; pages would show English"),
    _REINSTALL,
)
def catalogues_compiled(_home: Path) -> Iterable[Said]:
    """See that every catalogue was compiled."""
    for path in _catalogues():
        if not path.with_suffix(".mo").is_file():
            name = path.relative_to(PACKAGE).as_posix()
            yield f"{name} 未编译", f"{name} is not compiled"


@check(
    "TF-W024",
    "program",
    ("译文目录改动后未重新编译", "a catalogue was changed after it was compiled"),
    _REINSTALL,
)
def catalogues_fresh(_home: Path) -> Iterable[Said]:
    """See that no catalogue is newer than its compiled form."""
    for path in _catalogues():
        compiled = path.with_suffix(".mo")
        if compiled.is_file() and compiled.stat().st_mtime < path.stat().st_mtime:
            name = path.relative_to(PACKAGE).as_posix()
            yield f"{name} 比编译结果新", f"{name} is newer than its compiled form"
