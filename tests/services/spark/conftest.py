"""The tests of the derivation again, on a Spark cluster with two workers."""

from __future__ import annotations

import ibis
import pytest

from metering import engines
from services.spark.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Start a master and two workers."""
    started = Cluster(tmp_path_factory.mktemp("spark"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def spark(cluster):
    """Return an Ibis backend whose work the two workers do."""
    session = cluster.session()
    yield ibis.pyspark.connect(session)
    session.stop()


@pytest.fixture(scope="session", autouse=True)
def on_spark(spark):
    """Let the tests of this folder derive on Spark."""
    with engines.run_on(spark):
        yield


def pytest_collection_modifyitems(items):
    """Let PySpark leave its sockets to the garbage collector, as it does."""
    for item in items:
        if "services/spark/" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )
