"""Every command speaks Chinese, or English with ``--lang en``, also when it fails."""

from __future__ import annotations

import ast
import re
import shutil
import socket
from pathlib import Path

import click
import pytest

import tanfeng.cli
from cli_process import run_each
from tanfeng.cli import COMMANDS, command, main
from tanfeng.cli._wrong_use import told

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SOURCES = sorted(Path(tanfeng.cli.__file__).parent.rglob("*.py"))


def _leaves(name):
    found = [(name, command(name))]
    while found:
        words, one = found.pop()
        if isinstance(one, click.Group) or hasattr(one, "commands"):
            found += [(f"{words} {key}", below) for key, below in one.commands.items()]
        else:
            yield words, one


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_be_asked_for_a_language(name):
    for words, leaf in _leaves(name):
        (lang,) = (one for one in leaf.params if "--lang" in one.opts)
        assert lang.default == "zh", words
        assert lang.is_eager, words


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_whatever_ends_a_command_is_said_in_both(path):
    """``fail`` and ``pick`` get a Chinese text first; the English one has no Chinese in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("fail", "pick"):
            continue
        texts = [_literal(one) for one in node.args[:2]]
        if None in texts:
            continue  # words of a table, or of an error that speaks both itself
        assert CHINESE.search(texts[0]), (path.name, node.lineno)
        assert not CHINESE.search(texts[1]), (path.name, node.lineno)


def _literal(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(one.value for one in node.values if isinstance(one, ast.Constant))
    return node.value if isinstance(node, ast.Constant) else None


def _both(*commands):
    """Return what each command says on stderr, in Chinese and in English, by one process."""
    asked = [(*words, *lang) for words in commands for lang in ((), ("--lang", "en"))]
    said = iter([done.stderr for done in run_each(*asked)])
    return list(zip(said, said, strict=True))


def test_failures_are_told_in_the_language_asked_for(tmp_path, boss_home):
    home, none, full = (tmp_path / name for name in ("home", "none", "full"))
    shutil.copytree(boss_home, home)
    full.mkdir()
    (full / "note").write_text("mine")
    (tmp_path / "cut.zip").write_bytes(b"PK")
    (tmp_path / "file").write_text("x")
    cut, at = str(tmp_path / "cut.zip"), ("--home", str(home))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        cases = {
            ("work", "--home", str(none)): ("没有数据库", "holds no database"),
            ("serve", *at, "--port", port): ("已被其他程序占用", "is taken"),
            ("work", "--home", str(tmp_path / "file" / "x")): ("没有数据库", "no database"),
            ("backup", cut, *at): ("从不覆盖", "never overwrites"),
            ("restore", cut, "--home", str(none)): ("不是完整的备份", "is no whole backup"),
            ("restore", cut, "--home", str(full)): ("不是空目录", "is not empty"),
            ("account", cut, "--year", "2024"): ("错误:", "error:"),
            ("fly",): ("没有命令“fly”", "there is no command 'fly'"),
            # What opens the home comes last: a process opens one.
            ("user", "password", "nobody", *at): (
                "没有可供人登录的账户", "there is no account",
            ),
            ("user", "add", "zhang", "--role", "emperor", *at): ("role:", "role:"),
            ("user", "reset-factor", "boss", *at): ("只凭密码登录", "with the password alone"),
            ("user", "add", "li", *at): ("密码只显示这一次", "username:"),
        }  # fmt: skip
        told = zip(_both(*cases), cases.values(), strict=True)
    for (zh, en), (in_chinese, in_english) in told:
        assert in_chinese in zh, zh
        assert in_english in en, en
        assert CHINESE.search(zh), zh
        assert not CHINESE.search(en), en


def test_the_list_of_accounts_has_headings_of_the_language(tmp_path, boss_home):
    at = ("--home", str(shutil.copytree(boss_home, tmp_path / "home")))
    zh, en, added = run_each(
        ("user", "list", *at),
        ("user", "list", *at, "--lang", "en"),
        ("user", "add", "li", *at, "--lang", "en"),
    )
    assert "账户" in zh.stdout
    assert "是" in zh.stdout
    assert "account" in en.stdout
    assert "yes" in en.stdout
    assert "shown once" in added.stderr


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        ("standards show", "standards show：缺少参数 'table'", "Missing argument 'table'"),
        ("standards list --fast", "没有选项 --fast", "No such option"),
        ("standards show fuels --limit x", "'--limit' 的值不对：应为整数", "valid integer"),
        ("standards shw", "没有子命令 'shw'，是否指 'show'", "Did you mean 'show'"),
        ("account none.xlsx --year 2024", "'none.xlsx' 不存在", "does not exist"),
        ("account --year", "选项 '--year' 之后要有值", "requires an argument"),
        ("user add a b", "多余的参数：b", "unexpected extra argument"),
        ("report city --format odt", "'odt' 不在", "is not one of"),
    ],
)
def test_wrong_use_is_told_in_the_language_asked_for(words, zh, en, capsys):
    name, *rest = words.split()
    for more, said, other in (([], zh, en), (["--lang", "en"], en, zh), (["--lang=en"], en, zh)):
        # An option that lacks its value would take the language for it.
        asked = [*more, *rest] if words.endswith("--year") else [*rest, *more]
        with pytest.raises(SystemExit) as ended:
            main([name, *asked])
        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert said in told
        assert other not in told
        assert "--help" in told


def test_what_typer_says_anew_is_not_left_out():
    class Odd:
        ctx = None

        def format_message(self):
            return "The moon is full."

    assert told(Odd(), "tanfeng x", english=False) == (
        "tanfeng x：The moon is full.\n用法见 tanfeng x --help\n"
    )
