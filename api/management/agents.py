"""The arguments of commands that name a run and one of its agents."""

from argparse import ArgumentParser

from api.management.arguments import agent_address, number
from database import selectors
from database.errors import NotFound
from database.models import Instance
from database.selectors import AgentRecord


def add_run_and_agent(parser: ArgumentParser) -> None:
    """Add the arguments `run` and `--agent` to a command."""
    parser.add_argument("run", type=number, help="the run's number")
    parser.add_argument(
        "--agent", type=agent_address, metavar="G-I",
        help="generation and index, or RUN-G-I; the champion where left out"
    )


def found_agent(run: int, agent: tuple[int, ...] | None) -> tuple[Instance, AgentRecord]:
    """Return a run and one of its agents, the champion where `agent` is None.

    Raises:
        NotFound: there is no such run, it has no such agent, or the name is that of another run's agent.
    """
    instance = selectors.instance(run)
    if instance is None:
        raise NotFound(f"There is no run {run}.")
    if agent is not None and len(agent) == 3 and agent[0] != run:
        raise NotFound(f"Agent {'-'.join(map(str, agent))} is one of run {agent[0]}, not of run {run}.")
    record = selectors.champion(instance) if agent is None else selectors.agent(run, *agent[-2:])
    if record is None:
        raise NotFound(f"Run {run} has no {'champion yet' if agent is None else 'such agent'}.")
    return instance, record
