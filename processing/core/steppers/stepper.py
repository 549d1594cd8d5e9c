"""The evaluation of rollouts in Gymnasium environments, in a separate process: see `serve.py`.

LANES rollouts run side by side; each step evaluates all networks at once and then steps the environments in
turn. A rollout depends only on its genome and its address, never on the others. Before and after every call
of an environment the process writes the number of the rollout to shared memory, so that the parent knows
which rollout hangs or crashed. The returned value is checked within the call, as reading it may also raise or
never end.
"""

import contextlib
import importlib
import json
import os
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from processing.core import rng
from processing.core.children.messages import NO_JOB
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.foreign.parameters import GymnasiumParameters
from processing.core.environments.foreign.spaces import Reader, Writer, described
from processing.core.genomes import GENOMES
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import LANES
from processing.core.packed import unpack_values
from processing.core.parameters import STORED
from processing.core.rollouts.kernel import Rollouts, rollouts_of, workspace
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.observation_moments import observation_terms
from processing.core.rollouts.single_step import respond, settle
from processing.core.steppers import global_generators, interface
from processing.core.steppers.reports import Reports
from processing.core.types import Failure, Float32Array, Float64Array, Purpose, RemarkKind

MOST_SEED = 2**31 - 1


@dataclass(slots=True)
class Rollout:
    """One episode of one agent."""

    number: int  # in the task
    place: int  # of its genome in the message
    agent: int  # index in its generation
    episode: int
    total: float = 0.0
    steps: int = 0
    environment: Any = None
    call: str = interface.MAKE  # the last call of its environment
    remarks: list[tuple[str, str]] = field(default_factory=list)  # kind and sentence, see `Remark`
    sums: Float64Array = field(default_factory=lambda: np.zeros(0))  # (2 I + 1,) see `observation_moments.py`


