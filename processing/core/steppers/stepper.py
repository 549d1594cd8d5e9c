"""What lives lives in environments of Gymnasium, in a process of its own: see `serve.py`.

LANES lives run side by side; each step asks all networks at once and then steps one environment after the other. A life
depends on its genome and its address alone, never on what runs beside it. Before and after every call of an environment
the process notes in shared memory whose it is, so that whoever waits knows which life hangs or crashed. What an environment
returns is looked at within the call: that, too, may raise or never end.
"""

import contextlib
import importlib
import json
import os
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processing.core import rng
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
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.observation_moments import noted
from processing.core.rollouts.single_step import respond, settle
from processing.core.steppers import global_generators, interface
from processing.core.steppers.reports import Reports
from processing.core.types import Failure, Float32Array, Float64Array, Noticed, Purpose

NOBODY = -1
MOST_SEED = 2**31 - 1


@dataclass(slots=True)
class Rollout:
    """One episode of one agent."""

    number: int  # among those of the generation that are asked for
    place: int  # of its genome among those that came with it
    agent: int  # in its generation
    episode: int
    total: float = 0.0
    steps: int = 0
    environment: Any = None
    call: str = interface.MAKE  # what of its environment was called last
    remarks: list[tuple[str, str]] = field(default_factory=list)  # kind and sentence, see `Remark`
    sums: Float64Array = field(default_factory=lambda: np.zeros(0))  # (2 I + 1,) see `observation_moments.py`


