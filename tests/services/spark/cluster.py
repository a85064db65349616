"""A Spark cluster of one's own: a master and two workers, five programs with their executors.

Free ports of this machine alone, no pages, gone afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

HOST = "127.0.0.1"
#: Small statements: compiling them, and planning them again midway, costs more than running them.
_SMALL = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss4m",
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss4m",
}
_QUICK_JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss4m"


def home() -> Path:
    """Return the folder PySpark came in; required in CI, else a skip."""
    try:
        import pyspark
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("PySpark is missing: pip install 'tanfeng[spark]'")
        pytest.skip("PySpark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        if os.environ.get("CI"):
            pytest.fail("Java is missing: apt install openjdk-17-jre-headless")
        pytest.skip("there is no Java on this machine")
    return Path(pyspark.__file__).parent


class Cluster:
    """Master and workers; they write what they have to say into a folder.

    A worker offers one core and its memory, and gives both to its executor.
    """

    def __init__(self, folder: Path, workers: int = 2, *, memory_mb: int = 768) -> None:
        self.home = home()
        self.memory_mb = memory_mb
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        self.master = self._start("master", "master.Master", "-h", HOST, "-p", "0")
        self.url = self._told("master", r"Starting Spark master at (spark://\S+)")
        self.workers = [
            self._start(
                f"worker{n}", "worker.Worker", "-h", HOST, "-c", "1", "-m", f"{memory_mb}M",
                "-d", str(folder / f"work{n}"), self.url,
            )
            for n in range(workers)
        ]  # fmt: skip
        for n in range(workers):
            self._told(f"worker{n}", r"Successfully registered with (master)")

    def _start(self, name: str, program: str, *given: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.home / "bin" / "spark-class", f"org.apache.spark.deploy.{program}",
                 *given, "--webui-port", "0"],
                stdout=log,
                stderr=log,
                env=self.environment(),
            )  # fmt: skip
        self.processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """Return what the programs, and the session, are to find around them."""
        return os.environ | {
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": _QUICK_JAVA,
            "SPARK_NO_DAEMONIZE": "1",
        }

    def _told(self, name: str, words: str) -> str:
        log = self.folder / f"{name}.log"
        for _attempt in range(600):
            if found := re.search(words, log.read_text(errors="replace")):
                return found[1]
            if any(process.poll() is not None for process in self.processes):
                break
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"{name} does not start: {log.read_text(errors='replace')[-2000:]}")

    def session(self):
        """Open a session that uses both workers."""
        os.environ.update(SPARK_HOME=str(self.home), SPARK_LOCAL_IP=HOST)
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(self.url).appName("tanfeng")
        settings = _SMALL | {
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.executor.memory": f"{self.memory_mb}m",
            "spark.executor.cores": "1",
            "spark.scheduler.minRegisteredResourcesRatio": "1",
            "spark.cores.max": str(len(self.workers)),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            "spark.local.dir": str(self.folder / "local"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()

    def stop(self) -> None:
        """Stop them, the workers first."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(20)