class Stepper:
    """Evaluates rollouts of one genome kind in one environment.

    Args:
        end: socket to the parent.
        marks: shared memory, (2,) int64: the rollout whose environment is being called or -1, and the number
            of calls.
        setup: environment, facts, genome kind and network, as the judge `foreign` writes them.
    """

    def __init__(self, end: socket.socket, marks: Any, setup: dict[str, Any]) -> None:
        self.reports, self.marks = Reports(end), marks
        parameters = GymnasiumParameters.model_validate_json(json.dumps(setup["environment"]), context=STORED)
        self.foreign = Foreign(parameters, setup["facts"])
        if parameters.id not in catalogue.entries():
            _import_modules()
        genomes = GENOMES[setup["genome"]]
        # This judge's genome kinds are of networks, which their table does not say.
        self.kind = cast(NetworkKind, genomes.of(
            genomes.Parameters.model_validate_json(json.dumps(setup["network"]), context=STORED),
            input_shape=self.foreign.input_shape, output_shape=self.foreign.output_shape,
        ))
        self.reader, self.writer = Reader(self.foreign.observation), Writer(self.foreign.action)
        self.settle, self.respond = compiled(settle, self.kind.parts), compiled(respond, self.kind.parts)
        self.sampled = self.writer.is_choice and self.kind.output == "softmax"
        self.spare: list[Any] = []  # environments that are reused after a reset
        self.render_mode: str | None = None  # as Gymnasium takes it; see `recorder.py`
        self.most_steps = self.foreign.max_steps  # of an episode
        self.is_checked = False

    def evaluate(self, data: bytes) -> None:
        """Evaluate the rollouts of one message, and report each shortly after it has ended.

        Where a global generator moves, the unreported ones are evaluated again, one at a time.
        """
        head, values = unpack_values(data, self.kind)
        self.reports.begin()
        try:
            self._evaluate(head, values)
        except global_generators.Moved:
            self.reports.begin_again()
            self._evaluate(head, values)
            self.reports.end_careful()

    def _evaluate(self, head: dict[str, Any], values: dict[str, Any]) -> None:
        waiting = deque(Rollout(*each) for each in head["rollouts"] if not self.reports.is_sent(each[0]))
        lanes: list[Rollout | None] = [None] * LANES
        try:
            self._evaluate_in_lanes(lanes, waiting, head, values)
        except global_generators.Moved:
            for rollout in filter(None, lanes):
                self._release(rollout, is_reusable=False)
            raise

    def _evaluate_in_lanes(
        self, lanes: list[Rollout | None], waiting: deque[Rollout], head: dict[str, Any],
        values: dict[str, Any]
    ) -> None:
        prepared = self.kind.prepared(values["genomes"])
        work, clock = workspace(self.foreign, prepared), 0
        seen = np.zeros((LANES, self.foreign.inputs), np.float32)
        inputs = work.scratch[: seen.size].reshape(-1, LANES)
        outputs = np.zeros((self.foreign.outputs, LANES), np.float32)
        policy = self._policy(head)
        normalization = Normalization(values["mean"], values["scale"]) if "mean" in values else None
        while True:
            for lane in range(1 if self.reports.is_careful else LANES):
                while lanes[lane] is None and waiting:
                    lanes[lane] = self._begun(waiting.popleft(), policy, seen[lane])
                    rollout = lanes[lane]
                    if rollout is not None:
                        work.keys[lane] = rng.agent_key(policy.policy, rollout.agent, rollout.episode)
                        work.born[lane] = clock
                        self.settle(prepared.genomes, prepared.network, work, rollout.place, lane)
            alive = [lane for lane in range(LANES) if lanes[lane] is not None]
            if not alive:
                self.reports.send(at_once=True)
                return
            self._observe(lanes, seen)
            inputs[:] = (seen if normalization is None else normalization.of(seen)).T
            self.respond(prepared.genomes, prepared.network, work, policy, clock, outputs.reshape(-1))
            commands = work.commands[: outputs.size].reshape(-1, LANES)
            actions = self.writer.actions(work.actions, outputs, commands)
            for lane in alive:
                rollout = lanes[lane]
                assert rollout is not None
                if self._has_ended(rollout, actions[lane], seen[lane]):
                    lanes[lane], work.alive[lane] = None, 0
            self.reports.send(at_once=False)
            clock += 1

    def _policy(self, head: dict[str, Any]) -> Rollouts:
        """Return how actions are chosen, and how random draws are addressed."""
        return rollouts_of(
            self.foreign, self.kind, seed=head["seed"], generation=head["generation"],
            purpose=Purpose(head["purpose"]), first=0, last=0, origin=0, sampled=self.sampled,
        )

    def _begun(self, rollout: Rollout, policy: Rollouts, row: Float32Array) -> Rollout | None:
        """Make or reuse an environment and reset it; return the rollout, or None where that failed.

        The first observation is written to `row`, (I,) float32.
        """
        whose = 0 if policy.common else rollout.agent
        key = int(rng.agent_key(policy.starts, whose, rollout.episode))
        self.reports.seed(key)
        try:
            with self._called(rollout):
                rollout.environment = self.spare.pop() if self.spare else self._made()
                rollout.call = interface.RESET
                interface.read_reset(rollout.environment.reset(seed=key % MOST_SEED), self.reader, row)
        except BaseException as error:
            self._report(rollout, error)
            return None
        if self.foreign.parameters.normalize_observations:
            rollout.sums = np.zeros(2 * self.foreign.inputs + 1)
        return rollout

    def _has_ended(self, rollout: Rollout, action: Any, row: Float32Array) -> bool:
        """Carry out one step, write the observation to `row`, (I,), and return whether the rollout ended."""
        try:
            with self._called(rollout):
                rollout.call = interface.STEP
                observation, reward, is_over = interface.read_step(rollout.environment.step(action))
                rollout.total += reward
                rollout.steps += 1
                interface.read_observation(observation, self.reader, row, rollout.call)
        except BaseException as error:
            self._report(rollout, error)
            return True
        if is_over or rollout.steps >= self.most_steps:
            self._report(rollout, None)
            return True
        return False

    def _made(self) -> Any:
        """Make an environment; the first time, check that its spaces are those of the accepted work item."""
        from processing.core.environments.foreign.making import made

        parameters, facts = self.foreign.parameters, self.foreign.facts
        found = made(
            parameters.id, parameters.kwargs, parameters.wrappers or (), max_steps=self.foreign.max_steps,
            render_mode=self.render_mode,
        )
        if not self.is_checked:
            now = [described(found.observation_space), described(found.action_space, is_action=True)]
            if json.loads(json.dumps(now)) != json.loads(json.dumps([facts["observation"], facts["action"]])):
                message = "Its spaces are no longer those that the work item was accepted with."
                raise interface.NotAsAgreed(message)
            self.is_checked = True
        return found

    @contextlib.contextmanager
    def _called(self, rollout: Rollout) -> Iterator[None]:
        """Mark in shared memory that the environment of a rollout is being called."""
        self.marks[0] = rollout.number
        self.marks[1] += 1
        try:
            yield
        finally:
            self.marks[0] = NO_JOB

    def _observe(self, lanes: list[Rollout | None], seen: Float32Array) -> None:
        """Remark observations that are not finite; where normalised, add observations to sums of rollouts."""
        if not np.isfinite(seen).all():
            _remark_what_is_not_finite(lanes, seen)
        if not self.foreign.parameters.normalize_observations:
            return
        for lane, rollout in enumerate(lanes):
            if rollout is not None:
                rollout.sums += observation_terms(seen[lane])

    def _report(self, rollout: Rollout, error: BaseException | None) -> None:
        """Queue the result of a rollout, and keep its environment if it can be reused."""
        self._release(rollout, is_reusable=error is None)
        if self.reports.has_drawn():
            rollout.remarks.append((RemarkKind.GLOBAL_GENERATORS, ""))
        with self._called(rollout):
            reason = None if error is None else interface.reason_of(rollout.call, error)
        line = json.dumps({
            "rollout": rollout.number, "total": rollout.total, "steps": rollout.steps, "reason": reason,
            "failure": int(_failure_of(error)), "remarks": rollout.remarks,
        })
        self.reports.add(rollout.number, line.encode() + b"\n" + self._payload(rollout))

    def _release(self, rollout: Rollout, *, is_reusable: bool) -> None:
        """Keep the environment of a rollout for another one, or close it."""
        with contextlib.suppress(BaseException), self._called(rollout):
            environment, rollout.environment = rollout.environment, None
            if is_reusable and self.foreign.facts["reused"]:
                self.spare.append(environment)
            elif environment is not None:
                environment.close()
            del environment

    def _payload(self, rollout: Rollout) -> bytes:
        """Return the bytes that follow the result of a rollout: its sums."""
        return rollout.sums.tobytes()


def _remark_what_is_not_finite(lanes: list[Rollout | None], seen: Float32Array) -> None:
    """Add a remark to each rollout that observes a number that is not finite for the first time."""
    for lane in np.flatnonzero(~np.isfinite(seen).all(axis=1)):
        rollout = lanes[lane]
        if rollout is not None and not any(what == RemarkKind.NOT_FINITE for what, _ in rollout.remarks):
            sentence = interface.not_finite_text(rollout.call, rollout.steps, seen[lane])
            rollout.remarks.append((RemarkKind.NOT_FINITE, sentence))


def _failure_of(error: BaseException | None) -> Failure:
    """Return the failure of an agent whose environment raised an error."""
    if error is None:
        return Failure.NONE
    return Failure.OUT_OF_MEMORY if isinstance(error, MemoryError) else Failure.ENVIRONMENT_ERROR


def _import_modules() -> None:
    """Import the operator's modules, which register environments."""
    global_generators.seed(global_generators.AT_IMPORT)
    for module in filter(
        None, (name.strip() for name in os.environ.get("ENVIRONMENT_MODULES", "").split(","))
    ):
        importlib.import_module(module)
