"""The views of genome kinds, what is shown of their genomes: one file and one line each."""

from processing.core.errors import Broken
from processing.core.genomes.dense import Dense
from processing.core.genomes.graph import Graph
from processing.core.types import GenomeKind
from processing.core.views.dense import DenseView
from processing.core.views.graph import GraphView
from processing.core.views.view import GenomeView

VIEWS: dict[type[GenomeKind], GenomeView] = {Dense: DenseView(), Graph: GraphView()}


def view_of(kind: GenomeKind) -> GenomeView:
    """Return the view of a genome kind. Raises Broken where it has none."""
    return view_of_class(type(kind))


def view_of_class(kind: type[GenomeKind]) -> GenomeView:
    """Return the view of the genome kinds of a class. Raises Broken where they have none."""
    if kind not in VIEWS:
        raise Broken(f"VIEWS: expected a view of the genome kind {kind.__name__}, got none")
    return VIEWS[kind]
