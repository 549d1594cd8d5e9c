"""The data set of a work item, as documents name it."""

from enum import StrEnum
from typing import Literal

from processing.core.parameters import Parameters, parameter


class Augment(StrEnum):
    """How training images are changed each time that they are seen."""

    NONE = "none"
    SHIFT = "shift"
    SHIFT_AND_FLIP = "shift_and_flip"


class DatasetParameters(Parameters):
    """A data set of this server, and which of its images are used."""

    type: Literal["images"] = parameter(
        "images", meaning="Labelled images, of which networks learn the class."
    )
    name: str = parameter(
        meaning="Its name; `manage.py dataset list` shows those that there are.", unit="characters",
        min_length=1, max_length=40,
    )
    train_limit: int | None = parameter(
        None,
        meaning="Training images that are used, at most, with the same share of each class; null for all.",
        unit="images", ge=2, le=2_000_000,
    )
    validation_fraction: float | None = parameter(
        None,
        meaning="Part of the training images by which networks are chosen instead; null for 0.15, or where "
        "the data set brings images for that.",
        ge=0.02, le=0.5,
    )
    augment: Augment = parameter(
        Augment.NONE,
        meaning="Whether training images are shifted by up to an eighth of their side, or also mirrored, "
        "each time that they are seen.",
    )
