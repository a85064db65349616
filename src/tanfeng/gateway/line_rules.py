"""What can be wrong with a way in: the line to a broker, a message of it, a folder of files."""

from __future__ import annotations

from collections.abc import Mapping

from tanfeng.errors import Problem, TanfengError
from tanfeng.gateway._reading_rules import Rule

_WAITS = (
    "消息留在代理上，稍后会自动重取",
    "The message stays with the broker and is taken later",
)
#: Rule -> place, then what is wrong and what to do; ``{value}`` is what stands there.
_RULES: Mapping[str, tuple[str, Rule]] = {
    "G061": (
        "address",
        Rule(
            "消息代理 {value} 拒绝连接：{reason_zh}",
            "the broker {value} refuses the connection: {reason}",
            "请核对用户名、密码所在的环境变量，以及代理上该用户的权限",
            "Check the user, the variable that holds its password, and its rights at the broker",
        ),
    ),
    "G062": (
        "address",
        Rule(
            "消息代理 {value} 连接不上，正在重试",
            "the broker {value} cannot be reached; trying on",
            "请核对地址和端口，确认代理在运行、防火墙放行",
            "Check address and port, that the broker runs and that the firewall lets through",
        ),
    ),
    "G063": (
        "address",
        Rule(
            "消息代理 {value} 连接不上，或其证书无法核实，正在重试",
            "the broker {value} cannot be reached, or its certificate not verified; trying on",
            "请核对地址和端口，以及签发代理证书的机构（--ca）",
            "Check address and port, and the authority the certificate is signed by (--ca)",
        ),
    ),
    "G064": (
        "topic",
        Rule(
            "消息代理 {broker} 拒绝订阅主题 {value}",
            "the broker {broker} refuses the subscription to {value}",
            "请在代理上允许该用户读取此主题",
            "Let the user read this topic at the broker",
        ),
    ),
    "G065": (
        "address",
        Rule(
            "与消息代理 {value} 的连接中断：{reason_zh}，正在重连",
            "the connection to the broker {value} is lost: {reason}; connecting again",
            "一般会自动恢复；若反复出现，请查看网络和代理的日志",
            "It usually comes back; if it recurs, look at the network and the log of the broker",
        ),
    ),
    "G066": (
        "secret_name",
        Rule(
            "没有名为 {value} 的环境变量，无法取得密码",
            "{value} is not in the environment: there is no password",
            "请在运行程序的环境中设置该变量后重新启动",
            "Set the variable where the program runs and start it again",
        ),
    ),
    "G067": ("message", Rule("消息未能保存：{reason_zh}", "not kept: {reason}", *_WAITS)),
    "G068": (
        "file",
        Rule(
            "文件 {value} 未能接收：{reason_zh}",
            "the file {value} could not be taken: {reason}",
            "文件留在原处，稍后会自动重取",
            "The file stays where it is and is looked at again",
        ),
    ),
}
#: What a broker or the library says in English -> in Chinese; anything else is told as it came.
_REASONS: Mapping[str, str] = {
    "Bad user name or password": "用户名或密码错误",
    "Not authorized": "未获授权",
    "Client identifier not valid": "客户端标识无效",
    "Unsupported protocol version": "协议版本不支持",
    "Server unavailable": "代理暂不可用",
    "Server busy": "代理繁忙",
    "Banned": "已被禁止",
    "Bad authentication method": "认证方式不支持",
    "Quota exceeded": "超出配额",
    "Unspecified error": "原因不明",
    "Keep alive timeout": "心跳超时",
    "Session taken over": "会话被另一连接接管",
    "Server shutting down": "代理正在停止",
    "Normal disconnection": "对方正常断开",
}


def trouble(rule: str, value: str, *, reason: object = "", **more: str) -> Problem:
    """Return what is wrong with a way in.

    Parameters
    ----------
    rule : str
        Key of a rule.
    value : str
        What stands at its place: address of the broker, topic, name of a variable or file.
    reason : object
        What the broker, the library or an error of ours says.
    """
    place, said = _RULES[rule]
    en = str(reason)
    zh = reason.message("zh") if isinstance(reason, TanfengError) else _REASONS.get(en, en)
    words = {"value": value, "reason": en, "reason_zh": zh, **more}
    return Problem(
        rule,
        said.severity,
        said.message_zh.format(**words),
        said.message_en.format(**words),
        said.remedy_zh,
        said.remedy_en,
        heading=place,
        value=value,
    )
