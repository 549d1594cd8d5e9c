"""The kernel that evaluates rollouts of any genome kind in any compiled environment.

LANES episodes run side by side; when one ends, its lane starts the next. The functions marked as slots belong
to an environment or a genome kind and are bound by `compiled`. A kernel allocates nothing (all buffers are
arguments) and is compiled without numba's reference counting: counting references to the arrays that parts
pass on costs atomic instructions in every step.
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
    """Environment: set the state of one lane (integers, floats, bits) to the start of an episode.

    `key` is the uint64 key of the environment's draws in this episode.
    """


@slot
def fill_observation(world, work):
    """Environment: write the agents' observations to the first rows of work.scratch, (inputs, LANES)."""


@slot
def fill_actions(work, rollouts, y, clock):
    """Environment: convert the outputs to actions, in work.actions or work.commands; see `actions.py`.

    The outputs are in work.scratch from index y on.
    """


@slot
def fill_step(world, work, clock):
    """Environment: make one step in each lane that is alive, and return how many episodes ended with it.

    It adds the reward to work.returns and sets work.over of a lane whose episode terminates.
    """


@slot
def fill_end(world, work, lane, rollout, ends):
    """Environment: write the final values of an episode to its entries of `ends`, unless `ends` is empty."""


@slot
def fill_memory(genomes, network, work, agent, lane):
    """Genome kind: write the data of one agent's genome to a lane of work.memory and work.program.

    It also clears the recurrent state that the lane's previous network left.
    """


@slot
def fill_outputs(genomes, network, work):
    """Genome kind: compute the outputs from the inputs, which are the first rows of work.scratch.

    It returns the index in work.scratch where the outputs start.
    """


class KernelInputs(NamedTuple):
    """The genomes of a group of agents in the form of the kernels, and the buffer rows needed per lane."""

    genomes: Any  # in the form that the genome kind's slots expect
    network: Any  # the same
    rows: int  # rows of memory
    scratch_rows: int
    program_rows: int = 0


class Rollouts(NamedTuple):
    """The rollouts of one call of the kernel, and the addresses of their draws."""

    number: int  # of rollouts; those of one agent are adjacent
    episodes: int  # of each agent
    first: int  # index in the genomes of the agent of rollout 0
    origin: int  # the index in its generation of the first of the genomes
    policy: np.uint64  # key prefix of the draws that choose actions
    starts: np.uint64  # key prefix of the draws that an environment makes
    common: bool  # whether all agents have the same episodes
    sampled: bool  # whether actions are drawn from the outputs
    outputs: int  # of the networks
    range: int  # of the outputs, a value of `actions.Range`
    limit: int  # steps of an episode


def rollouts_of(
    environment: Any, genome_kind: Any, *,
    seed: int, generation: int, purpose: Purpose, first: int, last: int, origin: int, sampled: bool,
) -> Rollouts:
    """Describe the episodes of agents first..last - 1.

    Episodes for another purpose than EPISODE have fresh starts and fresh draws of actions, and differ between
    agents even where the environment has common episodes.

    Args:
        environment, genome_kind: they determine episodes per agent, step limit and outputs.
        seed, generation, purpose: the address of the draws.
        first, last: the range of agents, as indices in the genomes of the call.
        origin: the index in its generation of the first of the genomes.
        sampled: whether actions are drawn from the outputs.
    """
    is_fresh = purpose != Purpose.EPISODE
    return Rollouts(
        number=(last - first) * environment.episodes, episodes=environment.episodes, first=first,
        origin=origin,
        policy=np.uint64(derive_prefix(seed, purpose if is_fresh else Purpose.POLICY, generation)),
        starts=np.uint64(
            derive_prefix(seed, Purpose.FRESH_START if is_fresh else Purpose.EPISODE, generation)
        ),
        common=environment.has_common_episodes and not is_fresh, sampled=sampled, outputs=environment.outputs,
        range=int(genome_kind.output_range), limit=environment.max_steps,
    )


