"""The registry of genome kinds: one file and one line each."""

from typing import Any

from processing.core.genomes.dense import Dense
from processing.core.genomes.graph import Graph

GENOMES: dict[str, Any] = {"dense": Dense, "graph": Graph}
