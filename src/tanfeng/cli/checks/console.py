"""Checks of a home folder: settings, database, rights, audit log, and the machine around them.

They run after :func:`tanfeng.cli._home.open_home`, so Django is imported inside each of them, and
they write nothing: a checked home is the home it was.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanfeng.cli._lang import counted
from tanfeng.cli.checks.registry import Said, check

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

_LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "testserver"}
_MIN_SECRET = 50
#: Free space below which nothing can be stored safely, and below which somebody should look. [byte]
FULL_BYTES, SHORT_BYTES = 200 * 2**20, 2 * 2**30
_COOKIES = frozenset({"security.W012", "security.W016"})
#: Messages of Django that have a number of their own here, or do not concern this program.
_TAKEN = {
    "security.W018": "TF-E031 asks",
    "security.W009": "TF-E032 asks",
    "security.W012": "TF-W034 asks",
    "security.W016": "TF-W034 asks",
    "security.W004": "the header is sent as soon as TANFENG_HTTPS is set, which TF-W034 asks for",
    "security.W005": "whether other names of the domain speak TLS is not ours to decide",
    "security.W021": "the preload list is for the owner of the domain",
    "security.W008": "the proxy that ends TLS redirects; the console sees no plain request then",
}

# Settings -----------------------------------------------------------------------------------------


def _django() -> list[CheckMessage]:
    """Return what Django's own system checks say, those for deployment included."""
    from django.core.checks import run_checks

    return run_checks(include_deployment_checks=True)


def _said_by_django(ids: Collection[str]) -> bool:
    return any(message.id in ids for message in _django())


@check(
    "TF-E031",
    "home",
    ("调试模式开启，出错页面会显示内部信息", "debug is on; error pages show the inside"),
    ("去掉环境变量 TANFENG_DEBUG。", "Unset the environment variable TANFENG_DEBUG."),
)
def debug(_home: Path) -> Iterable[Said]:
    """Ask Django whether debug is on."""
    if _said_by_django({"security.W018"}):
        yield "调试模式（DEBUG）开启", "debug mode is on"


@check(
    "TF-E032",
    "home",
    ("密钥过短，或同机其他用户可读", "the secret is too short, or others may read it"),
    (
        "停止服务，删除目录中的 secret.key 并重新启动（所有人须重新登录；第二因素全部失效，"
        "须逐人执行 tanfeng user reset-factor 后重新绑定）；权限问题用 chmod 600。",
        "Stop the console, delete secret.key in the home and start again (everybody signs in "
        "anew; no second factor fits any more: run tanfeng user reset-factor for each person who "
        "has one); for its rights, chmod 600.",
    ),
)
def secret(home: Path) -> Iterable[Said]:
    """Ask for the length of the secret and for who may read it."""
    from django.conf import settings

    if _said_by_django({"security.W009"}) or len(settings.SECRET_KEY) < _MIN_SECRET:
        yield "密钥过短或过于简单", "the secret is too short or too simple"
    path = home / "secret.key"
    if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{path.name} 可被同机其他用户读取", f"others on this machine may read {path.name}"


@check(
    "TF-E033",
    "home",
    ("控制台应答任何主机名", "the console answers to any host name"),
    (
        "在 TANFENG_ALLOWED_HOSTS 中写出域名或地址。",
        "Name the hosts or addresses in TANFENG_ALLOWED_HOSTS.",
    ),
)
def allowed_hosts(_home: Path) -> Iterable[Said]:
    """Refuse a wildcard in the list of host names."""
    from django.conf import settings

    wild = [host for host in settings.ALLOWED_HOSTS if host.startswith("*")]
    if wild or not settings.ALLOWED_HOSTS:
        said = ", ".join(wild) or "-"
        yield f"TANFENG_ALLOWED_HOSTS 含 {said}", f"TANFENG_ALLOWED_HOSTS holds {said}"


@check(
    "TF-W034",
    "home",
    (
        "其他机器可访问而未用 HTTPS，密码和会话以明文传输",
        "other machines may come in without HTTPS; passwords and sessions travel in the clear",
    ),
    (
        "在前面放置终止 TLS 的代理并设 TANFENG_HTTPS=1。",
        "Put a proxy that ends TLS in front and set TANFENG_HTTPS=1.",
    ),
)
def cookies(_home: Path) -> Iterable[Said]:
    """Ask for secure cookies as soon as another machine may come in."""
    from django.conf import settings

    others = sorted(set(settings.ALLOWED_HOSTS) - _LOOPBACK)
    if others and _said_by_django(_COOKIES):
        said = ", ".join(others)
        yield f"对 {said} 的 Cookie 未限于 HTTPS", f"cookies for {said} are not kept to HTTPS"


def _of_level(least: int, below: int) -> Iterator[Said]:
    for message in _django():
        if least <= message.level < below and message.id not in _TAKEN:
            said = f"{message.id}: {message.msg}" + (f" {message.hint}" if message.hint else "")
            yield said, said


