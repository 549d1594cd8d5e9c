"""Measures EvoTorch: 4-16-2 networks in Gymnasium's CartPole. Runs in a virtual environment of its own."""

import json
import logging
import sys
import time

sys.path.pop(0)  # this file has the library's name

import torch
from evotorch import SolutionBatch
from evotorch.neuroevolution import GymNE

logging.disable(logging.INFO)
known = {}


def prepare(layers, steps):
    """Prepare given networks; return the seconds until their first result.

    layers: for each layer the weights (agents, inputs, outputs) and biases (agents, outputs).
    """
    torch.set_num_threads(1)
    started = time.perf_counter()
    problem = GymNE(
        "CartPole-v1", "Linear(obs_length, 16) >> Tanh() >> Linear(16, act_length)", episode_length=steps,
        initial_bounds=(-1.0, 1.0),
    )
    arrays = [
        array for weights, biases in layers
        for array in (torch.tensor(weights).transpose(1, 2), torch.tensor(biases))
    ]
    size = len(arrays[0])
    batch = SolutionBatch(problem, popsize=size, empty=True)
    batch.set_values(torch.cat([array.reshape(size, -1) for array in arrays], dim=1))
    problem.evaluate(batch)
    known.update(problem=problem, values=batch.values.clone(), size=size)
    return {"seconds": time.perf_counter() - started, "useful": float(batch.evals[:, 0].sum())}


def generation(seconds):
    """Return the steps per CPU second of the prepared generation; all of them are useful."""
    useful, started = 0.0, time.process_time()
    while useful == 0.0 or time.process_time() - started < seconds:
        batch = SolutionBatch(known["problem"], popsize=known["size"], empty=True)
        batch.set_values(known["values"])
        known["problem"].evaluate(batch)
        useful += float(batch.evals[:, 0].sum())
    rate = useful / (time.process_time() - started)
    return {"run": rate, "useful": rate}


QUESTIONS = {"ready": lambda: torch.__version__, "prepare": prepare, "generation": generation}

for line in sys.stdin:
    values = json.loads(line)
    print(json.dumps(QUESTIONS[values.pop("question")](**values)), flush=True)
