"""Every read from the archive: model instances or frozen records, in pages that follow each other by key."""

from database.selectors.agents import (
    AgentOrder,
    agent,
    agents,
    agents_at,
    champion,
    champions,
    count_agents,
    offspring,
)
from database.selectors.blocks import AgentFilter, AgentRecord
from database.selectors.events import count_events, event, events, told_of_generations
from database.selectors.generations import (
    count_generations,
    generation,
    generations,
    generations_at,
    normalization_of,
    sparklines,
    statistics,
    with_checkpoint,
    with_normalization,
)
from database.selectors.genomes import genome_bytes_at, genome_of, genomes_at, row_keys_at
from database.selectors.lineage import MOST_ANCESTORS, Lineage, line, lineage
from database.selectors.operations import (
    THERE_SECONDS,
    HeldStep,
    Waiting,
    WorkerRecord,
    held_steps,
    runs_by_state,
    runs_without_workers,
    steps_in_back_off,
    waiting,
    workers,
)
from database.selectors.paging import BadCursor, Cursor, Page
from database.selectors.progress import Progress, progress, progress_of
from database.selectors.replays import replay, replay_film, replay_result, replays_of
from database.selectors.runs import (
    ActiveCounts,
    InstanceFilter,
    InstanceOrder,
    WorkItemFilter,
    WorkItemOrder,
    active_counts,
    count_instances,
    count_work_items,
    instance,
    instances,
    instances_at,
    staged_at,
    work_item,
    work_items,
)
from database.selectors.species import Shares, histories_of, shares, snapshots_at, species, species_at, species_of

__all__ = [
    "MOST_ANCESTORS", "THERE_SECONDS", "ActiveCounts", "AgentFilter", "AgentOrder", "AgentRecord", "BadCursor", "Cursor",
    "HeldStep", "InstanceFilter", "InstanceOrder", "Lineage", "Page", "Progress", "Shares", "Waiting", "WorkItemFilter",
    "WorkItemOrder", "WorkerRecord", "active_counts", "agent", "agents", "agents_at", "champion", "champions",
    "count_agents", "count_events", "count_generations", "count_instances", "count_work_items", "event", "events",
    "generation", "generations", "generations_at", "genome_bytes_at", "genome_of", "genomes_at", "held_steps", "histories_of",
    "instance", "instances", "instances_at", "line", "lineage", "normalization_of", "offspring", "progress", "progress_of",
    "replay", "replay_film", "replay_result", "replays_of", "row_keys_at", "runs_by_state", "runs_without_workers",
    "shares", "snapshots_at", "sparklines", "species", "species_at", "species_of", "staged_at", "statistics", "steps_in_back_off",
    "told_of_generations", "waiting", "with_checkpoint", "with_normalization", "work_item", "work_items", "workers",
]