@check(
    "TF-E035",
    "home",
    ("Django 自身检查发现错误", "Django's own system checks find an error"),
    (
        "按所列原文处理；多为设置或部件版本不合。",
        "Do what the message says; most often a setting or the version of a part.",
    ),
)
def django_errors(_home: Path) -> Iterable[Said]:
    """Pass on the errors of Django's system checks."""
    from django.core import checks

    return _of_level(checks.ERROR, checks.CRITICAL + 1)


@check(
    "TF-W036",
    "home",
    ("Django 自身检查给出警告", "Django's own system checks give a warning"),
    ("按所列原文处理。", "Do what the message says."),
)
def django_warnings(_home: Path) -> Iterable[Said]:
    """Pass on the warnings of Django's system checks that have no number here."""
    from django.core import checks

    return _of_level(checks.WARNING, checks.ERROR)


# Database -----------------------------------------------------------------------------------------


@check(
    "TF-E041",
    "home",
    ("没有数据库，或无法连接", "there is no database, or it cannot be reached"),
    (
        "核对 --home 和 DATABASE_URL；新建用 tanfeng demo 或 tanfeng serve。",
        "Look at --home and DATABASE_URL; make one with tanfeng demo or tanfeng serve.",
    ),
)
def database(home: Path) -> Iterable[Said]:
    """Ask the database for its name."""
    from django.db import Error, connection

    name = str(connection.settings_dict["NAME"])
    in_memory = name.startswith("file:")  # as tests have it
    if connection.vendor == "sqlite" and not in_memory and not Path(name).is_file():
        yield f"{home} 中没有数据库", f"{home} holds no database"
        return
    try:
        connection.ensure_connection()
    except Error as error:
        said = str(error).strip()
        yield f"数据库无法连接：{said}", f"the database cannot be reached: {said}"


@check(
    "TF-E042",
    "home",
    ("数据库结构落后于程序", "the database is older than the program"),
    (
        "备份后运行 tanfeng serve 或 tanfeng work，启动时自动升级。",
        "Make a backup, then run tanfeng serve or tanfeng work: they bring it up to date.",
    ),
)
def migrations(_home: Path) -> Iterable[Said]:
    """List the migrations that were not applied."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        said = ", ".join(f"{step.app_label}.{step.name}" for step, _backwards in plan)
        yield (
            f"{len(plan)} 个迁移未执行：{said}",
            f"{counted(len(plan), 'migration')} to be run: {said}",
        )


@check(
    "TF-E043",
    "home",
    ("程序的数据模型没有相应的迁移", "a model of the program has no migration"),
    ("属安装包错误：重新安装；仍出现时联系维护人员。", "The package is faulty: install it again."),
)
def models_migrated(_home: Path) -> Iterable[Said]:
    """Compare the models with the state the migrations lead to."""
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState
    from django.utils import translation

    loader = MigrationLoader(None)
    with translation.override(None):  # migrations hold the names of models in English
        detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
        changed = sorted(detector.changes(graph=loader.graph))
    for app in changed:
        yield f"应用 {app} 的模型与迁移不符", f"models and migrations of {app} differ"


# Rights -------------------------------------------------------------------------------------------


@check(
    "TF-E051",
    "home",
    ("有数据模型没有权限规则", "a model has no rule of rights"),
    (
        "在该应用的 permissions.py 中登记规则，或说明其为内部模型。",
        "Register a rule in permissions.py of its app, or say why no door hands it out.",
    ),
)
def rules(_home: Path) -> Iterable[Said]:
    """Ask for a rule, or a reason for none, of every model."""
    from django.apps import apps

    from tanfeng.console.core import rights

    known = set(rights.registered_models()) | set(rights.internal_models())
    for model in sorted({m._meta.label for m in set(apps.get_models()) - known}):
        yield f"模型 {model} 没有规则", f"the model {model} has no rule"


@check(
    "TF-E052",
    "home",
    ("有地址未登录即可打开", "an address opens without a sign-in"),
    (
        "核对中间件 sign_in_required 及其放行清单。",
        "Look at the middleware sign_in_required and the paths it leaves open.",
    ),
)
def addresses(_home: Path) -> Iterable[Said]:
    """Knock at every address as nobody; all but the open ones send to the sign-in page."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from tanfeng.console.core.middleware import OPEN_PREFIXES

    client = Client(raise_request_exception=False)
    for name, sample in _addresses():
        url = reverse(name, kwargs=sample)
        if url.startswith(OPEN_PREFIXES):
            continue
        answer = client.get(url, secure=settings.HTTPS, headers={"host": settings.ALLOWED_HOSTS[0]})
        sent_away = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/")
        if not (sent_away or answer.status_code == 401):
            yield (
                f"{url} 未登录时回答 {answer.status_code}",
                f"{url} answers {answer.status_code} to a person who is not signed in",
            )


