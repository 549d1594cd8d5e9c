"""What people and other programs are shown of genomes of one kind: the protocol `GenomeView`.

Explicit subclasses inherit the defaults; only `drawing` has none. `genomes` are genomes of `kind`.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, cast

import numpy as np
from typing_extensions import TypeVar

from processing.core.drawings.activity import activity_of_units
from processing.core.drawings.drawing import Network
from processing.core.genomes.changes import Changes, changes_of_bytes
from processing.core.genomes.computation import Computation, FullyConnected
from processing.core.problem import Problem
from processing.core.types import Float64Array, GenomeKind, Genomes

#: The genome kind of a view, and one genome in the form that `changes` compares: bytes where the view does
#: not say. `GenomeView` alone leaves them open, for tables and their readers: which classes an entry has, no
#: table can say.
G = TypeVar("G", bound=GenomeKind, default=Any)
T = TypeVar("T", default=Any)


class Field(NamedTuple, Generic[G]):
    """A further fact of a genome, as GraphQL shows it."""

    description: str
    value: Callable[[G, Genomes], object]  # from the genome kind and one genome; a JSON value


class UnitNames(NamedTuple):
    """The names of a drawing's nodes that are lit during a replay."""

    columns: Sequence[Sequence[str]] = ()  # for each array of `activity`, the node of each of its columns
    outputs: Sequence[str] = ()


class GenomeView(Protocol[G, T]):
    """What is shown of the genomes of one kind.

    Attributes:
        description: what a genome is, a sentence for people.
        fields: further facts of a genome, by their names in GraphQL in snake case; they are null there for
            genomes whose `size` is above 10,000.
        gene: a noun for one of the parts that `changes` counts as `weights_changed`.
        export_refusal: a sentence on why networks are not written to files; None where `computation` has one
            for every genome. Such kinds are a `NetworkKind`.
    """

    description: ClassVar[str] = "What an agent inherits and passes on."
    fields: Mapping[str, Field[G]] = {}
    gene: ClassVar[str] = "gene"
    export_refusal: ClassVar[str | None] = "Networks of this kind cannot be written to files."

    @abstractmethod
    def drawing(self, problem: Problem, kind: G, genomes: Genomes, index: int = 0) -> Network:
        """Return the layout of the network of genome `index`, with the labels of its problem."""
        ...

    def computation(
        self, kind: G, genomes: Genomes, index: int = 0, *, squashing: str = "identity"
    ) -> Computation | None:
        """Return the computation of the network of genome `index`; None where there is none.

        Args:
            squashing: the function of outputs that have no activation of their own.
        """
        return None

    def fully_connected(self, kind: G, genomes: Genomes, index: int = 0) -> FullyConnected | None:
        """Return the layers of genome `index`, which ONNX has operators for; None for other networks."""
        return None

    def size(self, kind: G, genomes: Genomes, index: int = 0) -> int:
        """Return how many weights, or connection genes, genome `index` has."""
        return int(kind.number_of_weights)

    def parameter_count(self, kind: G, genomes: Genomes, index: int = 0) -> int:
        """Return how many weights count in the network of genome `index`."""
        return self.size(kind, genomes, index)

    def genes(self, kind: G, genomes: Genomes, index: int = 0) -> T:
        """Return genome `index` in the form that `changes` compares: its packed bytes for most."""
        return cast(T, kind.pack(kind.take(genomes, np.array([index], np.int32))))

    def changes(self, before: T, after: T) -> Changes:
        """Return the differences between a parent and its child, both as `genes` returns them."""
        return changes_of_bytes(cast(bytes, before), cast(bytes, after))

    def unit_names(self, kind: G, genomes: Genomes, index: int = 0) -> UnitNames:
        """Return the nodes of the drawing that `activity` lights: those named by the numbers of the units."""
        computation = self.computation(kind, genomes, index)
        if computation is None:
            return UnitNames()
        columns = range(computation.inputs), [unit.number for unit in computation.units]
        return UnitNames(
            [[str(number) for number in column] for column in columns], list(map(str, computation.outputs))
        )

    def activity(
        self, kind: G, genomes: Genomes, observations: Sequence[Float64Array], index: int = 0, *,
        restarts: bool
    ) -> list[Float64Array]:
        """Return the activity of the network of genome `index`, for pictures only.

        Args:
            observations: T arrays (inputs,), as the network gets them.
            restarts: whether a network that remembers starts anew at each of them.
        Returns:
            Arrays (T, n), one for each column of `unit_names`; empty where nothing is known of the activity.
        """
        computation = self.computation(kind, genomes, index)
        if computation is None:
            return []
        if not restarts:
            return activity_of_units(computation, observations)
        rows = [activity_of_units(computation, [observation]) for observation in observations]
        return [np.concatenate(columns) for columns in zip(*rows, strict=True)]
