"""The most that one work item may ask of this server; the settings give other figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one work item; whatever is above one of them is refused before anything is stored."""

    max_document_bytes: int = 2_000_000
    max_cells: int = 100_000  # of a maze
    max_population: int = 1_000_000  # agents in a generation
    max_generations: int = 100_000
    max_replicates: int = 100
    max_weights: int = 1_000_000  # of one genome
    max_evaluations: int = 10_000_000_000  # agents, over all generations and replicates
    max_environment_steps: int = 1_000_000_000_000_000  # over all generations and replicates, if every episode is full
    max_memory_bytes: int = 4_000_000_000  # of one generation at work
    max_storage_bytes: int = 100_000_000_000  # over all replicates