def _addresses(patterns: Any = None, space: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the name of every address and arguments that fit its pattern."""
    from django.urls import URLPattern, get_resolver

    samples: dict[str, object] = {"UUIDConverter": uuid.UUID(int=0), "IntConverter": 1}
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLPattern):
            wanted = pattern.pattern.converters
            sample = {key: samples.get(type(one).__name__, "x") for key, one in wanted.items()}
            yield f"{space}{pattern.name}", sample
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _addresses(pattern.url_patterns, inner)


# Audit log ----------------------------------------------------------------------------------------


@check(
    "TF-E061",
    "home",
    ("审计日志或通报缺少防改触发器", "the audit log or a bulletin lacks a trigger that guards it"),
    (
        "有人删除过触发器：查明原因；启动 tanfeng serve 时自动重建。",
        "Somebody removed it: find out who; starting tanfeng serve puts it back.",
    ),
)
def audit_triggers(_home: Path) -> Iterable[Said]:
    """See that the triggers are there."""
    from django.db import connection

    from tanfeng.console.core import append_only

    for name in sorted(append_only.missing(connection)):
        yield f"缺少触发器 {name}", f"the trigger {name} is missing"


@check(
    "TF-E062",
    "home",
    ("审计日志的哈希链断开", "the hash chain of the audit log is broken"),
    (
        "保全现场，与备份逐条比对断点处的事件。",
        "Keep everything as it is and compare the events at the break with a backup.",
    ),
)
def audit_chain(_home: Path) -> Iterable[Said]:
    """Compute every hash of the log again."""
    from tanfeng.console.core import audit

    for one in audit.verify().breaks[:10]:
        yield one.told("zh"), one.told("en")


# The machine --------------------------------------------------------------------------------------


@check(
    "TF-W071",
    "home",
    ("同机其他用户可读数据目录", "others on this machine may read the home"),
    ("chmod 700 数据目录。", "chmod 700 the home."),
)
def home_private(home: Path) -> Iterable[Said]:
    """Ask who may look into the folder."""
    mode = home.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        shown = stat.filemode(mode)
        yield f"{home} 的权限为 {shown}", f"{home} has the rights {shown}"


@check(
    "TF-E072",
    "home",
    ("数据目录中有不可写的文件夹或数据库", "a folder or database of the home cannot be written to"),
    (
        "把数据目录交给运行服务的用户：chown -R。",
        "Give the home to the user the console runs as: chown -R.",
    ),
)
def home_writable(home: Path) -> Iterable[Said]:
    """Ask whether this user may write where the console writes."""
    from django.conf import settings

    folders = [settings.UPLOADS, settings.RUNS, settings.PARSED, settings.RESULTS, settings.WORKERS]
    files = [home / "tanfeng.sqlite3", settings.JOBS_DATABASE]
    for path in (home, *folders, *files):
        if Path(path).exists() and not os.access(path, os.W_OK):
            yield f"{path} 不可写", f"{path} cannot be written to"


@check(
    "TF-W073",
    "home",
    ("没有进程在做后台任务", "no process does the background jobs"),
    ("启动 tanfeng serve 或 tanfeng work。", "Start tanfeng serve or tanfeng work."),
)
def worker(_home: Path) -> Iterable[Said]:
    """Look for a process that holds its lock, and count what waits for it."""
    from django.conf import settings

    from tanfeng.console.core import alive
    from tanfeng.console.core.models import Job

    if not any(alive.is_alive(path.stem) for path in Path(settings.WORKERS).glob("*.lock")):
        waiting = Job.objects.filter(status=Job.Status.QUEUED).count()
        yield (
            f"没有后台进程，{waiting} 项任务在等",
            f"nobody works; {counted(waiting, 'job')} waiting",
        )


@check(
    "TF-W074",
    "home",
    ("有任务显示进行中，但其进程已不在", "a job is said to run, but its process is gone"),
    (
        "重新启动 tanfeng serve：这些任务会标为失败，可再次发起。",
        "Start tanfeng serve again: such jobs are marked as failed and can be started anew.",
    ),
)
def orphans(_home: Path) -> Iterable[Said]:
    """Look for jobs whose worker holds no lock any more."""
    from tanfeng.console.core import alive
    from tanfeng.console.core.models import Job

    for job in Job.objects.filter(status=Job.Status.RUNNING):
        if not alive.is_alive(job.worker):
            yield f"任务“{job.title}”已无进程", f'the job "{job.title}" has no process'


def _space(home: Path, least: int, below: int) -> Iterator[Said]:
    free = shutil.disk_usage(home).free
    if least <= free < below:
        mib = f"{free / 2**20:,.0f} MiB"
        yield f"数据目录所在磁盘剩余 {mib}", f"{mib} are left on the disk of the home"


_ROOM = (
    "腾出空间或扩容；旧的导出在 results 目录。",
    "Make room; old exports lie in the folder results.",
)


@check(
    "TF-E075", "home", ("磁盘将满，无法可靠保存", "the disk is full; nothing is kept safely"), _ROOM
)
def disk_full(home: Path) -> Iterable[Said]:
    """Ask for the least space a form and its account need."""
    return _space(home, 0, FULL_BYTES)


@check("TF-W076", "home", ("磁盘空间不多", "disk space is getting short"), _ROOM)
def disk_short(home: Path) -> Iterable[Said]:
    """Ask for space enough for some weeks."""
    return _space(home, FULL_BYTES, SHORT_BYTES)
