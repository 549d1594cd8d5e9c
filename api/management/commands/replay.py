"""`manage.py replay RUN`: an episode of a run's champion, or of another agent, seen again: its numbers, its
frames as a GIF.
"""

import json as json_format
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from api.management.agents import add_run_and_agent, found_agent
from api.management.arguments import number
from database.errors import NotFound
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.errors import Broken, Refused, Transient
from processing.core.json_values import finite
from processing.core.kinds import kind_of
from processing.core.steppers.film import gif as gif_of
from processing.core.steppers.recording import Recording
from processing.logs import printable
from processing.replays import genome_of, normalization_of
from processing.run import plan_of_work_item

REFUSED, CANNOT_START = 2, 3


class Command(BaseCommand):
    """Replay an episode in this process and its children, without a server; nothing is stored."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments `run`, `--agent`, `--episode`, `--gif` and `--json`."""
        add_run_and_agent(parser)
        parser.add_argument(
            "--episode", type=number, default=0, help="which of its episodes, from 0; 0 where left out"
        )
        parser.add_argument("--gif", metavar="FILE", help="write its frames as an animated GIF")
        parser.add_argument(
            "--json", action="store_true", help="print the trajectory as one JSON object, and nothing else"
        )

    def handle(
        self, *, run: int, agent: tuple[int, ...] | None, episode: int, gif: str | None, json: bool, **_: Any
    ) -> None:
        """Replay the episode and print it.

        Exit code 2 where there is no such episode, where it failed, or where it has no frames; 3 where the
        database cannot be used.
        """
        try:
            instance, record = found_agent(run, agent)
            recording = _replayed(instance, record, episode, pictures=gif is not None)
            if json:
                print(json_format.dumps(_as_json(record, episode, recording), allow_nan=False))
            elif recording.trajectory is not None:
                print(_summary(record, episode, recording))
            if gif is not None:
                _write(gif, recording)
                if not json:
                    print(f"{printable(gif)}: {len(recording.film.pictures) if recording.film else 0} frames")
            failure = recording.reason or (recording.undrawn if gif is not None else None)
        except (NotFound, Refused, Broken, Transient, OSError) as error:
            print(printable(str(error)), file=sys.stderr)
            sys.exit(REFUSED)
        except DatabaseError as error:
            print(f"The database cannot be used: {printable(str(error))}", file=sys.stderr)
            sys.exit(CANNOT_START)
        if failure is not None:
            print(printable(failure), file=sys.stderr)
            sys.exit(REFUSED)


def _replayed(instance: Instance, record: AgentRecord, episode: int, *, pictures: bool) -> Recording:
    """Replay the episode here, or in a child process where the environment needs one. Raises Refused."""
    plan = plan_of_work_item(instance.work_item)
    plan.judge.replays.check_episode(episode)
    genome = genome_of(instance.pk, record.generation, record.index)
    address: dict[str, Any] = {
        "seed": instance.seed, "generation": record.generation, "agent": record.index, "episode": episode,
    }
    if plan.judge.replays.is_recorded:
        normalization = normalization_of(plan, instance.pk, record.generation)
        return plan.judge.replays.record(genome, **address, normalization=normalization, pictures=pictures)
    if pictures:
        raise Refused(
            f"Frames are drawn by environments in child processes. {_name(instance)} is part of this "
            "program, and is drawn on the run's page only."
        )
    if (reason := plan.judge.replays.refusal(genome)) is not None:
        raise Refused(reason)
    return Recording(plan.judge.replays.episode(genome, **address), None, None, None)


def _name(instance: Instance) -> str:
    spec = instance.work_item.spec
    problem, values = kind_of(spec).problem_in(spec)
    return problem.name(values)


def _write(file: str, recording: Recording) -> None:
    """Write the frames. Raises Refused where there are none."""
    if recording.film is None:
        raise Refused(recording.undrawn or recording.reason or "There are no frames of this episode.")
    Path(file).write_bytes(gif_of(recording.film))


def _as_json(record: AgentRecord, episode: int, recording: Recording) -> dict[str, Any]:
    """Return the fields of GraphQL's `Episode`; numbers that are not finite are null."""
    trajectory = recording.trajectory
    fields: dict[str, Any] = {
        "agent": record.name, "fitness": record.fitness, "episode": episode, "reason": recording.reason
    }
    if trajectory is None:
        return fields | {"return": None, "steps": 0, "trajectory": None}
    observations = [finite(row) for row in trajectory.observations]
    return fields | {
        "return": trajectory.total, "steps": trajectory.steps,
        "terminated": trajectory.terminated, "truncated": trajectory.truncated, "trajectory": {
            "actions": finite(trajectory.actions), "rewards": trajectory.rewards,
            "positions": trajectory.positions,
            "observations": observations if len(observations) == trajectory.steps else None,
        },
    }


def _summary(record: AgentRecord, episode: int, recording: Recording) -> str:
    trajectory = recording.trajectory
    assert trajectory is not None
    ending = (
        "ended by the environment" if trajectory.terminated
        else "ended by the step limit" if trajectory.truncated else "shown up to there"
    )
    return (
        f"agent {record.name}, episode {episode}: {trajectory.steps:,} steps, return {trajectory.total:g}, "
        f"{ending}"
    )
