"""The one kernel that lives lives: any environment with any genome kind.

LANES lives run side by side; a life that ends makes room for the next one. The functions marked as slots belong to an
environment or a genome kind and are bound by `compiled`. A kernel allocates nothing (all buffers come in) and is
compiled without numba's reference counting: counting the arrays that parts hand on costs atomic instructions in every
step.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, empty-body, assignment"

from typing import Any, NamedTuple

import numpy as np

from processing.core.kernels.lanes import LANES, get, put, take_ticket
from processing.core.kernels.roles import kernel, part, slot
from processing.core.rng import UInt64Array, agent_key, derive_prefix
from processing.core.types import Float32Array, Float64Array, Int32Array, Int64Array, Purpose, UInt8Array


@slot
def fill_start(world, work, lane, key):
    """Environment: put the state of one lane (integers, floats, bits) at the start of an episode; key is that of its draws."""


@slot
def fill_observation(world, work):
    """Environment: write what the agents see to work.scratch, (inputs, LANES)."""


@slot
def fill_actions(work, rollouts, y, clock):
    """Environment: from the outputs, in work.scratch from y on, to work.actions or work.commands; see `actions.py`."""


@slot
def fill_step(world, work, clock):
    """Environment: one step of each living lane; add its reward to work.returns, set work.over where it ends; how many
    end."""


@slot
def fill_end(world, work, lane, rollout, ends):
    """Environment: write what a life came to, where anybody asks (ends is not empty), to its numbers in ends."""


@slot
def fill_memory(genomes, network, work, agent, lane):
    """Genome kind: write what is needed of one agent's genome to a lane of work.memory and work.program, and forget what
    the lane's last network remembered."""


@slot
def fill_outputs(genomes, network, work):
    """Genome kind: from the inputs, the first rows of work.scratch, to the outputs; the index in scratch where they
    start."""


class KernelInputs(NamedTuple):
    """The genomes of a group of agents as kernels take them, and the room that they need in each lane."""

    genomes: Any  # what the genome kind's slots know
    network: Any  # the same
    rows: int  # of memory
    scratch_rows: int
    program_rows: int = 0


class Rollouts(NamedTuple):
    """Which lives are lived, and how their draws are addressed."""

    number: int  # lives, those of one agent side by side
    episodes: int  # of each agent
    first: int  # the agent of life 0 among the genomes
    origin: int  # the index in its generation of the first of the genomes
    policy: np.uint64  # key prefix of the draws that choose actions
    starts: np.uint64  # key prefix of the draws that an environment makes
    common: bool  # whether all agents meet the same episodes
    sampled: bool  # whether actions are drawn from the outputs
    outputs: int  # of the networks
    range: int  # of `actions.Range`: where they lie
    limit: int  # steps of an episode


def rollouts_of(
    environment: Any, genome_kind: Any, *,
    seed: int, generation: int, purpose: Purpose, first: int, last: int, origin: int, sampled: bool,
) -> Rollouts:
    """The episodes of agents first..last-1; `origin` is the index in its generation of the first of the genomes.

    Episodes for another purpose than EPISODE have fresh starts and fresh draws of actions, and are common to nobody.
    """
    is_fresh = purpose != Purpose.EPISODE
    return Rollouts(
        number=(last - first) * environment.episodes, episodes=environment.episodes, first=first, origin=origin,
        policy=np.uint64(derive_prefix(seed, purpose if is_fresh else Purpose.POLICY, generation)),
        starts=np.uint64(derive_prefix(seed, Purpose.FRESH_START if is_fresh else Purpose.EPISODE, generation)),
        common=environment.has_common_episodes and not is_fresh, sampled=sampled, outputs=environment.outputs,
        range=int(genome_kind.output_range), limit=environment.max_steps,
    )


