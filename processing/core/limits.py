"""Limits of a server on one work item; its settings can change them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on one work item; a work item above one of them is refused before it is stored."""

    max_document_bytes: int = 2_000_000
    max_cells: int = 100_000  # of a maze
    max_population: int = 1_000_000  # agents in a generation
    max_generations: int = 100_000
    max_replicates: int = 100
    max_weights: int = 1_000_000  # of one genome
    max_evaluations: int = 10_000_000_000  # agents, over all generations and replicates
    # over all generations and replicates, if no episode ends early
    max_environment_steps: int = 1_000_000_000_000_000
    # of one training, forward, at most; about an hour on one core
    max_multiply_adds: int = 2_000_000_000_000
    max_memory_bytes: int = 4_000_000_000  # of evaluating one generation
    # metrics and curves of one generation; PostgreSQL refuses values of more than a gigabyte
    max_measurement_bytes: int = 500_000_000
    max_storage_bytes: int = 100_000_000_000  # over all replicates
