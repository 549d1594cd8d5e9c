"""The problem of a data set of labelled images: to tell the class of each."""

import difflib

from processing.core.concern import Concern, ConcernKind
from processing.core.datasets.images import number_of_images
from processing.core.datasets.parameters import DatasetParameters
from processing.core.datasets.source import Split
from processing.core.errors import Refused
from processing.core.problem import Facts, Found, Problem, ServerLookup, Values, View
from processing.core.types import GenomeKind
from processing.core.value_text import listed, shown

#: Names of data sets that a fault lists, at most.
MOST_NAMED = 8


class ImageClassification(Problem[DatasetParameters, GenomeKind]):
    """A data set whose images networks learn to classify.

    Attributes:
        facts: of the data set when the work item was staged, see `facts_of`.
        train, validation: numbers of images that networks are trained on and chosen by.
    """

    Parameters = DatasetParameters
    view = View.CURVES
    judge = "classification"
    noun = "training"
    facts: Facts

    def __init__(self, parameters: DatasetParameters, facts: Facts) -> None:
        self.parameters, self.facts = parameters, facts
        counts = {Split(split): sum(each) for split, each in facts["counts"].items()}
        self.train, self.validation = number_of_images(
            counts, parameters.validation_fraction, parameters.train_limit, len(facts["classes"])
        )

    @classmethod
    def of(cls, parameters: DatasetParameters, facts: Facts | None) -> "ImageClassification":
        """Return the problem. Raises Refused where nothing was looked up."""
        if facts is None:
            raise Refused("Nothing is known of the data set of this work item.")
        return cls(parameters, facts)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels, rows and columns of an image."""
        return tuple(self.facts["shape"])

    @property
    def output_shape(self) -> tuple[int, ...]:
        """An output for each class."""
        return (len(self.facts["classes"]),)

    def best_possible(self) -> float:
        """Return the accuracy of a network that is always right."""
        return 1.0

    def output_labels(self) -> tuple[str, ...]:
        """Return the names of the classes."""
        return tuple(self.facts["classes"])

    def why_unsolvable(self) -> str:
        return "no accuracy says when a data set is solved"

    @classmethod
    def name(cls, values: Values) -> str:
        """Return the name of the data set."""
        return str(values["name"])

    @classmethod
    def label(cls, values: Values) -> str:
        """Return the name of the data set."""
        return str(values["name"])

    @classmethod
    def dataset_of(cls, values: Values) -> str:
        """Return the name of the data set."""
        return str(values["name"])

    @classmethod
    def look_up(cls, parameters: DatasetParameters, known: ServerLookup) -> Found:
        """Return the facts of the data set, or why nobody can train on it."""
        facts = known.datasets.facts(parameters.name)
        if facts is None:
            return Found(None, [_unknown(parameters.name, sorted(known.datasets.names()))], [])
        faults = []
        if parameters.validation_fraction is not None and Split.VALIDATION.value in facts["counts"]:
            expected = f"null, as {parameters.name} brings images by which networks are chosen"
            faults.append(Concern(
                ("validation_fraction",), expected, shown(parameters.validation_fraction)
            ))
        faults += _limit_faults(parameters, len(facts["classes"])) or _too_few(parameters, facts)
        if (sentence := known.datasets.why_nobody_trains()) is not None:
            faults.append(Concern((), "a server on which networks can be trained", "none", sentence))
        return Found(None if faults else facts, faults, [])


def _limit_faults(parameters: DatasetParameters, classes: int) -> list[Concern]:
    limit = parameters.train_limit
    if limit is None or limit >= classes:
        return []
    return [Concern(("train_limit",), f"at least {classes}, one image of each class", str(limit))]


def _too_few(parameters: DatasetParameters, facts: Facts) -> list[Concern]:
    classes = len(facts["classes"])
    train = ImageClassification(parameters, facts).train
    if train >= 2 * classes:
        return []
    expected = f"a data set of which {2 * classes} images or more, two for each class, are left for training"
    return [Concern(("name",), expected, f"{train} in {parameters.name}")]


def _unknown(name: str, names: list[str]) -> Concern:
    near = difflib.get_close_matches(name, names, 1)
    hint = f'Did you mean "{near[0]}"?' if near else (
        f"There are {listed(names[:MOST_NAMED])}{' and others' if len(names) > MOST_NAMED else ''}; "
        "`manage.py dataset add` adds one."
    )
    return Concern(
        ("name",), "the name of a data set that this server has", shown(name), hint,
        ConcernKind.UNKNOWN_DATASET
    )
