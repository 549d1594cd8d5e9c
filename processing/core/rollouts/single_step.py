"""Networks that are asked one step at a time, for worlds that no kernel knows: LANES observations in, their outputs back.

The same parts as in `rollout`, in the same order, so that the same observations bring the same bits.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from processing.core.kernels.lanes import LANES, load, put, store
from processing.core.kernels.roles import kernel
from processing.core.rollouts.actions import fill_choice, fill_commands
from processing.core.rollouts.kernel import fill_memory, fill_outputs


@kernel
def settle(genomes, network, work, agent, lane):
    """Put an agent's network into a lane, where it remembers nothing."""
    put(work.alive, lane, 1)
    put(work.agents, lane, agent)
    fill_memory(genomes, network, work, agent, lane)


@kernel
def respond(genomes, network, work, rollouts, clock, outputs):
    """From the inputs, the first rows of work.scratch, to outputs, (outputs, LANES) flat, to work.commands and to
    work.actions; see `actions.py`. A lane's key of draws and its first step lie in work.keys and work.born."""
    y = fill_outputs(genomes, network, work)
    for k in range(rollouts.outputs):
        store(outputs, k * LANES, load(work.scratch, y + k * LANES))
    fill_commands(work, rollouts, y, clock)
    fill_choice(work, rollouts, y, clock)
