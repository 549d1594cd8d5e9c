"""What most would write first: networks of one search trained one after the other, with PyTorch's defaults.

`python -m benchmarks.peers.training_loop DOCUMENT SEED GENERATIONS`: a line of JSON with the seconds.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from formatting.parse import parse
from processing.core.datasets.images import normalization_of
from processing.core.datasets.source import Split
from processing.core.datasets.store import Store
from processing.core.genomes.cnn.network import Network, Optimizer
from processing.core.limits import Limits
from processing.core.search.plan import plan_of
from processing.core.training.modules import MOMENTUM, MaxPooling, module_of
from staging.stage import stage

OPTIMIZERS = {
    Optimizer.ADAM: torch.optim.Adam, Optimizer.ADAMW: torch.optim.AdamW,
    Optimizer.RMSPROP: torch.optim.RMSprop,
    Optimizer.SGD: lambda weights, lr: torch.optim.SGD(weights, lr=lr, momentum=MOMENTUM),
}


def main(document: str, seed: int, generations: int) -> None:
    """Train the networks that random search draws with this seed, and print the seconds."""
    item = stage(parse(Path(document).read_bytes()), Limits())
    plan = plan_of(item.spec, item.facts)
    data = Store.here().open(item.spec["dataset"]["name"])
    mean, scale = normalization_of(data)
    sets = {
        split: TensorDataset(
            torch.from_numpy((data.images[split].astype(np.float32) - mean) * scale),
            torch.from_numpy(data.labels[split].astype(np.int64)),
        )
        for split in (Split.TRAIN, Split.VALIDATION)
    }
    networks = [
        network for generation in range(generations)
        for network in plan.genome.networks(
            plan.genome.random(plan.population_size, seed=seed, generation=generation)
        )
    ]
    shape, classes = data.manifest.shape, len(data.manifest.classes)
    _train(networks[0], sets, shape, classes, 1)  # what happens once
    began = time.monotonic()
    best = max(_train(each, sets, shape, classes, item.spec["training"]["epochs"]) for each in networks)
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "networks": len(networks), "best": best}))


def _train(
    network: Network, sets: dict[Split, TensorDataset], shape: tuple[int, int, int], classes: int,
    epochs: int
) -> float:
    """Train a network and return its validation accuracy."""
    layers = module_of(network, shape, classes)
    module = nn.Sequential(*(nn.MaxPool2d(2) if isinstance(each, MaxPooling) else each for each in layers))
    optimizer = OPTIMIZERS[network.optimizer](module.parameters(), lr=network.learning_rate)
    loss_of, accuracy = nn.CrossEntropyLoss(), 0.0
    train = DataLoader(sets[Split.TRAIN], batch_size=network.batch_size, shuffle=True)
    validation = DataLoader(sets[Split.VALIDATION], batch_size=256)
    for _ in range(epochs):
        module.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = loss_of(module(images), labels)
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.no_grad():
            right = sum(int((module(images).argmax(1) == labels).sum()) for images, labels in validation)
        accuracy = right / len(sets[Split.VALIDATION])
    return accuracy


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
