"""The problems of data sets by their names in documents (`dataset.type`): one file and one line each."""

from processing.core.datasets.classification import ImageClassification
from processing.core.problem import Problem

DATASETS: dict[str, type[Problem]] = {"images": ImageClassification}
