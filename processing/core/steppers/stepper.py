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
from processing.core.rollouts.kernel import Lives, lives_of, workspace
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.observation_moments import noted
from processing.core.rollouts.single_step import respond, settle
from processing.core.steppers import global_generators, interface
from processing.core.steppers.reports import Reports
from processing.core.types import Failure, Float32Array, Float64Array, Noticed, Purpose

NOBODY = -1
MOST_SEED = 2**31 - 1


@dataclass(slots=True)
class Life:
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


class Child:
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

    def live(self, data: bytes) -> None:
        """Live the lives of one message, and tell of each a short while after it has ended.

        Where a global generator moves, those that were not told of yet are lived again, one at a time.
        """
        head, values = unpack_values(data, self.kind)
        self.reports.begin()
        try:
            self._live(head, values)
        except global_generators.Moved:
            self.reports.begin_again()
            self._live(head, values)
            self.reports.end_careful()

    def _live(self, head: dict[str, Any], values: dict[str, Any]) -> None:
        waiting = deque(Life(*each) for each in head["lives"] if not self.reports.is_sent(each[0]))
        lanes: list[Life | None] = [None] * LANES
        try:
            self._live_in(lanes, waiting, head, values)
        except global_generators.Moved:
            for life in filter(None, lanes):
                self._leave(life, is_reusable=False)
            raise

    def _live_in(
        self, lanes: list[Life | None], waiting: deque[Life], head: dict[str, Any], values: dict[str, Any]
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
                    life = lanes[lane]
                    if life is not None:
                        work.keys[lane], work.born[lane] = rng.life_key(policy.policy, life.agent, life.episode), clock
                        self.settle(prepared.genomes, prepared.network, work, life.place, lane)
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
                life = lanes[lane]
                assert life is not None
                if self._has_ended(life, actions[lane], seen[lane]):
                    lanes[lane], work.alive[lane] = None, 0
            self.reports.send(at_once=False)
            clock += 1

    def _policy(self, head: dict[str, Any]) -> Lives:
        """How actions are chosen, and how draws are addressed."""
        return lives_of(
            self.foreign, self.kind, seed=head["seed"], generation=head["generation"], purpose=Purpose(head["purpose"]),
            first=0, last=0, origin=0, sampled=self.sampled,
        )

    def _begun(self, life: Life, policy: Lives, row: Float32Array) -> Life | None:
        """The life at its first observation; None where it failed there."""
        whose = 0 if policy.common else life.agent
        key = int(rng.life_key(policy.starts, whose, life.episode))
        self.reports.seed(key)
        try:
            with self._called(life):
                life.environment = self.spare.pop() if self.spare else self._made()
                life.call = interface.RESET
                interface.read_reset(life.environment.reset(seed=key % MOST_SEED), self.reader, row)
        except BaseException as error:
            self._tell(life, error)
            return None
        if self.foreign.parameters.normalize_observations:
            life.sums = np.zeros(2 * self.foreign.inputs + 1)
        return life

    def _has_ended(self, life: Life, action: Any, row: Float32Array) -> bool:
        """One step of one life; whether that was its last."""
        try:
            with self._called(life):
                life.call = interface.STEP
                observation, reward, is_over = interface.read_step(life.environment.step(action))
                life.total += reward
                life.steps += 1
                interface.read_observation(observation, self.reader, row, life.call)
        except BaseException as error:
            self._tell(life, error)
            return True
        if is_over or life.steps >= self.most_steps:
            self._tell(life, None)
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
    def _called(self, life: Life) -> Iterator[None]:
        """An environment is called for this life, and has answered or raised when this ends."""
        self.marks[0] = life.number
        self.marks[1] += 1
        try:
            yield
        finally:
            self.marks[0] = NOBODY

    def _note(self, lanes: list[Life | None], seen: Float32Array) -> None:
        """Remark what is not finite; add what is seen to the sums of each life, where it is normalised."""
        if not np.isfinite(seen).all():
            _remark_what_is_not_finite(lanes, seen)
        if not self.foreign.parameters.normalize_observations:
            return
        for lane, life in enumerate(lanes):
            if life is not None:
                life.sums += noted(seen[lane])

    def _tell(self, life: Life, error: BaseException | None) -> None:
        """What became of a life is told soon; its environment is kept where a reset makes it as new."""
        self._leave(life, is_reusable=error is None)
        if self.reports.has_drawn():
            life.remarks.append((Noticed.GLOBAL_GENERATORS, ""))
        with self._called(life):
            reason = None if error is None else interface.reason_of(life.call, error)
        line = json.dumps({
            "life": life.number, "total": life.total, "steps": life.steps, "reason": reason,
            "failure": int(_failure_of(error)), "remarks": life.remarks,
        })
        self.reports.add(life.number, line.encode() + b"\n" + self._payload(life))

    def _leave(self, life: Life, *, is_reusable: bool) -> None:
        """The life's environment is kept for another one, or closed."""
        with contextlib.suppress(BaseException), self._called(life):
            environment, life.environment = life.environment, None
            if is_reusable and self.foreign.facts["reused"]:
                self.spare.append(environment)
            elif environment is not None:
                environment.close()
            del environment

    def _payload(self, life: Life) -> bytes:
        """What is told of a life besides."""
        return life.sums.tobytes()


def _remark_what_is_not_finite(lanes: list[Life | None], seen: Float32Array) -> None:
    """The first time that a life observes a number that is not finite, it is remarked."""
    for lane in np.flatnonzero(~np.isfinite(seen).all(axis=1)):
        life = lanes[lane]
        if life is not None and not any(what == Noticed.NOT_FINITE for what, _ in life.remarks):
            sentence = interface.not_finite_words(life.call, life.steps, seen[lane])
            life.remarks.append((Noticed.NOT_FINITE, sentence))


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
