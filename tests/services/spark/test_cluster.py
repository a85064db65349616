"""There are two workers, and both work."""

from __future__ import annotations

from pathlib import Path


def started_by(process) -> list[str]:
    """Return the command lines of what a process started."""
    return [
        Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_each_worker_runs_an_executor_of_its_own(cluster, spark):
    assert len(cluster.workers) == 2
    for worker in cluster.workers:
        mine = [line for line in started_by(worker) if "CoarseGrainedExecutorBackend" in line]
        assert len(mine) == 1, started_by(worker)


def test_both_do_the_work(spark):
    context = spark._session.sparkContext._jsc.sc()
    assert spark._session.range(0, 4000, 1, 8).selectExpr("sum(id)").first()[0] == 7998000
    told = context.statusStore().executorList(True)
    done = {one.id(): one.completedTasks() for one in map(told.apply, range(told.size()))}
    done.pop("driver")
    assert len(done) == 2
    assert all(done.values()), done
