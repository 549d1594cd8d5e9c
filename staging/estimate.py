"""Rough estimates of the cost of a run, before it is started."""

import math
from dataclasses import dataclass

from formatting.work_item import RecordScope, WorkItem
from processing.core.search.slice_payload import MOST_SLICES, least_size
from staging.workload import Workload

#: Seconds for breeding, storing and publishing a generation, fast and slow.
GENERATION_SECONDS = (0.005, 0.05)

#: Bytes of packed scalars of every agent.
PACKED_AGENT_BYTES = 28
#: Bytes of an agent's row and its indexes, without the genome.
ROW_BYTES = 200
#: Bytes of a generation's own row and its events.
GENERATION_BYTES = 2_000

#: A checkpoint has the generation's genomes and at most as many of the strategy; the interval in generations
#: between kept checkpoints, and the maximum number of a run.
GENOMES_A_CHECKPOINT, CHECKPOINT_EVERY, MOST_CHECKPOINTS = 2, 10, 18

#: Memory of an evaluation: copies of genomes (parents, children, packed children), and bytes of the problem's
#: tables.
COPIES_AT_WORK, TABLE_BYTES = 3, 32_000_000

#: Estimated seconds of one process from which a generation is divided in slices, and those of a slice.
SLICED_FROM_SECONDS, SLICE_SECONDS = 30.0, 10.0

#: `auto` records all agents of a run up to so many agents and so many bytes, and beyond that only champions.
AUTO_AGENTS, AUTO_BYTES = 1_000_000, 2_000_000_000


@dataclass(frozen=True)
class CostEstimate:
    """The cost of one replicate, if it runs to its last generation."""

    evaluations: int  # agents
    environment_steps: int  # or what else the judge counts; an upper bound, if no evaluation ends early
    storage_bytes: int
    memory_bytes: int  # of evaluating one generation
    seconds_low: float
    seconds_high: float
    workers: int
    basis: str


def resolved_record(work_item: WorkItem, work: Workload) -> str:
    """Return which agents are stored as rows: "all" or "champions"."""
    scope = work_item.record.agents
    if scope != RecordScope.AUTO:
        return scope.value
    few = work.evaluations <= AUTO_AGENTS and work.evaluations * _row_bytes(work) <= AUTO_BYTES
    return RecordScope.ALL.value if few else RecordScope.CHAMPIONS.value


def estimate(work_item: WorkItem, work: Workload, *, workers: int = 1) -> CostEstimate:
    """Estimate the cost of one replicate.

    Args:
        workers: is reported only, and does not change the estimated time.
    """
    low, high = _seconds(work)
    limit = work_item.stop.max_seconds
    if limit is not None:
        low, high = min(low, limit), min(high, limit)
    return CostEstimate(
        evaluations=work.evaluations, environment_steps=work.steps,
        storage_bytes=_storage_bytes(work, resolved_record(work_item, work)),
        memory_bytes=_memory_bytes(work), seconds_low=low, seconds_high=high, workers=workers,
        basis=work.agent.basis,
    )


def resolved_slice_size(work_item: WorkItem, work: Workload) -> int | None:
    """Return the number of agents in a slice; None where one worker evaluates each generation on all its
    cores.
    """
    if work_item.execution.slice_size is not None:
        return max(work_item.execution.slice_size, least_size(work.population))
    low, high = (seconds / work.generations for seconds in _seconds(work))
    seconds = math.sqrt(low * high)
    if seconds < SLICED_FROM_SECONDS:
        return None
    number = min(math.ceil(seconds / SLICE_SECONDS), MOST_SLICES, work.population)
    return math.ceil(work.population / number)


def _seconds(work: Workload) -> tuple[float, float]:
    evaluations, generations = work.evaluations, work.generations
    fast, slow = GENERATION_SECONDS
    return (
        evaluations * work.agent.seconds_low + generations * fast,
        evaluations * work.agent.seconds_high + generations * slow,
    )


def _storage_bytes(work: Workload, record: str) -> int:
    recorded = work.evaluations if record == RecordScope.ALL else work.generations
    kept = min(1 + work.generations // CHECKPOINT_EVERY, MOST_CHECKPOINTS)
    checkpoints = kept * GENOMES_A_CHECKPOINT * work.population * work.genome_bytes
    generations = work.generations * GENERATION_BYTES
    scalars = work.evaluations * (PACKED_AGENT_BYTES + work.agent.stored_bytes)
    return scalars + recorded * _row_bytes(work) + checkpoints + generations


def _memory_bytes(work: Workload) -> int:
    agent = work.genome_bytes * COPIES_AT_WORK + work.agent.memory_bytes
    return work.population * agent + TABLE_BYTES


def _row_bytes(work: Workload) -> int:
    return ROW_BYTES + work.genome_bytes