class Workspace(NamedTuple):
    """The buffers of one call of the kernel, flat. L is LANES."""

    memory: Float32Array  # (rows, L) what the genome kind keeps of each lane's genome
    scratch: Float32Array  # (rows, L) inputs, and what the genome kind needs
    program: Int32Array  # (rows, L) whole numbers that the genome kind keeps
    integers: Int32Array  # (rows, L) the environment's state in whole numbers
    floats: Float32Array  # (rows, L) and in others
    bits: UInt64Array  # (L, words) the environment's bits of a life
    actions: Int32Array  # (L,) what each life does next, where it chooses
    commands: Float32Array  # (outputs, L) the same from -1 to 1, where it does not
    chances: Float32Array  # (L,) uniform draws of one step
    returns: Float64Array  # (L,) sum of rewards so far
    owner: Int64Array  # (L,) the life in a lane
    agents: Int64Array  # (L,) and whose it is
    born: Int64Array  # (L,) the kernel's clock at its first step
    keys: UInt64Array  # (L,) the key of its draws
    alive: UInt8Array  # (L,) whether there is a life
    over: UInt8Array  # (L,) whether the environment ended it


def workspace(environment: Any, prepared: KernelInputs) -> Workspace:
    """Zeros; every buffer starts on a cache line, so that no vector lies across two of them."""
    f4, f8, i4, i8, u8, u1 = np.float32, np.float64, np.int32, np.int64, np.uint64, np.uint8
    rows: list[tuple[Any, int]] = [
        (f4, prepared.rows), (f4, prepared.scratch_rows), (i4, prepared.program_rows), (i4, environment.integers),
        (f4, environment.floats), (u8, environment.bits), (i4, 1), (f4, environment.outputs), (f4, 1), (f8, 1), (i8, 1),
        (i8, 1), (i8, 1), (u8, 1), (u1, 1), (u1, 1),
    ]
    sizes = [-(-np.dtype(kind).itemsize * count * LANES // 64) * 64 for kind, count in rows]
    block = np.zeros(sum(sizes) + 64, np.uint8)
    at, buffers = -block.ctypes.data % 64, []
    for (kind, count), size in zip(rows, sizes, strict=True):
        buffers.append(block[at : at + size].view(kind)[: count * LANES])
        at += size
    return Workspace(*buffers)


@part
def fill_no_end(world, work, lane, rollout, ends):
    """`fill_end` of an environment that has nothing to say."""


@kernel
def fill_rollouts(genomes, network, world, work, rollouts, ticket, fitness, steps, ends):
    """Live lives 0..lives.number-1, as many of them as this caller gets tickets for, to their ends.

    Life number i is episode i % episodes of agent first + i // episodes, whose draws are those of agent origin + first +
    i // episodes of its generation. fitness (float64) and steps (int32) get one entry per life, ends (float32) as many as
    the environment says, or none where it is empty; every entry depends on that life alone.
    """
    clock, running, deadline, ended = 0, 0, 0, LANES
    for lane in range(LANES):
        fill_start(world, work, lane, np.uint64(0))
    while True:
        if ended > 0 or clock == deadline:
            deadline = clock + rollouts.limit
            for lane in range(LANES):
                was_alive = np.int64(get(work.alive, lane))
                if was_alive:
                    age = clock - get(work.born, lane)
                    if get(work.over, lane) == 0 and age < rollouts.limit:
                        deadline = min(deadline, get(work.born, lane) + rollouts.limit)
                        continue
                    rollout = get(work.owner, lane)
                    put(fitness, rollout, get(work.returns, lane))
                    put(steps, rollout, age)
                    fill_end(world, work, lane, rollout, ends)
                elif clock > 0:
                    continue
                rollout = take_ticket(ticket)
                is_alive = np.int64(rollout < rollouts.number)
                running += is_alive - was_alive
                put(work.alive, lane, is_alive)
                if is_alive:
                    agent, episode = rollouts.first + rollout // rollouts.episodes, rollout % rollouts.episodes
                    put(work.owner, lane, rollout)
                    put(work.agents, lane, agent)
                    put(work.keys, lane, agent_key(rollouts.policy, rollouts.origin + agent, episode))
                    put(work.born, lane, clock)
                    put(work.over, lane, 0)
                    put(work.returns, lane, 0.0)
                    whose = 0 if rollouts.common else rollouts.origin + agent
                    fill_start(world, work, lane, agent_key(rollouts.starts, whose, episode))
                    fill_memory(genomes, network, work, agent, lane)
            if running == 0:
                return
        fill_observation(world, work)
        y = fill_outputs(genomes, network, work)
        fill_actions(work, rollouts, y, clock)
        ended = fill_step(world, work, clock)
        clock += 1
