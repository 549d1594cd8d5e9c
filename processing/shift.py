"""A shift advances one run for some seconds, generation after generation.

A generation that takes longer is cut at the end of the turn: the agents that are evaluated are stored, and
the others are left to later turns, in slices. A kill at any moment costs at most the generation under way:
the next worker starts from the last checkpoint and computes the same bits again, as every random draw is a
hash of its address.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from database import services, steps
from database.errors import NO_ANSWER
from database.models import EventLevel, EventType, Instance, InstanceState
from database.outcomes import has_aim
from database.services import Claim, NewEvent, NewSlice
from processing import claims, failures, logs, node, remarks, slices, states
from processing.core.errors import Broken
from processing.core.evaluation_texts import with_storable_texts
from processing.core.evaluations import check, whole
from processing.core.profile import core_profile, numeric_profile
from processing.core.search import checkpoint as checkpoints
from processing.core.search import generation as generations
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import MOST_SLICES, least_size
from processing.core.types import Evaluations, Population, StopReason
from processing.events import events_of
from processing.heartbeat import Heartbeat, StepEnd
from processing.record import record_of
from processing.run import Run

#: After a commit without an answer, the database is asked for so long whether it was done.
REREAD_SECONDS, REREAD_PAUSE_SECONDS = 10.0, 0.25
#: The entry of a run's numeric profile that says by what its networks were trained.
TRAINING = "training"
#: Slices into which a generation is cut whose workers died, while it is not known which agent is the cause.
SLICES_OF_A_POISONED_GENERATION = 16


class Shift:
    """A turn of work on one run, under one claim."""

    def __init__(
        self, claim: Claim, run: Run, heartbeat: Heartbeat, *, until: float,
        watch: Callable[[GenerationResult], None] | None, in_slices: bool,
    ) -> None:
        self.in_slices = in_slices
        self.claim, self.run, self.plan, self.heartbeat, self.watch = claim, run, run.plan, heartbeat, watch
        self.seed = run.instance.seed
        self.is_poisoned = claims.is_poisoned(claim)
        self.until = until  # by the monotonic clock

    def work(self) -> StepEnd:
        """Advance the run until the turn is over, the run has ended, or it waits for its slices.

        A generation that would not end before the turn does is not begun, but for the first one.
        """
        checkpoint = self._last_checkpoint()
        while True:
            began = time.monotonic()
            logs.set_context(generation=checkpoint.next_generation)
            evaluated = self._evaluated(checkpoint)
            if evaluated is None:
                return StepEnd.GOES_ON
            closed = generations.close_generation(
                self.plan, checkpoint, evaluated.population, with_storable_texts(evaluated.evaluations),
                seed=self.seed, threads=self.run.threads, beat=self.heartbeat,
            )
            if settings.GENERATION_PAUSE_SECONDS:
                time.sleep(settings.GENERATION_PAUSE_SECONDS)
            self.heartbeat()
            self.run.instance = self._commit(closed, evaluated)
            self.heartbeat.extended()
            node.count(commits=1, generations=1)
            if self.watch:
                self.watch(closed)
            if self.run.instance.state != InstanceState.RUNNING:
                return StepEnd.DONE
            now = time.monotonic()
            if now + (now - began) > self.until:
                services.release(claim=self.claim)
                return StepEnd.TURN_OVER
            checkpoint, self.is_poisoned = closed.checkpoint, False

    def _last_checkpoint(self) -> Checkpoint:
        data = steps.newest_checkpoint(self.claim.instance_id)
        if data is None and self.run.instance.next_generation:
            raise Broken(
                f"run {self.claim.instance_id}: expected a checkpoint after "
                f"{self.run.instance.next_generation} generations, got none"
            )
        if data is None:
            return generations.begin(self.plan)
        checkpoint = checkpoints.unpack(data, self.plan.genome)
        is_revived = self.run.instance.revived_generation == checkpoint.next_generation
        return generations.revived(self.plan, checkpoint) if is_revived else checkpoint

    def _evaluated(self, checkpoint: Checkpoint) -> "_Evaluated | None":
        """Return the next generation with its evaluations; None where it was handed out in slices."""
        if self.run.instance.pending_slices is not None:
            return self._gathered()
        number, started, started_at = checkpoint.next_generation, time.perf_counter(), services.database_now()
        population = generations.open_generation(
            self.plan, checkpoint, seed=self.seed, beat=self.heartbeat
        )
        self.heartbeat()
        if (handed_out := self._handed_out(population, checkpoint)) is not None:
            self._hand_out(number, handed_out, began_at=started_at)
            return None
        began = time.monotonic()
        evaluations = self.plan.judge.evaluate(
            population.genomes, seed=self.seed, generation=number, threads=self.run.threads,
            beat=self.heartbeat, state=checkpoint.judge, population=len(population),
        )
        check(evaluations, len(population), may_be_fewer=self.in_slices)
        node.count(evaluations=len(evaluations))
        evaluations = whole(evaluations, len(population))
        if len(evaluations) < len(population):
            seconds = time.monotonic() - began
            self._hand_out(
                number,
                slices.begun(self.plan, population, evaluations, seconds=seconds, room=MOST_SLICES),
                began_at=started_at,
            )
            return None
        return _Evaluated(population, evaluations, started_at, time.perf_counter() - started)

    def _gathered(self) -> "_Evaluated":
        """Return the generation that was evaluated in slices; the time in which it waited does not count."""
        population, evaluations = slices.gathered(self.plan, self.run.instance)
        number = self.claim.instance_id
        return _Evaluated(
            population, evaluations, steps.slices_opened_at(number), steps.seconds_of_slices(number)
        )

    def _handed_out(self, population: Population, checkpoint: Checkpoint) -> Iterable[NewSlice] | None:
        """Return the generation in slices; None where this worker evaluates all of it."""
        if self.in_slices and self.plan.judge.trains:
            known = self.plan.judge.known(population.genomes, checkpoint.judge)
            originals = self.plan.judge.originals(population.genomes)
            if all(int(each) in known for each in originals):
                return None  # nothing is trained
            return slices.cut_singly(self.plan, population, known)
        size = self._slice_size(len(population))
        return None if size is None else slices.cut(self.plan, population, size)

    def _slice_size(self, number: int) -> int | None:
        """Return the number of agents in a slice; None where this worker evaluates the whole generation."""
        if not self.in_slices:
            return None
        if self.is_poisoned:
            return max(1, number // SLICES_OF_A_POISONED_GENERATION)
        size = self.run.staged.slice_size
        return None if size is None or size >= number else max(size, least_size(number))

    def _hand_out(self, number: int, new_slices: Iterable[NewSlice], *, began_at: datetime) -> None:
        """Store the generation in slices, of which free workers evaluate those without results.

        They are written in transactions of limited size, and may be claimed when the last one is done.
        """
        pending, is_first = 0, True
        for batch, is_last in slices.with_last(slices.in_batches(new_slices)):
            pending += sum(each.results is None for each in batch)
            with claims.fenced(self.claim) as instance:
                services.add_slices(
                    instance=instance, generation=number, slices=batch, is_first=is_first, began_at=began_at
                )
                event = self._open(instance, pending) if is_last else None
                services.finish_commit(instance=instance, events=[event] if event else [])
            node.count(commits=1)
            if not is_last:
                self.heartbeat()
            is_first = False

    def _open(self, instance: Instance, pending: int) -> NewEvent | None:
        """Let workers claim the slices; return the event where the run is paused instead."""
        instance.profile = node.profile_of(self.plan)
        if self.plan.judge.trains:
            instance.trains_on = str(self.run.staged.facts["sha256"]) if self.run.staged.facts else ""
        services.open_slices(instance=instance, pending=pending)
        return states.paused(instance)

    def _commit(self, closed: GenerationResult, evaluated: "_Evaluated") -> Instance:
        """Commit the generation and return the run.

        Where the database does not answer the commit, it is asked whether the generation is stored.
        """
        try:
            return self._write(closed, evaluated)
        except NO_ANSWER:
            if not self._has_committed(closed):
                raise
        return steps.instance_with_work_item(self.claim.instance_id)

    def _has_committed(self, closed: GenerationResult) -> bool:
        """Whether the generation is stored, by a new connection; False where the database does not answer."""
        deadline = time.monotonic() + REREAD_SECONDS
        while True:
            services.renew_connection()
            try:
                return services.has_committed(
                    claim=self.claim, number=closed.number, digest=closed.checkpoint.digest
                )
            except NO_ANSWER:
                if time.monotonic() > deadline:
                    return False
                time.sleep(REREAD_PAUSE_SECONDS)
                self.heartbeat()

    def _write(self, closed: GenerationResult, evaluated: "_Evaluated") -> Instance:
        """Write the generation and all that belongs to it in one transaction, behind the fence.

        Returns:
            The run, as the transaction leaves it.
        """
        record = record_of(self.run, closed, seconds=evaluated.seconds, started_at=evaluated.started_at)
        with claims.fenced(self.claim) as instance:
            services.close_slices(instance=instance)
            services.record_generation(
                instance=instance, generation=record, keep_every=settings.CHECKPOINT_KEEP_EVERY
            )
            instance.profile = node.profile_of(self.plan)
            warnings = [
                *_profile_change(instance, self.plan, closed.evaluations.trained_by),
                *failures.decided_by_chance(instance, closed, noun=self.plan.problem.noun),
                *remarks.noticed(instance, closed, self.plan.judge),
            ]
            closed = failures.with_reasons(
                self._timed(instance, closed), max_generations=self.plan.stop.max_generations,
                noun=self.plan.problem.noun,
            )
            changed = self._entered(instance, closed)
            services.finish_commit(
                instance=instance, events=[*events_of(closed), *warnings, *([changed] if changed else [])]
            )
        return instance

    def _entered(self, instance: Instance, closed: GenerationResult) -> NewEvent | None:
        """Set the state that follows in the run's row, with the reason where the run has ended.

        Returns:
            The event of the change; None where the state stays.
        """
        if closed.stop is not None:
            instance.stop_reason, instance.stop_explanation = closed.stop.value, closed.explanation
        state = states.following(InstanceState(instance.state), closed.stop)
        if state == InstanceState.FAILED and closed.explanation is not None:
            instance.failure_message = closed.explanation["message"]
        return states.enter(instance, state, aim=has_aim(self.plan.stop.model_dump()))

    def _timed(self, instance: Instance, closed: GenerationResult) -> GenerationResult:
        """Return the same result, stopped where the time limit is reached; such a run is not reproducible."""
        limit = self.plan.stop.max_seconds
        if limit is None or closed.stop is not None or instance.compute_seconds < limit:
            return closed
        instance.reproducible = False
        facts: dict[str, Any] = {
            "generation": closed.number, "best_fitness": instance.best_fitness,
            "champion_fitness": instance.champion_fitness, "seconds": instance.compute_seconds,
        }
        if closed.checkpoint.unconfirmed:
            facts["confirmation"] = dict(closed.checkpoint.unconfirmed)
        stop, explanation = generations.ending_of(
            self.plan, StopReason.TIME_LIMIT, facts, has_died_out=closed.has_died_out
        )
        return replace(closed, stop=stop, explanation=explanation)


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """A generation that is evaluated and not yet closed."""

    population: Population
    evaluations: Evaluations
    started_at: datetime  # by the database's clock
    seconds: float


def _profile_change(instance: Instance, plan: Plan, trained_by: Sequence[str]) -> list[NewEvent]:
    """Store the numeric profile.

    Args:
        trained_by: the profiles of the processes that trained, as JSON; none where nothing was trained.
    Returns:
        A warning where entries that decide the run's bits have changed; otherwise no event.
    """
    before = instance.numeric_profile
    trained = " and ".join(trained_by) or before.get(TRAINING, "")
    now = numeric_profile(plan.packages) | ({TRAINING: trained} if trained else {})
    instance.numeric_profile = now
    deciding = now if plan.is_by_library else core_profile()
    if before.get(TRAINING):
        deciding = deciding | {TRAINING: trained}
    is_equal = not before or all(before.get(name) == value for name, value in deciding.items())
    if is_equal and len(trained_by) < 2:
        return []
    instance.reproducible = False
    return [
        NewEvent(
            EventType.NOTE, "Goes on under another numeric profile.", EventLevel.WARNING,
            data={"before": before}
        )
    ]
