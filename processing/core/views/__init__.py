"""The views of genome kinds, what is shown of their genomes: one file and one line each."""

import re

from processing.core.errors import Broken, Misregistered
from processing.core.genomes.cnn.kind import Cnn
from processing.core.genomes.dense import Dense
from processing.core.genomes.graph import Graph
from processing.core.kinds import GENOMES
from processing.core.types import GenomeKind
from processing.core.views.cnn import CnnView
from processing.core.views.dense import DenseView
from processing.core.views.graph import GraphView
from processing.core.views.view import GenomeView

_NAME = re.compile("[a-z][a-z0-9_]*")
#: Fields that every genome has in GraphQL.
RESERVED = ("network", "parameter_count")

VIEWS: dict[type[GenomeKind], GenomeView] = {Dense: DenseView(), Graph: GraphView(), Cnn: CnnView()}


def check_views() -> None:
    """Check that every genome kind has a view, with fields that GraphQL can show.

    Raises:
        Misregistered: one has none, or no such fields; the message names all of them.
    """
    troubles = [f'GENOMES["{name}"]{each}' for name, kind in GENOMES.items() for each in _troubles(kind)]
    if troubles:
        raise Misregistered(" ".join(troubles))


def _troubles(kind: type[GenomeKind]) -> list[str]:
    """Return what is wrong with the view of a genome kind, each as the end of a sentence."""
    view = VIEWS.get(kind)
    if view is None or GenomeView not in type(view).__mro__:
        return [f" has no view: expected an instance of a GenomeView in VIEWS[{kind.__name__}]."]
    return [
        f': expected fields of its view with other names than "{name}", of small letters.'
        for name in view.fields if name in RESERVED or not _NAME.fullmatch(name)
    ]


def view_of(kind: GenomeKind) -> GenomeView:
    """Return the view of a genome kind. Raises Broken where it has none."""
    return view_of_class(type(kind))


def view_of_class(kind: type[GenomeKind]) -> GenomeView:
    """Return the view of the genome kinds of a class. Raises Broken where they have none."""
    if kind not in VIEWS:
        raise Broken(f"VIEWS: expected a view of the genome kind {kind.__name__}, got none")
    return VIEWS[kind]