class Workspace(NamedTuple):
    """The buffers of one caller of the kernel, flat. L is LANES."""

    memory: Float32Array  # (rows, L) each lane's genome, as the genome kind needs it
    scratch: Float32Array  # (rows, L) inputs, and intermediate values of the genome kind
    program: Int32Array  # (rows, L) integers of the genome kind
    integers: Int32Array  # (rows, L) the integers of the environment's state
    floats: Float32Array  # (rows, L) its float32 numbers
    bits: UInt64Array  # (L, words) its bits, lane by lane
    actions: Int32Array  # (L,) the next action of each rollout, where actions are discrete
    commands: Float32Array  # (outputs, L) the same in [-1, 1], where they are continuous
    chances: Float32Array  # (L,) uniform draws of one step
    returns: Float64Array  # (L,) sum of rewards so far
    owner: Int64Array  # (L,) number of the rollout in a lane
    agents: Int64Array  # (L,) index in the genomes of its agent
    born: Int64Array  # (L,) the kernel's step count at its first step
    keys: UInt64Array  # (L,) key of the draws that choose its actions
    alive: UInt8Array  # (L,) whether a rollout is running
    over: UInt8Array  # (L,) whether the environment terminated it


def workspace(environment: Any, prepared: KernelInputs) -> Workspace:
    """Allocate the buffers of one caller of the kernel, all 0.

    Every buffer starts on a cache line of 64 bytes, so that no vector crosses one.
    """
    f4, f8, i4, i8, u8, u1 = np.float32, np.float64, np.int32, np.int64, np.uint64, np.uint8
    rows: list[tuple[Any, int]] = [
        (f4, prepared.rows), (f4, prepared.scratch_rows), (i4, prepared.program_rows),
        (i4, environment.integers), (f4, environment.floats), (u8, environment.bits), (i4, 1),
        (f4, environment.outputs), (f4, 1), (f8, 1), (i8, 1),
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
    """The `fill_end` of an environment without final values: nothing is written."""


@kernel
def fill_rollouts(genomes, network, world, work, rollouts, ticket, fitness, steps, ends, progress, budget):
    """Evaluate rollouts 0..rollouts.number - 1, as many of them as this caller gets tickets for.

    It returns after `budget` steps of its clock; called again with the same arguments, it goes on as if it
    had not returned. The entries of a rollout are filled when it has ended, and its steps are at least 1.

    Rollout i is episode i % episodes of agent first + i // episodes of the genomes. Its draws are those of
    agent origin + first + i // episodes of the generation. Every entry depends on its rollout only.

    Args:
        genomes, network: the fields of KernelInputs.
        world: the environment's constants.
        work: the Workspace of this caller.
        rollouts: what is evaluated.
        ticket: (1,) int64 counter that all callers share, 0 at first.
        fitness: (number,) float64, filled with the return of each rollout.
        steps: (number,) int32, filled with the length of each rollout in steps.
        ends: (number * environment.ends,) float32, filled with the final values; (0,) where they are not
            needed.
        progress: (2,) int64 of this caller, 0 at first: the clock, and the number of lanes that are alive.
        budget: steps of the clock, at least 1.
    Returns:
        Whether nothing is left for this caller.
    """
    clock, running = np.int64(get(progress, 0)), np.int64(get(progress, 1))
    if clock == 0:
        for lane in range(LANES):
            fill_start(world, work, lane, np.uint64(0))
    last, deadline, ended = clock + budget, clock, 0
    while True:
        if ended > 0 or clock == deadline:
            deadline = min(clock + rollouts.limit, last)
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
                    agent, episode = (
                        rollouts.first + rollout // rollouts.episodes, rollout % rollouts.episodes
                    )
                    put(work.owner, lane, rollout)
                    put(work.agents, lane, agent)
                    put(work.keys, lane, agent_key(rollouts.policy, rollouts.origin + agent, episode))
                    put(work.born, lane, clock)
                    put(work.over, lane, 0)
                    put(work.returns, lane, 0.0)
                    starting_agent = 0 if rollouts.common else rollouts.origin + agent
                    fill_start(world, work, lane, agent_key(rollouts.starts, starting_agent, episode))
                    fill_memory(genomes, network, work, agent, lane)
            if running == 0 or clock == last:
                put(progress, 0, clock)
                put(progress, 1, running)
                return running == 0
        fill_observation(world, work)
        y = fill_outputs(genomes, network, work)
        fill_actions(work, rollouts, y, clock)
        ended = fill_step(world, work, clock)
        clock += 1
