"""Measures evosax and gymnax (JAX on the CPU): 4-16-2 networks in CartPole.

Runs in a virtual environment of its own.
"""

import json
import sys
import time

sys.path.pop(0)  # this file has the library's name

import jax
import jax.numpy as jnp
from evosax.problems.networks import MLP
from evosax.problems.rl.gymnax import GymnaxProblem

known = {}


def prepare(layers, steps):
    """Compile the evaluation of given networks; return the seconds until its first result.

    layers: for each layer the weights (agents, inputs, outputs) and biases (agents, outputs).
    """
    started = time.perf_counter()
    policy = MLP(layer_sizes=(16, 2), output_fn=lambda outputs, key: jnp.argmax(outputs))
    problem = GymnaxProblem(
        "CartPole-v1", policy, episode_length=steps, num_rollouts=1, use_normalize_obs=False
    )
    key, size = jax.random.key(0), len(layers[0][1])
    genomes = {"params": {
        f"Dense_{number}": {"kernel": jnp.array(weights), "bias": jnp.array(biases)}
        for number, (weights, biases) in enumerate(layers)
    }}
    state = problem.init(key)
    fitness, _, _ = problem.eval(key, genomes, state)
    fitness.block_until_ready()
    known.update(problem=problem, genomes=genomes, state=state, size=size, steps=steps)
    return {"seconds": time.perf_counter() - started, "useful": float(jnp.sum(fitness))}


def generation(seconds):
    """Return all steps and useful steps per CPU second of the prepared generation."""
    useful, calls, started = 0.0, 0, time.process_time()
    while calls == 0 or time.process_time() - started < seconds:
        fitness, _, _ = known["problem"].eval(jax.random.key(calls), known["genomes"], known["state"])
        useful += float(jnp.sum(fitness))
        calls += 1
    passed = time.process_time() - started
    return {"run": calls * known["size"] * known["steps"] / passed, "useful": useful / passed}


QUESTIONS = {"ready": lambda: jax.__version__, "prepare": prepare, "generation": generation}

for line in sys.stdin:
    values = json.loads(line)
    print(json.dumps(QUESTIONS[values.pop("question")](**values)), flush=True)
