"""The registry of genome kinds: one file and one line each."""

from processing.core.genomes.cnn.kind import Cnn
from processing.core.genomes.dense import Dense
from processing.core.genomes.graph import Graph
from processing.core.types import GenomeKind

GENOMES: dict[str, type[GenomeKind]] = {"dense": Dense, "graph": Graph, "cnn": Cnn}
