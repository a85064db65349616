"""The door gateways push readings through: ``POST /api/v1/readings``.

A key opens it, no session and no cookie: whoever sends a request from another site has no key, so
no token is asked for. What is answered with 202 is on the disk and survives a kill. Every row that
is not taken is named with what is wrong and what to do; a row of another's point is a 403 of its
own. Nothing is dropped silently: who must wait is told for how long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tanfeng.console.core import audit
from tanfeng.console.metering import engine, gateways
from tanfeng.console.metering.models import ApiKey, Gateway, Meter, OwnedPoint
from tanfeng.errors import DataError, Problem
from tanfeng.gateway import formats
from tanfeng.gateway.throttle import Throttle
from tanfeng.metering.intake import IntakeFailed, IntakeFull

#: Media type -> how it is read.
READERS: Mapping[str, Callable[..., formats.Parsed]] = {
    "application/json": formats.read_json,
    "application/x-ndjson": formats.read_json,
    "text/csv": formats.read_csv,
    "application/vnd.apache.parquet": formats.read_parquet,
}
#: Rows of one batch.
MOST_ROWS = 500_000
#: Requests a minute of one key, and tries a minute without a right one from one address.
REQUESTS, TRIES = 6_000, 60
#: A refusal of one kind is written into the log this seldom. [s]
TOLD_EVERY_S = 600
#: The finding of the reader that a point is none of those it may be.
_UNKNOWN_POINT = "G012"
_log = logging.getLogger(__name__)


@csrf_exempt
def readings(request: HttpRequest) -> HttpResponse:
    """Take a batch of readings from a gateway."""
    if request.method != "POST":
        return _answer(405, "post", headers={"Allow": "POST"})
    now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    kind, _, words = request.headers.get("Authorization", "").partition(" ")
    key = gateways.opened_by(words.strip(), now) if kind.lower() == "bearer" else None
    if key is None:
        if _limits.over(f"try {address}", TRIES):
            return _answer(429, "tries", headers={"Retry-After": _limits.wait()})
        _tell(request, f"key {address}", "no key that opens")
        return _answer(401, "key", headers={"WWW-Authenticate": 'Bearer realm="readings"'})
    if _limits.over(f"key {key.pk}", REQUESTS) or _limits.full(f"rows {key.pk}"):
        return _answer(429, "rate", headers={"Retry-After": _limits.wait()})
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.PUSH_LIMIT_BYTES:
        return _answer(413, "size", limit_bytes=settings.PUSH_LIMIT_BYTES)
    reader = READERS.get((request.content_type or "").lower())
    if reader is None or request.headers.get("Content-Encoding", "identity") != "identity":
        return _answer(415, "type", accepted=list(READERS))
    return _taken(request, key, request.read(int(length)), reader, now)


def _taken(
    request: HttpRequest,
    key: ApiKey,
    content: bytes,
    reader: Callable[..., formats.Parsed],
    now: datetime,
) -> HttpResponse:
    """Read a batch, keep what may be kept and say what became of every row."""
    gateway = key.gateway
    name = "".join(c for c in request.headers.get("Idempotency-Key", "")[:80] if c.isprintable())
    try:
        parsed = reader(
            content,
            received=now,
            source=f"gateway {gateway.pk}",
            known_points=points_of(gateway),
            limits=_LIMITS,
        )
    except DataError as error:
        return _answer(400, "file", problems=[_told(one) for one in error.problems])
    told, foreign = _sorted_out(request, gateway, parsed.problems, now)
    taken, already = parsed.readings.height, False
    _limits.over(f"rows {key.pk}", settings.PUSH_ROWS, taken)
    # Other content under the same name, or the same content of which more is taken now that a
    # point was adopted, is another batch: nothing of it is lost.
    batch = f"gateway {gateway.pk}/{name}/{formats.digest(content)}/{taken}"
    try:
        if taken:
            already = engine.intake().accept(parsed.readings, batch=batch, received=now).already
    except IntakeFull as error:
        return _answer(429, "full", headers={"Retry-After": str(error.retry_after_s)})
    except IntakeFailed:
        _log.exception("readings of gateway %s were not kept", gateway.pk)
        return _answer(503, "disk", headers={"Retry-After": "60"})
    gateways.note_use(gateway, now, rows=taken, rejected=parsed.refused, key=key)
    status = 202 if taken or not parsed.refused else 403 if foreign else 422
    if status == 403:
        request.refusal = "foreign points"  # type: ignore[attr-defined]
    return _answer(
        status, "taken" if status == 202 else "rows", batch=name or formats.digest(content),
        rows=taken + parsed.refused, accepted=taken, rejected=parsed.refused,
        already=already, problems=told,
    )  # fmt: skip


def _sorted_out(
    request: HttpRequest, gateway: Gateway, problems: tuple[Problem, ...], now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """Return what is wrong with rows; of a point not known, whether it is another's."""
    unknown = {one.value: one for one in problems if one.rule == _UNKNOWN_POINT}
    taken = set(Meter.objects.filter(point__in=unknown).values_list("point", flat=True))
    # A name another enterprise let go of stays with it.
    others = OwnedPoint.objects.filter(pk__in=unknown).exclude(organisation=gateway.organisation_id)
    taken |= set(others.values_list("pk", flat=True))
    told = []
    for one in problems:
        said = _told(one)
        if one.rule == _UNKNOWN_POINT and one.value in taken:
            said |= {"status": 403, **_FOREIGN}
        told.append(said)
    if taken:
        _tell(request, f"foreign {gateway.pk}", "points of others", gateway, points=sorted(taken))
    if new := [(point, 1, None) for point in unknown if point not in taken]:
        gateways.note_unknown(gateway, new, now)
    return told, bool(taken)


