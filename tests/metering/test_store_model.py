"""Whatever comes in whatever order, the store answers as a plain list of rows would."""

from __future__ import annotations

import tempfile

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from metering.readings_kit import at, rows, told
from tanfeng.metering.intake import Intake
from tanfeng.metering.store import Store

#: Few points, times around the midnight that begins November, values that say who wrote them.
POINTS = st.sampled_from(["a", "b", "ü/计"])
MINUTES = st.sampled_from([0, 15, 225, 240, 255])
ROWS = st.lists(st.tuples(POINTS, MINUTES, st.integers(0, 9)), max_size=4)
RECEIVED = st.integers(0, 5)
BATCHES = st.sampled_from([f"b{number}" for number in range(8)])


class Model:
    """Rows in a list; of a batch the first delivery counts, of a row the last word in it."""

    def __init__(self):
        self.batches = {}

    def append(self, batch, given, received):
        if batch not in self.batches and given:
            self.batches[batch] = ({(p, m): v for p, m, v in given}, received)

    def holding(self, known_on=None):
        best = {}
        for batch, (said, received) in self.batches.items():
            if known_on is None or received <= known_on:
                for key, value in said.items():
                    best[key] = max(best.get(key, (-1, "", 0)), (received, batch, value))
        return [(p, at(m), best[p, m][2]) for p, m in sorted(best)]


class StoreMachine(RuleBasedStateMachine):
    """Two stores and an intake over one table, against the model."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.stores = [Store(f"{self.folder.name}/readings") for _ in range(2)]
        self.intake = Intake(f"{self.folder.name}/intake", self.stores[1])
        self.model, self.waiting = Model(), Model()

    @rule(which=st.integers(0, 1), batch=BATCHES, given=ROWS, received=RECEIVED)
    def append(self, which, batch, given, received):
        known = batch in self.model.batches
        done = self.stores[which].append(rows(given, received=received), batch=batch)
        assert done.already == (known and bool(given))
        self.model.append(batch, given, received)

    @rule(batch=BATCHES, given=ROWS.filter(bool), received=RECEIVED)
    def accept(self, batch, given, received):
        name = f"gateway {batch}"
        known = name in self.waiting.batches or name in self.model.batches
        done = self.intake.accept(rows(given), batch=name, received=at(received))
        assert done.already == known
        if not known:
            self.waiting.append(name, given, received)

    @rule(fresh=st.booleans())
    def flush(self, fresh):
        if fresh:
            self.intake = Intake(f"{self.folder.name}/intake", self.stores[1])
        assert self.intake.flush().batches == len(self.waiting.batches)
        self.model.batches |= self.waiting.batches
        self.waiting = Model()

    @rule(which=st.integers(0, 1), settle=st.booleans())
    def compact(self, which, settle):
        self.stores[which].compact(settle=settle)

    @rule(known_on=RECEIVED, point=POINTS)
    def ask(self, known_on, point):
        expected = self.model.holding(known_on)
        assert told(self.stores[0].readings(known_on=at(known_on))) == expected
        own = [row for row in expected if row[0] == point]
        assert told(self.stores[1].readings([point], known_on=at(known_on))) == own

    @invariant()
    def agrees(self):
        if not hasattr(self, "stores"):
            return
        expected = self.model.holding()
        assert told(self.stores[0].readings()) == expected
        last = {point: (point, moment, value) for point, moment, value in expected}
        assert told(self.stores[1].latest()) == [last[point] for point in sorted(last)]

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