class Stepper:
    """The lives of one genome kind in one environment."""

    def __init__(self, end: socket.socket, marks: Any, setup: dict[str, Any]) -> None:
        self.reports, self.marks = Reports(end), marks
        parameters = GymnasiumParameters.model_validate_json(json.dumps(setup["environment"]), context=STORED)
        self.foreign = Foreign(parameters, setup["facts"])
        if parameters.id not in catalogue.entries():
            _import_modules()
        genomes: Any = GENOMES[setup["genome"]]
        self.kind = genomes(
            genomes.Parameters.model_validate_json(json.dumps(setup["network"]), context=STORED),
            inputs=self.foreign.inputs, outputs=self.foreign.outputs,
        )
        self.reader, self.writer = Reader(self.foreign.observation), Writer(self.foreign.action)
        self.settle, self.respond = compiled(settle, self.kind.parts), compiled(respond, self.kind.parts)
        self.sampled = self.writer.is_choice and self.kind.parameters.output == "softmax"
        self.spare: list[Any] = []  # environments that a reset makes as new
        self.render_mode: str | None = None  # as Gymnasium takes it; see `recorder.py`
        self.most_steps = self.foreign.max_steps  # of an episode
        self.is_checked = False

    def evaluate(self, data: bytes) -> None:
        """Live the lives of one message, and tell of each a short while after it has ended.

        Where a global generator moves, those that were not told of yet are lived again, one at a time.
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
                self._leave(rollout, is_reusable=False)
            raise

    def _evaluate_in_lanes(
        self, lanes: list[Rollout | None], waiting: deque[Rollout], head: dict[str, Any], values: dict[str, Any]
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
                        work.keys[lane], work.born[lane] = rng.agent_key(policy.policy, rollout.agent, rollout.episode), clock
                        self.settle(prepared.genomes, prepared.network, work, rollout.place, lane)
            alive = [lane for lane in range(LANES) if lanes[lane] is not None]
            if not alive:
                self.reports.send(at_once=True)
                return
            self._note(lanes, seen)
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
        """How actions are chosen, and how draws are addressed."""
        return rollouts_of(
            self.foreign, self.kind, seed=head["seed"], generation=head["generation"], purpose=Purpose(head["purpose"]),
            first=0, last=0, origin=0, sampled=self.sampled,
        )

    def _begun(self, rollout: Rollout, policy: Rollouts, row: Float32Array) -> Rollout | None:
        """The life at its first observation; None where it failed there."""
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
        """One step of one life; whether that was its last."""
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
        """A new environment; its spaces are those that the work item was accepted with."""
        from processing.core.environments.foreign.making import made

        parameters, facts = self.foreign.parameters, self.foreign.facts
        found = made(
            parameters.id, parameters.kwargs, parameters.wrappers or (), max_steps=self.foreign.max_steps,
            render_mode=self.render_mode,
        )
        if not self.is_checked:
            now = [described(found.observation_space), described(found.action_space, is_action=True)]
            if json.loads(json.dumps(now)) != json.loads(json.dumps([facts["observation"], facts["action"]])):
                told = "Its spaces are no longer those that the work item was accepted with."
                raise interface.NotAsAgreed(told)
            self.is_checked = True
        return found

    @contextlib.contextmanager
    def _called(self, rollout: Rollout) -> Iterator[None]:
        """An environment is called for this life, and has answered or raised when this ends."""
        self.marks[0] = rollout.number
        self.marks[1] += 1
        try:
            yield
        finally:
            self.marks[0] = NOBODY

    def _note(self, lanes: list[Rollout | None], seen: Float32Array) -> None:
        """Remark what is not finite; add what is seen to the sums of each life, where it is normalised."""
        if not np.isfinite(seen).all():
            _remark_what_is_not_finite(lanes, seen)
        if not self.foreign.parameters.normalize_observations:
            return
        for lane, rollout in enumerate(lanes):
            if rollout is not None:
                rollout.sums += noted(seen[lane])

    def _report(self, rollout: Rollout, error: BaseException | None) -> None:
        """What became of a life is told soon; its environment is kept where a reset makes it as new."""
        self._leave(rollout, is_reusable=error is None)
        if self.reports.has_drawn():
            rollout.remarks.append((Noticed.GLOBAL_GENERATORS, ""))
        with self._called(rollout):
            reason = None if error is None else interface.reason_of(rollout.call, error)
        line = json.dumps({
            "rollout": rollout.number, "total": rollout.total, "steps": rollout.steps, "reason": reason,
            "failure": int(_failure_of(error)), "remarks": rollout.remarks,
        })
        self.reports.add(rollout.number, line.encode() + b"\n" + self._payload(rollout))

    def _leave(self, rollout: Rollout, *, is_reusable: bool) -> None:
        """The life's environment is kept for another one, or closed."""
        with contextlib.suppress(BaseException), self._called(rollout):
            environment, rollout.environment = rollout.environment, None
            if is_reusable and self.foreign.facts["reused"]:
                self.spare.append(environment)
            elif environment is not None:
                environment.close()
            del environment

    def _payload(self, rollout: Rollout) -> bytes:
        """What is told of a life besides."""
        return rollout.sums.tobytes()


def _remark_what_is_not_finite(lanes: list[Rollout | None], seen: Float32Array) -> None:
    """The first time that a life observes a number that is not finite, it is remarked."""
    for lane in np.flatnonzero(~np.isfinite(seen).all(axis=1)):
        rollout = lanes[lane]
        if rollout is not None and not any(what == Noticed.NOT_FINITE for what, _ in rollout.remarks):
            sentence = interface.not_finite_words(rollout.call, rollout.steps, seen[lane])
            rollout.remarks.append((Noticed.NOT_FINITE, sentence))


def _failure_of(error: BaseException | None) -> Failure:
    """What an environment's error makes of its agent."""
    if error is None:
        return Failure.NONE
    return Failure.OUT_OF_MEMORY if isinstance(error, MemoryError) else Failure.ENVIRONMENT_ERROR


def _import_modules() -> None:
    """What the operator adds to the registry."""
    global_generators.seed(global_generators.AT_IMPORT)
    for module in filter(None, (name.strip() for name in os.environ.get("ENVIRONMENT_MODULES", "").split(","))):
        importlib.import_module(module)
