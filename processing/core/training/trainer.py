"""One training: a network learns from images, epoch after epoch, and is scored on others.

The same network, images, settings and seed give the same bits in every process with the same numeric profile.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from processing.core.datasets.images import augmented, batches, divided, normalization_of, order
from processing.core.datasets.parameters import Augment
from processing.core.datasets.prepared import Prepared
from processing.core.errors import Broken
from processing.core.genomes.cnn.network import GENES, Network, network_of
from processing.core.training.messages import CURVES, Job, Setup, TrainingResult, failed
from processing.core.training.modules import module_of, optimizer_of
from processing.core.types import Failure, Int32Array, Int64Array, UInt8Array

#: Images that are scored at a time, and numbers of these: fewer images where they are large.
SCORED_AT_ONCE, SCORED_NUMBERS = 256, 1 << 20
#: Classes above which no confusion matrix is made: its size grows with their square.
MOST_CONFUSED = 100
#: What PyTorch says where the machine gives it no more memory.
_NO_MEMORY = ("not enough memory", "allocate memory", "bad_alloc")


class Trainer:
    """Trains networks with the images and settings of one setup.

    Raises:
        Broken: the data set is not the one that is asked for.
    """

    def __init__(self, setup: Setup, *, trained_by: str = "") -> None:
        self.setup, self.trained_by = setup, trained_by
        self.data = Prepared.open(Path(setup.folder))
        if self.data.manifest.sha256 != setup.sha256:
            raise Broken(f"the data set {self.data.name} is not the one that this run began with")
        self.train, self.validation = divided(
            self.data, validation_fraction=setup.validation_fraction, train_limit=setup.train_limit
        )
        self.classes = len(self.data.manifest.classes)
        self._answers = self.validation.labels[self.validation.places].astype(np.int64)
        self._mean, self._scale = map(torch.from_numpy, normalization_of(self.data))

    def result(self, job: Job, progress: Callable[[], None]) -> TrainingResult:
        """Train a network and return what came of it.

        Args:
            progress: called after every batch.
        """
        began = time.monotonic()
        network = network_of(np.frombuffer(job.genome, GENES)[0])
        try:
            return self._trained(network, job, progress, began)
        except MemoryError:
            pass
        except RuntimeError as error:
            if not any(words in str(error) for words in _NO_MEMORY):
                raise
        return failed(job.number, Failure.OUT_OF_MEMORY, "Its training needs more memory than there is.")

    def _trained(
        self, network: Network, job: Job, progress: Callable[[], None], began: float
    ) -> TrainingResult:
        torch.manual_seed(job.seed)
        module = module_of(network, self.data.manifest.shape, self.classes)
        optimizer = optimizer_of(network, module.parameters())
        curves: list[tuple[float, float, float, float]] = []
        best, confusion, patience = 0, np.zeros((0, 0), np.int32), self.setup.early_stopping_epochs
        failure, reason = Failure.NONE, ""
        for epoch in range(self.setup.epochs):
            learned = self._epoch(module, optimizer, network.batch_size, job.seed, epoch, progress)
            loss, predicted = self._scored(module, progress)
            is_right = predicted == self._answers
            curves.append((*learned, loss, float(np.mean(is_right))))
            if not np.isfinite(curves[-1]).all():
                failure = Failure.NON_FINITE_FITNESS
                reason = f"Its loss was not finite in epoch {epoch + 1}."
                break
            if patience is None or epoch == 0 or curves[-1][3] > curves[best][3]:
                best, confusion = epoch, self._confusion(predicted)
            if patience is not None and epoch - best >= patience:
                break
        return TrainingResult(
            job.number, failure, reason, epochs=len(curves), best=best,
            curves=np.array(curves, np.float32).reshape(-1, len(CURVES)), confusion=confusion,
            seconds=time.monotonic() - began, trained_by=self.trained_by,
        )

    def _epoch(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, size: int, seed: int, epoch: int,
        progress: Callable[[], None]
    ) -> tuple[float, float]:
        """Train on every image once; return the mean loss and the accuracy, as they were at each batch."""
        module.train()
        total, right, seen = torch.zeros(()), torch.zeros((), dtype=torch.int64), 0
        for chosen in batches(order(seed, epoch, len(self.train)), size):
            pixels, given = self.train.batch(chosen)
            pixels = augmented(pixels, Augment(self.setup.augment), seed, epoch, chosen)
            labels = torch.from_numpy(given.astype(np.int64))
            optimizer.zero_grad()
            logits = module(self._inputs(pixels))
            loss = nn.functional.cross_entropy(logits, labels)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(chosen)
            right += (logits.detach().argmax(1) == labels).sum()
            seen += len(chosen)
            progress()
        return float(total) / seen, int(right) / seen

    @torch.inference_mode()
    def _scored(self, module: nn.Module, progress: Callable[[], None]) -> tuple[float, Int64Array]:
        """Return the mean loss over the validation images, and the class that is predicted for each."""
        module.eval()
        total, predicted = 0.0, np.zeros(len(self.validation), np.int64)
        at_once = max(1, min(SCORED_AT_ONCE, SCORED_NUMBERS // math.prod(self.data.manifest.shape)))
        for first in range(0, len(self.validation), at_once):
            chosen = np.arange(first, min(first + at_once, len(self.validation)))
            pixels, labels = self.validation.batch(chosen)
            logits = module(self._inputs(pixels))
            loss = nn.functional.cross_entropy(
                logits, torch.from_numpy(labels.astype(np.int64)), reduction="sum"
            )
            total += loss.item()
            predicted[chosen] = logits.argmax(1).numpy()
            progress()
        return total / len(self.validation), predicted

    def _inputs(self, pixels: UInt8Array) -> torch.Tensor:
        """Return images as networks get them: normalised by the channels' means and deviations."""
        return torch.from_numpy(pixels).float().sub_(self._mean).mul_(self._scale)

    def _confusion(self, predicted: Int64Array) -> Int32Array:
        """Return (K, K) int32: validation images by class, and by predicted class."""
        if self.classes > MOST_CONFUSED:
            return np.zeros((0, 0), np.int32)
        pairs = np.bincount(self._answers * self.classes + predicted, minlength=self.classes**2)
        found: Int32Array = pairs.reshape(self.classes, self.classes).astype(np.int32)
        return found
