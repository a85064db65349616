"""``tanfeng serve`` and ``tanfeng work``: the console of a home folder, and its jobs apart."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._database import migrate, migrate_apart
from tanfeng.cli._home import fail, open_home
from tanfeng.cli._lang import InLang, Lang

if TYPE_CHECKING:
    from rich.console import Console

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104  # recognised, not bound by default
_DEMO_ACCOUNTS = "demo-accounts.json"
_WORDS = {
    "ready": ("控制台已启动：{0}（按 Ctrl+C 停止）", "The console is up: {0} (Ctrl+C stops it)"),
    "accounts": ("演示账户", "Demonstration accounts"),
    "nobody": (
        "还没有账户。新建管理员：tanfeng user add NAME --role admin --home {0}",
        "No account yet. Add an administrator: tanfeng user add NAME --role admin --home {0}",
    ),
    "hosts": (
        "提示：从其他机器访问需设置 TANFENG_ALLOWED_HOSTS（域名或地址，逗号分隔）。",
        "Note: to answer other machines set TANFENG_ALLOWED_HOSTS (names or addresses, by commas).",
    ),
    "working": (
        "正在等待后台任务（按 Ctrl+C 停止）",
        "Waiting for background jobs (Ctrl+C stops it)",
    ),
}


_HEADINGS = (("账户", "密码", "身份"), ("Account", "Password", "Who"))


Home = Annotated[Path, typer.Option(help="Folder of database, uploads and runs.")]


def serve(
    home: Home = Path("tanfeng-home"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of each process.")] = 4,
    lang: InLang = Lang.ZH,
) -> None:
    """Start the console of a home folder, with its background jobs in the same process."""
    _check_port(host, port)
    if host not in _WILDCARDS and not os.environ.get("TANFENG_ALLOWED_HOSTS"):
        os.environ["TANFENG_ALLOWED_HOSTS"] = f"127.0.0.1,localhost,[::1],{host}"
    folder = open_home(home, must_exist=False)
    migrate_apart(folder)
    from rich.console import Console

    console = Console()

    def ready() -> None:
        shown = "127.0.0.1" if host in _WILDCARDS else host
        _say(console, lang, "ready", f"http://{_bracketed(shown)}:{port}/")
        if host in _WILDCARDS and not os.environ.get("TANFENG_ALLOWED_HOSTS"):
            _say(console, lang, "hosts")
        _print_accounts(console, folder, lang)

    _run(f"{_bracketed(host)}:{port}", workers, threads, ready)


def work(
    home: Home = Path("tanfeng-home"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Jobs at a time.")] = 1,
    lang: InLang = Lang.ZH,
) -> None:
    """Do the background jobs of a home folder in a process of its own."""
    open_home(home)
    migrate()
    from rich.console import Console

    from tanfeng.console.core import jobs

    _say(Console(), lang, "working")
    jobs.work_forever(workers)


def _say(console: Console, lang: Lang, key: str, *values: object) -> None:
    console.print(_WORDS[key][lang == Lang.EN].format(*values), highlight=False, soft_wrap=True)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _check_port(host: str, port: int) -> None:
    """Say in words that the port is taken, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fail(
                    f"端口 {port} 已被其他程序占用；请用 --port 另选一个",
                    f"port {port} is taken by another program; choose one with --port",
                )
            fail(
                f"无法监听 {host}:{port}：{error.strerror}",
                f"cannot listen on {host}:{port}: {error.strerror}",
            )


def _print_accounts(console: Console, folder: Path, lang: Lang) -> None:
    from django.db import connections

    from tanfeng.console.core.models import User

    path = folder / _DEMO_ACCOUNTS
    if path.is_file():
        from rich.table import Table

        table = Table(title=_WORDS["accounts"][lang == Lang.EN], title_justify="left")
        for heading in _HEADINGS[lang == Lang.EN]:
            table.add_column(heading)
        for one in json.loads(path.read_text(encoding="utf-8")):
            table.add_row(one["username"], one["password"], one["display_name"])
        console.print(table)
    elif not any(user.has_usable_password() for user in User.objects.all()[:10]):
        _say(console, lang, "nobody", folder)
    connections.close_all()


def _run(bind: str, workers: int, threads: int, ready: Any) -> None:
    """Run gunicorn in this process until it is told to stop."""
    from gunicorn.app.base import BaseApplication

    options = {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "loglevel": "warning",
        "control_socket_disable": True,
        # A worker thread reads a large upload or writes an export; the heartbeat is another's.
        "timeout": 120,
        "graceful_timeout": 20,
        "when_ready": lambda _server: ready(),
        "post_worker_init": _start_jobs,
        "worker_exit": _stop_jobs,
    }

    class Console_(BaseApplication):  # type: ignore[misc]
        """The console under gunicorn, configured from here alone."""

        def load_config(self) -> None:
            """Set the options; no file and no environment variable is read."""
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            """Return the WSGI application."""
            from tanfeng.console.wsgi import application

            return application

    Console_().run()


def _start_jobs(worker: Any) -> None:
    from tanfeng.console.core import jobs
    from tanfeng.console.forecast import nightly as forecasts
    from tanfeng.console.metering import nightly as tidying
    from tanfeng.console.metering.settling import Settler
    from tanfeng.console.quality import nightly as quality

    worker.tanfeng_works = [
        jobs.start_worker(),
        Settler().start(),
        quality.Watch().rounds().start(),
        forecasts.rounds().start(),
        tidying.rounds().start(),
    ]


def _stop_jobs(_server: Any, worker: Any) -> None:
    for work in reversed(getattr(worker, "tanfeng_works", [])):
        work.stop()
