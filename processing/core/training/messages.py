"""What a parent sends to a child that trains, and what the child reports, as bytes.

Each is a line of JSON, for most followed by arrays or a genome. Nothing in the bytes can run code.
"""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from processing.core.errors import Transient
from processing.core.types import Failure, Float32Array, Int32Array

#: The columns of `TrainingResult.curves`.
CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True, slots=True)
class Setup:
    """What all trainings of a run have in common.

    Attributes:
        folder: of the prepared data set.
        sha256: of the data set.
        train_limit: training images that are used, at most; None: all.
        validation_fraction: of the training images that networks are chosen by; None where the data set
            has its own.
        augment: how training images are changed, a value of `Augment`.
    """

    folder: str
    sha256: str
    train_limit: int | None
    validation_fraction: float | None
    augment: str
    epochs: int
    early_stopping_epochs: int | None

    def packed(self) -> bytes:
        """Return the message."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, sort_keys=True).encode()

    @classmethod
    def unpacked(cls, message: bytes) -> "Setup":
        """Read the message."""
        return cls(**json.loads(message))


class Job(NamedTuple):
    """A network to train."""

    number: int
    genome: bytes  # one packed genome of `cnn`
    seed: int  # of its initial weights, the order of the images, and dropout
    patience: float = 60.0  # seconds without a batch after which it has failed

    def packed(self) -> bytes:
        """Return the message."""
        return json.dumps({"number": self.number, "seed": self.seed}).encode() + b"\n" + self.genome

    @classmethod
    def unpacked(cls, message: bytes) -> "Job":
        """Read the message."""
        line, _, genome = message.partition(b"\n")
        fields = json.loads(line)
        return cls(fields["number"], genome, fields["seed"])


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a training.

    Attributes:
        epochs: that were trained.
        best: the epoch that counts, from 0.
        curves: (epochs, 4) float32, by the names of `CURVES`.
        confusion: (K, K) int32, validation images by class and by predicted class; (0, 0) where there are
            too many classes.
        trained_by: what computed it, as `profile.training_profile` names it; empty where nothing did.
    """

    number: int
    failure: Failure
    reason: str
    epochs: int
    best: int
    curves: Float32Array
    confusion: Int32Array
    seconds: float
    trained_by: str = ""

    def packed(self) -> bytes:
        """Return the message."""
        head: dict[str, Any] = {
            "number": self.number, "failure": int(self.failure), "reason": self.reason, "best": self.best,
            "epochs": self.epochs, "seconds": self.seconds, "trained_by": self.trained_by,
            "classes": len(self.confusion),
        }
        line = json.dumps(head).encode()
        return b"\n".join(
            (line, self.curves.astype("<f4").tobytes() + self.confusion.astype("<i4").tobytes())
        )

    @classmethod
    def unpacked(cls, message: bytes) -> "TrainingResult":
        """Read the message. Raises Transient where the child reports that it cannot work, on its machine."""
        line, _, data = message.partition(b"\n")
        head = json.loads(line)
        if "broken" in head:
            raise Transient(head["broken"])
        classes, size = head.pop("classes"), 4 * 4 * head["epochs"]
        return cls(
            curves=np.frombuffer(data[:size], "<f4").reshape(head["epochs"], 4).astype(np.float32),
            confusion=np.frombuffer(data[size:], "<i4").reshape(classes, classes).astype(np.int32),
            failure=Failure(head.pop("failure")), **head,
        )


def failed(number: int, failure: Failure, reason: str) -> TrainingResult:
    """Return the result of a training of which nothing is known but why it failed."""
    return TrainingResult(
        number, failure, reason, epochs=0, best=0, curves=np.zeros((0, 4), np.float32),
        confusion=np.zeros((0, 0), np.int32), seconds=0.0,
    )