_FOREIGN = {
    "message": "This point is not one of this gateway's",
    "message_zh": "该监测点不属于本网关",
    "remedy": "Send it with the key of its own gateway",
    "remedy_zh": "请使用该点所属网关的密钥上传",
}
_WORDS: Mapping[str, tuple[str, str]] = {
    "post": ("Readings are sent with POST", "请用 POST 上传读数"),
    "key": (
        "No key that opens: missing, wrong, expired or revoked",
        "密钥缺失、错误、过期或已停用",
    ),
    "tries": ("Too many tries without a right key; wait", "密钥尝试过多，请稍后再试"),
    "rate": ("Too much in a minute; wait and send again", "一分钟内上传过多，请稍后重发"),
    "size": ("The batch is too large; split it", "批次过大，请拆分后上传"),
    "type": (
        "Send JSON, CSV or Parquet, not compressed",
        "请以 JSON、CSV 或 Parquet 上传，不要压缩",
    ),
    "file": ("The batch cannot be read", "批次无法读取"),
    "full": ("Too much is waiting; send the batch again later", "待入库读数过多，请稍后重发"),
    "disk": ("The readings could not be kept; send the batch again", "读数未能保存，请重发"),
    "taken": ("Taken", "已接收"),
    "rows": ("No row was taken", "没有可接收的行"),
}


def _answer(
    status: int, words: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> JsonResponse:
    en, zh = _WORDS[words]
    return JsonResponse(
        {"message": en, "message_zh": zh, **more},
        status=status,
        headers=dict(headers or {}),
        json_dumps_params={"ensure_ascii": False},
    )


def _told(one: Problem) -> dict[str, Any]:
    return {
        "row": one.row,
        "column": one.heading or one.column,
        "value": one.value,
        "rule": one.rule,
        "message": one.message_en,
        "message_zh": one.message_zh,
        "remedy": one.remedy_en,
        "remedy_zh": one.remedy_zh,
    }


_LIMITS = formats.Limits(max_bytes=settings.PUSH_LIMIT_BYTES, max_rows=MOST_ROWS)

# The points of a gateway, kept in every process until they change

_points: dict[int, tuple[int, frozenset[str]]] = {}


def points_of(gateway: Gateway) -> frozenset[str]:
    """Return the points a gateway may write; asked of the database when they changed."""
    version, points = _points.get(gateway.pk, (-1, frozenset[str]()))
    if version != gateway.points_version:
        rows = gateway.meters.filter(withdrawn_at__isnull=True, point__isnull=False)
        points = frozenset(one for (one,) in rows.order_by().values_list("point") if one)
        _points[gateway.pk] = (gateway.points_version, points)
    return points


# How often, in every process of this machine together

_limits = Throttle(lambda: Path(settings.METERING) / "push.limits")
_last_told: dict[str, float] = {}


def _tell(
    request: HttpRequest, what: str, reason: str, gateway: Gateway | None = None, **detail: Any
) -> None:
    """Write a refusal into the log, of one kind not at every batch."""
    request.refusal = reason  # type: ignore[attr-defined]
    now = time.monotonic()
    if now - _last_told.get(what, -TOLD_EVERY_S) < TOLD_EVERY_S:
        return
    if len(_last_told) > 10_000:
        _last_told.clear()
    _last_told[what] = now
    audit.record("gateway.refuse", request=request, thing=gateway, reason=reason, **detail)
