"""The one kernel that lives lives: any environment with any genome kind.

LANES lives run side by side; a life that ends makes room for the next one. The functions marked as slots belong to an
environment or a genome kind and are bound by `compiled`. A kernel allocates nothing (all buffers come in) and is
compiled without numba's reference counting: counting the arrays that parts hand on costs atomic instructions in every
step.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, empty-body, assignment"

from typing import Any, NamedTuple

import numpy as np

from processing.core.build import kernel, part, slot
from processing.core.lanes import LANES, fill, get, load, put, store, store_whole, take_ticket, where_greater
from processing.core.numeric import ONE, ZERO, exp
from processing.core.rng import UInt64Array, life_key, uniform_part
from processing.core.types import Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array


@slot
def fill_start(world, wholes, notes, lane):
    """Environment: put the state of one lane at the start of an episode."""


@slot
def fill_observation(world, wholes, notes, x):
    """Environment: write what the agents see to x, (inputs, LANES) float32, flat."""


@slot
def fill_step(world, wholes, notes, alive, actions, returns, over):
    """Environment: one step of each living lane; add its reward to returns, set over where it ends; how many end."""


@slot
def fill_memory(genomes, network, agent, memory, lane):
    """Genome kind: write what is needed of one agent's genome to a lane of memory, (rows, LANES) float32, flat."""


@slot
def fill_outputs(genomes, network, agents, alive, memory, scratch):
    """Genome kind: from the inputs, the first rows of scratch, to the outputs; the index in scratch where they
    start."""


class Workspace(NamedTuple):
    """The buffers of one call of the kernel, flat. L is LANES."""

    memory: Float32Array  # (rows, L) what the genome kind keeps of each lane's genome
    scratch: Float32Array  # (rows, L) inputs, and what the genome kind needs
    wholes: Int32Array  # (rows, L) the environment's state
    notes: UInt64Array  # (L, words) the environment's notes of a life
    actions: Int32Array  # (L,) what each life does next
    chances: Float32Array  # (L,) uniform draws of one step
    returns: Float64Array  # (L,) sum of rewards so far
    owner: Int64Array  # (L,) the life in a lane
    agents: Int64Array  # (L,) and whose it is
    born: Int64Array  # (L,) the kernel's clock at its first step
    keys: UInt64Array  # (L,) the key of its draws
    alive: UInt8Array  # (L,) whether there is a life
    over: UInt8Array  # (L,) whether the environment ended it


def workspace(environment: Any, genome_kind: Any) -> Workspace:
    """Zeros; every buffer starts on a cache line, so that no vector lies across two of them."""
    f4, f8, i4, i8, u8, u1 = np.float32, np.float64, np.int32, np.int64, np.uint64, np.uint8
    rows: list[tuple[Any, int]] = [
        (f4, genome_kind.rows), (f4, genome_kind.scratch_rows), (i4, environment.wholes), (u8, environment.notes),
        (i4, 1), (f4, 1), (f8, 1), (i8, 1), (i8, 1), (i8, 1), (u8, 1), (u1, 1), (u1, 1),
    ]
    sizes = [-(-np.dtype(kind).itemsize * count * LANES // 64) * 64 for kind, count in rows]
    block = np.zeros(sum(sizes) + 64, np.uint8)
    at, buffers = -block.ctypes.data % 64, []
    for (kind, count), size in zip(rows, sizes, strict=True):
        buffers.append(block[at : at + size].view(kind)[: count * LANES])
        at += size
    return Workspace(*buffers)


@kernel
def rollout(
    genomes, network, world, work, episodes, first, origin, lives, prefix, sampled, outputs, limit, ticket, fitness, steps
):
    """Live lives 0..lives-1, as many of them as this caller gets tickets for, to their ends.

    Life number i is episode i % episodes of agent first + i // episodes, whose draws are those of agent origin + first +
    i // episodes of its generation. fitness (float64) and steps (int32) get one entry per life; every entry depends on
    that life alone.
    """
    clock, living, deadline, ended = 0, 0, 0, LANES
    for lane in range(LANES):
        fill_start(world, work.wholes, work.notes, lane)
    while True:
        if ended > 0 or clock == deadline:
            deadline = clock + limit
            for lane in range(LANES):
                was_alive = np.int64(get(work.alive, lane))
                if was_alive:
                    age = clock - get(work.born, lane)
                    if get(work.over, lane) == 0 and age < limit:
                        deadline = min(deadline, get(work.born, lane) + limit)
                        continue
                    life = get(work.owner, lane)
                    put(fitness, life, get(work.returns, lane))
                    put(steps, life, age)
                elif clock > 0:
                    continue
                life = take_ticket(ticket)
                is_alive = np.int64(life < lives)
                living += is_alive - was_alive
                put(work.alive, lane, is_alive)
                if is_alive:
                    agent = first + life // episodes
                    put(work.owner, lane, life)
                    put(work.agents, lane, agent)
                    put(work.keys, lane, life_key(prefix, origin + agent, life % episodes))
                    put(work.born, lane, clock)
                    put(work.over, lane, 0)
                    put(work.returns, lane, 0.0)
                    fill_start(world, work.wholes, work.notes, lane)
                    fill_memory(genomes, network, agent, work.memory, lane)
            if living == 0:
                return
        fill_observation(world, work.wholes, work.notes, work.scratch)
        y = fill_outputs(genomes, network, work.agents, work.alive, work.memory, work.scratch)
        if sampled:
            for lane in range(LANES):
                age = clock - get(work.born, lane)
                put(work.chances, lane, uniform_part(get(work.keys, lane), age))
            store_whole(work.actions, 0, sample(work.scratch, y, outputs, load(work.chances, 0)))
        else:
            store_whole(work.actions, 0, best(work.scratch, y, outputs))
        ended = fill_step(world, work.wholes, work.notes, work.alive, work.actions, work.returns, work.over)
        clock += 1


@part
def best(y, at, outputs):
    """The number of the largest output, the first of equals, in each lane as float32; nothing is larger than NaN."""
    top, action, number = load(y, at), fill(ZERO), fill(ONE)
    for k in range(1, outputs):
        one = load(y, at + k * LANES)
        action = where_greater(one, top, number, action)
        top = where_greater(one, top, one, top)
        number = number + ONE
    return action


@part
def sample(y, at, outputs, chance):
    """An output drawn with the probabilities of a softmax, in each lane as float32; chance is uniform in [0, 1).

    y becomes e^(y - largest). The action is the number of outputs but the last whose cumulative sum is not above
    chance * sum.
    """
    top = load(y, at)
    for k in range(1, outputs):
        one = load(y, at + k * LANES)
        top = where_greater(one, top, one, top)
    total = fill(ZERO)
    for k in range(outputs):
        weight = exp(load(y, at + k * LANES) - top)
        store(y, at + k * LANES, weight)
        total = total + weight
    bar, action, reached = chance * total, fill(ZERO), fill(ZERO)
    for k in range(outputs - 1):
        reached = reached + load(y, at + k * LANES)
        action = action + where_greater(reached, bar, ZERO, ONE)
    return action
