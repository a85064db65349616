"""Gateways and their keys: every write, and how a key opens the door.

A key is 256 random bits behind a prefix it is found by. It is shown once, to who made it, and kept
as a SHA-256: of so much chance no slow digest is needed. It opens for the points of its gateway
alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.metering import services
from tanfeng.console.metering.models import ApiKey, Gateway, Meter, SeenPoint
from tanfeng.console.metering.services import problem
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None
#: What every key begins with, so that one left lying about is known for what it is.
MARK = "tfk_"
_PREFIX = 12
#: Longest time a key may hold.
LONGEST = timedelta(days=3 * 366)
#: A key's and a gateway's last use is written down this seldom.
NOTED = timedelta(seconds=20)
#: How the variables begin that may hold passwords of brokers.
SECRETS = "TANFENG_MQTT_"
#: Unknown points kept of a gateway: more is a gateway set up wrongly, and a disk filling up.
KEPT_UNKNOWN = 500


@transaction.atomic
def enter(
    user: User,
    organisation: Organisation,
    *,
    name: str,
    link: str = Gateway.Link.HTTP,
    firmware: str = "",
    request: Request = None,
) -> Gateway:
    """Register a gateway of an enterprise.

    Raises
    ------
    DataError
        If it has no name, or the enterprise has one of this name.
    """
    rights.require(user, "enter", Gateway)
    rights.require(user, "upload", organisation)
    if not name.strip():
        raise DataError([problem("请填写名称", "Give it a name", "name")])
    try:
        with transaction.atomic():
            gateway = Gateway.objects.create(
                organisation=organisation, name=name.strip()[:80], link=link,
                firmware=firmware.strip()[:80], entered_by=user,
            )  # fmt: skip
    except IntegrityError as error:
        zh, en = "该企业已有同名网关", "The enterprise has one of this name"
        raise DataError([problem(zh, en, "name")]) from error
    audit.record("gateway.enter", user=user, request=request, thing=gateway, link=link)
    return gateway


@transaction.atomic
def switch(user: User, gateway: Gateway, *, active: bool, request: Request = None) -> None:
    """Take a gateway out of use, or back: its keys open only while it is in use."""
    rights.require(user, "enter", gateway)
    if gateway.is_active == active:
        return
    gateway.is_active = active
    gateway.save(update_fields=["is_active"])
    audit.record("gateway.change", user=user, request=request, thing=gateway, active=active)


@transaction.atomic
def make_key(
    user: User, gateway: Gateway, *, expires_at: datetime | None, request: Request = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its words, which nobody will ever see again.

    Raises
    ------
    DataError
        If it would have expired already, or would hold longer than three years.
    """
    rights.require(user, "enter", gateway)
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        zh, en = "有效期应在今后三年内", "It expires within the next three years"
        raise DataError([problem(zh, en, "expires_at")])
    prefix = MARK + secrets.token_hex((_PREFIX - len(MARK)) // 2)
    words = f"{prefix}.{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        gateway=gateway, prefix=prefix, digest=_digest(words), expires_at=expires_at,
        entered_by=user,
    )  # fmt: skip
    audit.record(
        "gateway.key", user=user, request=request, thing=gateway, key=prefix,
        expires=expires_at.isoformat() if expires_at else "",
    )  # fmt: skip
    return key, words


@transaction.atomic
def revoke(user: User, key: ApiKey, *, request: Request = None) -> None:
    """Take a key back: it opens nothing from now on."""
    rights.require(user, "enter", key)
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by = timezone.now(), user
        key.save(update_fields=["revoked_at", "revoked_by"])
        audit.record(
            "gateway.revoke", user=user, request=request, thing=key.gateway, key=key.prefix
        )


def opened_by(words: str, at: datetime) -> ApiKey | None:
    """Return the key whose words these are, if it opens the door at a moment.

    The comparison takes as long for a wrong key as for a right one, and for a prefix nobody has.
    """
    prefix = words.partition(".")[0][:_PREFIX]
    key = ApiKey.objects.filter(prefix=prefix).select_related("gateway__organisation").first()
    same = hmac.compare_digest(_digest(words), key.digest if key else "0" * 64)
    if key is None or not same or not key.holds(at) or not key.gateway.is_active:
        return None
    return key


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


#: Rows refused that stand in no record yet, by gateway; written with what is noted next.
_uncounted: dict[int, int] = {}
#: What is kept of a finding about a way in.
_TOLD = (
    "rule", "message_zh", "message_en", "remedy_zh", "remedy_en", "heading", "value",
)  # fmt: skip


def note_use(
    gateway: Gateway, at: datetime, *, rows: int, rejected: int, key: ApiKey | None = None
) -> None:
    """Write down what came from a gateway, and by which key; not at every batch."""
    seen = gateway.last_seen_at
    _uncounted[gateway.pk] = _uncounted.get(gateway.pk, 0) + rejected
    if seen is not None and at - seen < NOTED and (rejected > 0) == (gateway.last_rejected > 0):
        return
    Gateway.objects.filter(pk=gateway.pk).update(
        last_seen_at=at, last_rows=rows, last_rejected=rejected, trouble={},
        rejected=F("rejected") + _uncounted.pop(gateway.pk, 0),
    )  # fmt: skip
    if key is not None:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)


def note_trouble(gateways: Iterable[int], found: Problem | None) -> None:
    """Write down what the way in of some gateways complains of; None: of nothing any more."""
    told = {} if found is None else {name: getattr(found, name)[:500] for name in _TOLD}
    Gateway.objects.filter(pk__in=list(gateways)).exclude(trouble=told).update(trouble=told)


