"""What a run will cost: rough figures with their basis, before anything is started."""

import math
from dataclasses import dataclass

from formatting.work_item import RecordScope, WorkItem
from staging.workload import Workload

#: Environment steps a second of one machine, slow and fast, for a network of REFERENCE_WEIGHTS weights.
STEPS_PER_SECOND = (2e6, 30e6)
REFERENCE_WEIGHTS = 350
#: Steps of a short life: early agents of most tasks die at once.
SHORT_LIFE_STEPS = 10
#: Seconds for breeding, storing and announcing a generation, fast and slow.
GENERATION_SECONDS = (0.005, 0.05)

#: Stored for every agent: fitness, parents, operator, steps.
PACKED_AGENT_BYTES = 28
#: Stored besides, where an agent has a row: the row, its indexes, and the genome.
ROW_BYTES = 200
#: A generation's own row and its events.
GENERATION_BYTES = 2_000

#: A checkpoint holds the generation's genomes and, at most, as many of the strategy's; every so many generations one is
#: kept, and no more than so many of a run.
GENOMES_A_CHECKPOINT, CHECKPOINT_EVERY, MOST_CHECKPOINTS = 2, 10, 18

#: At work: parents, children and their packed copy; results and addresses of each agent; the environment's tables.
COPIES_AT_WORK, AGENT_WORK_BYTES, TABLE_BYTES = 3, 64, 32_000_000

#: Seconds of one process, between fast and slow, from which a generation is evaluated in slices, and those of a slice.
SLICED_FROM_SECONDS, SLICE_SECONDS = 30.0, 10.0
#: Slices of a generation at most.
MOST_SLICES = 1_000

#: `auto` records all agents up to so many, and up to so many bytes, in a run; beyond it only champions.
AUTO_AGENTS, AUTO_BYTES = 1_000_000, 2_000_000_000


@dataclass(frozen=True)
class CostEstimate:
    """The cost of one replicate, if it runs to its last generation."""

    evaluations: int  # agents
    environment_steps: int  # an upper bound: no episode ends early
    storage_bytes: int
    memory_bytes: int  # of one generation at work
    seconds_low: float
    seconds_high: float
    workers: int
    basis: str


def resolved_record(work_item: WorkItem, work: Workload) -> str:
    """Which agents get rows: "all" or "champions"."""
    scope = work_item.record.agents
    if scope != RecordScope.AUTO:
        return scope.value
    few = work.evaluations <= AUTO_AGENTS and work.evaluations * _row_bytes(work) <= AUTO_BYTES
    return RecordScope.ALL.value if few else RecordScope.CHAMPIONS.value


def estimate(work_item: WorkItem, work: Workload, *, workers: int = 1) -> CostEstimate:
    """Estimate one replicate. Where generations are not cut into slices, more workers make it no faster."""
    low, high = _seconds(work)
    limit = work_item.stop.max_seconds
    if limit is not None:
        low, high = min(low, limit), min(high, limit)
    return CostEstimate(
        evaluations=work.evaluations, environment_steps=work.environment_steps,
        storage_bytes=_storage_bytes(work, resolved_record(work_item, work)), memory_bytes=_memory_bytes(work),
        seconds_low=low, seconds_high=high, workers=workers,
        basis=_basis(work),
    )


def resolved_slice_size(work_item: WorkItem, work: Workload) -> int | None:
    """Agents evaluated by one task; None where whoever opens a generation evaluates it at once, on all its cores."""
    if work_item.execution.slice_size is not None:
        return work_item.execution.slice_size
    low, high = (seconds / work.generations for seconds in _seconds(work))
    seconds = math.sqrt(low * high)
    if seconds < SLICED_FROM_SECONDS:
        return None
    number = min(math.ceil(seconds / SLICE_SECONDS), MOST_SLICES, work.population)
    return math.ceil(work.population / number)


def _seconds(work: Workload) -> tuple[float, float]:
    slow, fast = _rates(work)
    short_lives = work.evaluations * work.episodes * min(work.max_steps, SHORT_LIFE_STEPS)
    low = short_lives / fast + work.generations * GENERATION_SECONDS[0]
    return low, work.environment_steps / slow + work.generations * GENERATION_SECONDS[1]


def _rates(work: Workload) -> tuple[float, float]:
    """Steps a second, slow and fast: a step of the networks, and one of the environment where that costs more than nothing."""
    slow, fast = (rate * REFERENCE_WEIGHTS / max(work.weights, REFERENCE_WEIGHTS) for rate in STEPS_PER_SECOND)
    if work.steps_per_second is None:
        return slow, fast
    return 1 / (1 / slow + 1 / work.steps_per_second[0]), 1 / (1 / fast + 1 / work.steps_per_second[1])


def _basis(work: Workload) -> str:
    """Where the seconds come from, for people."""
    if work.steps_per_second is not None:
        slow, fast = work.steps_per_second
        return f"{slow:,.0f} to {fast:,.0f} steps a second in an environment that is not compiled"
    return (
        f"{STEPS_PER_SECOND[0] / 1e6:g} to {STEPS_PER_SECOND[1] / 1e6:g} million steps a second for a network of "
        f"{REFERENCE_WEIGHTS} weights, scaled to {work.weights}"
    )


def _storage_bytes(work: Workload, record: str) -> int:
    recorded = work.evaluations if record == RecordScope.ALL else work.generations
    kept = min(1 + work.generations // CHECKPOINT_EVERY, MOST_CHECKPOINTS)
    checkpoints = kept * GENOMES_A_CHECKPOINT * work.population * work.genome_bytes
    generations = work.generations * GENERATION_BYTES
    return work.evaluations * PACKED_AGENT_BYTES + recorded * _row_bytes(work) + checkpoints + generations


def _memory_bytes(work: Workload) -> int:
    agent = work.genome_bytes * COPIES_AT_WORK + AGENT_WORK_BYTES * work.episodes + work.observed_bytes
    return work.population * agent + TABLE_BYTES


def _row_bytes(work: Workload) -> int:
    return ROW_BYTES + work.genome_bytes
