"""Metrics and curves count as storage, and a generation of them that no database holds is refused."""

from dataclasses import replace

from formatting.faults import Fault, FaultCode
from formatting.parse import parse
from processing.core.limits import Limits
from processing.core.search.plan import plan_of
from staging.asked import AskedWorkItem
from staging.checks import size_faults
from staging.estimate import estimate
from staging.stage import stage
from staging.workload import Workload, workload_of
from tests.formatting.documents import document

WORK_ITEM = parse(document({}))
PLAN = plan_of(stage(WORK_ITEM, Limits()).spec)
#: Bytes of a hundred epochs of three curves, and of two metrics.
CURVES = 100 * 3 * 4 + 2 * 8


def work(*, stored_bytes: int, population: int = 100) -> Workload:
    found = workload_of(PLAN)
    return replace(found, population=population, agent=found.agent._replace(stored_bytes=stored_bytes))


def faults(population: int, limits: Limits) -> list[Fault]:
    size = work(stored_bytes=CURVES, population=population)
    return size_faults(AskedWorkItem(WORK_ITEM, limits), PLAN, size, estimate(WORK_ITEM, size))


def test_they_take_room_for_every_agent_that_is_evaluated() -> None:
    plain, curves = (estimate(WORK_ITEM, work(stored_bytes=number)) for number in (0, CURVES))
    assert curves.storage_bytes - plain.storage_bytes == curves.evaluations * CURVES


def test_a_generation_with_more_of_them_than_a_database_holds_is_refused() -> None:
    (found,) = faults(500_000, Limits())
    assert (found.code, found.path) == (FaultCode.LIMIT_EXCEEDED, ())
    assert found.expected == "at most 500000000 bytes of metrics and curves in a generation"
    assert found.given == str(500_000 * CURVES)


def test_what_the_limit_just_allows_is_not() -> None:
    limits = Limits(max_measurement_bytes=100 * CURVES)
    assert faults(100, limits) == []
    assert len(faults(101, limits)) == 1
