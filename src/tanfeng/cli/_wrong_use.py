"""Wrong use of a command, told in Chinese or in English.

The words of wrong use come from typer, in English alone. What it says often is known here by its
pattern; anything else stays English behind a Chinese beginning, rather than be left out.
"""

from __future__ import annotations

import re
from typing import Any, Final

#: What typer says -> what we say; ``{0}`` is what the first pair of brackets caught.
_SAYS: Final = tuple(
    (re.compile(english, re.DOTALL | re.IGNORECASE), chinese)
    for english, chinese in (
        (r"No such option:? (\S+?)\.?", "没有选项 {0}"),
        (r"No such option:? (\S+?)\.? \(?Did you mean (.+?)\?\)?", "没有选项 {0}，是否指 {1}"),
        (r"No such option:? (\S+?)\.? \(Possible options: (.+)\)", "没有选项 {0}，是否指 {1}"),
        (r"No such command (.+?)\.", "没有子命令 {0}"),
        (r"No such command (.+?)\. Did you mean (.+)\?", "没有子命令 {0}，是否指 {1}"),
        (r"Missing option (.+?)\..*", "缺少选项 {0}"),
        (r"Missing argument (.+?)\..*", "缺少参数 {0}"),
        (r"Missing command\.", "缺少子命令"),
        (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", "多余的参数：{0}"),
        (r"Option (.+?) requires an argument\.", "选项 {0} 之后要有值"),
        (r"Option (.+?) requires (\d+) arguments\.", "选项 {0} 之后要有 {1} 个值"),
        (r"Option (.+?) does not take a value\.", "选项 {0} 之后没有值"),
    )
)
_VALUES: Final = tuple(
    (re.compile(english, re.DOTALL | re.IGNORECASE), chinese)
    for english, chinese in (
        (r"Input should be a valid integer.*", "应为整数"),
        (r"Input should be a valid number.*", "应为数"),
        (r"Input should be (greater|less) than or equal to (.+)", "超出界限 {1}"),
        (r"(.+) is not a valid int(?:eger)?\.?", "{0} 不是整数"),
        (r"(.+) is not a valid float\.?", "{0} 不是数"),
        (r"(.+) is not one of (.+?)\.?", "{0} 不在 {1} 之中"),
        (r"(.+) is not in the range (.+?)\.?", "{0} 不在 {1} 之内"),
        (r"(.+) does not match the formats? (.+?)\.?", "{0} 不合日期格式 {1}"),
        (r"(?:file|path|directory) (.+) does not exist\.?", "{0} 不存在"),
        (r"(?:file|path|directory) (.+) is a directory\.?", "{0} 是目录，不是文件"),
        (r"(?:file|path|directory) (.+) is a file\.?", "{0} 是文件，不是目录"),
        (r"(?:file|path|directory) (.+) is not readable\.?", "{0} 不可读"),
        (r"(?:file|path|directory) (.+) is not writable\.?", "{0} 不可写"),
    )
)
_INVALID = re.compile(r"Invalid value(?: for (.+?))?: (?:Value error, )?(.*)", re.DOTALL)


def told(error: Any, program: str, *, english: bool) -> str:
    """Return what was wrong and where help is, as lines to print.

    Parameters
    ----------
    error : typer's error of wrong use
    program : str
        What was called, such as ``tanfeng report``.
    english : bool
        Whether English is asked for.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        return f"{error.format_message()}\n"
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else program
    text = str(error.format_message())
    if english:
        return f"{path}: {text}\n{path} --help tells more.\n"
    return f"{path}：{_in_chinese(text)}\n用法见 {path} --help\n"


def _in_chinese(text: str) -> str:
    """Return what typer says in Chinese, or as it is where it is not known."""
    invalid = _INVALID.fullmatch(text)
    if invalid is None:
        return _said(text, _SAYS)
    where = f"{invalid[1]} 的值不对" if invalid[1] else "用法不对"
    return f"{where}：{_said(invalid[2], _VALUES)}"


def _said(text: str, known: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, chinese in known:
        found = pattern.fullmatch(text.strip())
        if found is not None:
            return chinese.format(*found.groups())
    return text
