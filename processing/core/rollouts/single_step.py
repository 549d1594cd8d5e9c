"""Single steps of LANES networks, for environments that are not compiled.

The same parts as in `kernel.py` are called in the same order, so that equal observations give equal bits.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from processing.core.kernels.lanes import LANES, load, put, store
from processing.core.kernels.roles import kernel
from processing.core.rollouts.actions import fill_choice, fill_commands
from processing.core.rollouts.kernel import fill_memory, fill_outputs


@kernel
def settle(genomes, network, work, agent, lane):
    """Load an agent's network into a lane, with cleared recurrent state.

    Args:
        genomes, network: the fields of KernelInputs.
        work: the Workspace, changed in this lane.
        agent: index of the agent in the genomes.
        lane: 0..LANES - 1.
    """
    put(work.alive, lane, 1)
    put(work.agents, lane, agent)
    fill_memory(genomes, network, work, agent, lane)


@kernel
def respond(genomes, network, work, rollouts, clock, outputs):
    """Compute outputs and actions from the inputs, which are the first rows of work.scratch, (inputs, LANES).

    A lane's key of draws and the clock of its first step are read from work.keys and work.born.

    Args:
        genomes, network: the fields of KernelInputs.
        work: the Workspace; work.commands and work.actions are filled, see `actions.py`.
        rollouts: the description of outputs and of the action rule.
        clock: the current step count.
        outputs: (outputs * LANES,) float32, filled with the networks' outputs, one vector per output.
    """
    y = fill_outputs(genomes, network, work)
    for k in range(rollouts.outputs):
        store(outputs, k * LANES, load(work.scratch, y + k * LANES))
    fill_commands(work, rollouts, y, clock)
    fill_choice(work, rollouts, y, clock)