def trouble_of(gateway: Gateway) -> Problem | None:
    """Return what the way in of a gateway complains of; None where all is well."""
    told = gateway.trouble
    if not told:
        return None
    words: dict[str, Any] = {name: told[name] for name in _TOLD}
    return Problem(severity="error", **words)


@transaction.atomic
def connect(
    user: User,
    gateway: Gateway,
    *,
    address: str,
    topic: str,
    sends_as: str,
    username: str = "",
    secret_name: str = "",
    request: Request = None,
) -> None:
    """Say behind which broker a gateway publishes, and as what; the program connects there itself.

    Parameters
    ----------
    address : str
        ``mqtt://host:port``, or ``mqtts://`` for an encrypted and verified connection.
    topic : str
        With one ``+`` where the name of the gateway stands.
    sends_as : str
        That name.
    username, secret_name : str
        User at the broker, and the variable of the environment that holds the password. Only
        variables made for this may be named: no other secret of the program can be sent away.

    Raises
    ------
    DataError
        If any of it makes no sense, or another gateway sends under that name there.
    """
    rights.require(user, "connect", gateway)
    given = {"address": address.strip(), "topic": topic.strip(), "sends_as": sends_as.strip(),
             "username": username.strip(), "secret_name": secret_name.strip()}  # fmt: skip
    if found := _wrong_line(**given):
        raise DataError(found)
    for name, value in given.items():
        setattr(gateway, name, value)
    gateway.link, gateway.trouble = Gateway.Link.MQTT, {}
    try:
        with transaction.atomic():
            gateway.save(update_fields=[*given, "link", "trouble"])
    except IntegrityError as error:
        zh, en = "该主题下已有网关使用此名称", "Another gateway sends under this name there"
        raise DataError([problem(zh, en, "sends_as")]) from error
    audit.record("gateway.connect", user=user, request=request, thing=gateway, **given)


def _wrong_line(
    *, address: str, topic: str, sends_as: str, username: str, secret_name: str
) -> list[Problem]:
    found = []
    if broker_of(address) is None:
        zh, en = "应为 mqtt://主机:端口 或 mqtts://主机:端口", "It is mqtt:// or mqtts://host:port"
        found.append(problem(zh, en, "address"))
    parts = topic.split("/")
    if parts.count("+") != 1 or any(set(part) & set("+#") for part in parts if part != "+"):
        zh, en = (
            "应含且只含一个 +, 代表网关名称",
            "It has one + where the name of the gateway stands",
        )
        found.append(problem(zh, en, "topic"))
    if not sends_as or set(sends_as) & set("/+#"):
        zh, en = "请填写名称, 不含 /、+、#", "Give a name without /, + and #"
        found.append(problem(zh, en, "sends_as"))
    if secret_name and not re.fullmatch(rf"{SECRETS}[A-Z0-9_]+", secret_name):
        zh = f"变量名应以 {SECRETS} 开头, 用大写字母、数字和下划线"
        en = f"The variable begins with {SECRETS} and has capitals, digits and underscores"
        found.append(problem(zh, en, "secret_name"))
    if secret_name and not username:
        zh, en = "有密码须填用户", "A password belongs to a user"
        found.append(problem(zh, en, "username"))
    return found


def broker_of(address: str) -> tuple[str, int, bool] | None:
    """Return host, port and whether the connection is encrypted; None for what is no address."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    tls = parts.scheme == "mqtts"
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.username is not None:
        return None
    if parts.path.strip("/") or parts.query or parts.fragment:
        return None
    return parts.hostname, port or (8883 if tls else 1883), tls


def note_unknown(
    gateway: Gateway, unknown: Iterable[tuple[str, int, float | None]], at: Any
) -> None:
    """Keep which points a gateway named that no meter has, so that somebody may adopt them."""
    standing = {one.point: one for one in gateway.seen_points.all()}
    new = []
    for point, rows, value in unknown:
        one = standing.get(point)
        if one is None:
            new.append(
                SeenPoint(gateway=gateway, point=point[:64], first_seen_at=at, last_seen_at=at,
                          rows=rows, last_value=value)
            )  # fmt: skip
        elif at - one.last_seen_at >= NOTED:
            SeenPoint.objects.filter(pk=one.pk).update(
                last_seen_at=at, rows=one.rows + rows, last_value=value
            )
    room = max(0, KEPT_UNKNOWN - len(standing))
    SeenPoint.objects.bulk_create(new[:room], ignore_conflicts=True)


@transaction.atomic
def adopt(
    user: User, seen: SeenPoint, meter: Meter, *, request: Request = None, **more: Any
) -> None:
    """Give an unknown point of a gateway to a meter of the same enterprise; from then on it counts.

    Parameters
    ----------
    seen : SeenPoint
        What the gateway named.
    meter : Meter
        A meter without a point.
    more
        ``reading_kind``, ``reading_unit`` and whatever else the point needs.

    Raises
    ------
    DataError
        If the meter has a point already, or is another enterprise's.
    """
    rights.require(user, "adopt", seen)
    rights.require(user, "enter", meter)
    if meter.organisation_id != seen.gateway.organisation_id or meter.withdrawn_at is not None:
        raise DataError([problem("不是该网关所属企业的器具", "Not of this enterprise", "meter")])
    if meter.point:
        raise DataError([problem("该器具已有监测点", "This meter has a point already", "meter")])
    point, gateway = seen.point, seen.gateway
    services.change(
        user, meter, {**more, "point": point, "gateway": gateway, "is_online": True},
        request=request,
    )  # fmt: skip
    SeenPoint.objects.filter(point=point, gateway=gateway).delete()
    audit.record("gateway.adopt", user=user, request=request, thing=meter, point=point)
