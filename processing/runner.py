"""The shell around the loop: claim, compute between transactions, commit each generation, hand over.

A shift advances one instance for some seconds. A kill at any moment costs at most the generation under way: the next
worker starts from the last checkpoint and, as every draw has an address, computes the same bits again.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import InterfaceError, OperationalError

from database import packing, services, steps
from database.errors import Fenced
from database.models import EventLevel, EventType, Instance, InstanceState
from database.services import Claim, NewEvent, NewGeneration
from processing import lifecycle
from processing.core import checkpoint as checkpoints
from processing.core import generation as generations
from processing.core.checkpoint import Checkpoint
from processing.core.errors import Broken, Refused, Transient
from processing.core.generation import Closed
from processing.core.plan import Plan, plan_of
from processing.core.profile import numeric_profile
from processing.core.types import Evaluations, Population, StopReason
from processing.events import events_of
from staging.staged_item import load

log = logging.getLogger(__name__)

#: The lease is extended at most this often while agents are evaluated, as a part of its length.
EXTEND_AFTER = 0.25
#: Agents are evaluated in chunks of about this time; the lease is extended between them. How they are cut changes no bit.
CHUNK_SECONDS = 1.0
FEWEST_AGENTS, MOST_AGENTS_AT_FIRST = 16, 1_024
#: Weights times steps that a slow core surely does in a second.
SURE_SPEED = 500_000_000


def work_shift(
    instance_id: int, *, seconds: float | None = None, threads: int | None = None,
    watch: Callable[[Closed], None] | None = None,
) -> bool:
    """Advance an instance for one shift, or to its end; True when there is more to do and it is ours to continue.

    Args:
        seconds: length of the shift; the setting's where None.
        threads: cores to evaluate on; this worker's share of the machine where None.
        watch: called after each commit.
    """
    claim = lifecycle.claim(instance_id)
    if claim is None:
        return False
    try:
        if lifecycle.begin(claim) != InstanceState.RUNNING:
            return False
        return _Shift(claim, seconds, threads, watch).work()
    except Fenced as fenced:
        log.info("%s", fenced)
    except (Refused, Broken) as error:
        lifecycle.fail(claim, str(error))
    except (OperationalError, InterfaceError, Transient) as error:
        log.warning("run %s: %s; the sweep will try again", instance_id, error)
        lifecycle.give_up(claim)
    except MemoryError:
        lifecycle.fail(claim, "The machine ran out of memory. Make the population or the network smaller.")
    except Exception:
        number = secrets.token_hex(6)
        log.exception("trouble %s: run %s", number, instance_id)
        lifecycle.fail(claim, f"Something went wrong here; it is not your fault. The log tells more under {number}.")
    return False


class _Shift:
    """One turn of work on one instance."""

    def __init__(
        self, claim: Claim, seconds: float | None, threads: int | None, watch: Callable[[Closed], None] | None
    ) -> None:
        self.claim, self.watch = claim, watch
        self.ends_at = time.monotonic() + (settings.SHIFT_SECONDS if seconds is None else seconds)
        self.extended_at = time.monotonic()
        self.instance: Instance = steps.instance_with_work_item(claim.instance_id)
        self.staged = load(self.instance.work_item.staged, settings.SECRET_KEY.encode())
        self.plan: Plan = plan_of(self.staged.spec)
        share = max(1, (os.cpu_count() or 1) // settings.NUMBER_OF_WORKERS)
        self.threads = threads or settings.EVALUATION_THREADS or share

    def work(self) -> bool:
        """Generation after generation until the shift is over or the run has ended."""
        checkpoint = self._last_checkpoint()
        while True:
            started, started_at = time.perf_counter(), services.database_now()
            population = generations.open_generation(self.plan, checkpoint, seed=self.instance.seed)
            evaluations = self._evaluate(population, checkpoint.next_generation)
            closed = generations.close_generation(
                self.plan, checkpoint, population, evaluations, seed=self.instance.seed
            )
            seconds = time.perf_counter() - started
            if settings.GENERATION_PAUSE_SECONDS:
                time.sleep(settings.GENERATION_PAUSE_SECONDS)
            state = self._commit(closed, seconds, started_at)
            if self.watch:
                self.watch(closed)
            if state != InstanceState.RUNNING:
                return False
            if time.monotonic() >= self.ends_at:
                services.release(claim=self.claim)
                return True
            checkpoint = closed.checkpoint

    def _last_checkpoint(self) -> Checkpoint:
        data = steps.newest_checkpoint(self.claim.instance_id)
        return generations.begin(self.plan) if data is None else checkpoints.unpack(data, self.plan.genome)

    def _evaluate(self, population: Population, number: int) -> Evaluations:
        """All agents, chunk by chunk; the lease is extended only between chunks, so only while there is progress."""
        parts: list[Evaluations] = []
        first, size = 0, self._first_chunk()
        while first < len(population):
            started, last = time.monotonic(), min(first + size, len(population))
            parts.append(
                self.plan.judge.evaluate(
                    population.genomes, seed=self.instance.seed, generation=number, first=first, last=last,
                    threads=self.threads,
                )
            )
            first = last
            size = 2 * size if time.monotonic() - started < CHUNK_SECONDS / 2 else max(size // 2, FEWEST_AGENTS)
            self._keep_lease()
        if len(parts) == 1:
            return parts[0]
        return Evaluations(
            fitness=np.concatenate([part.fitness for part in parts]),
            steps=np.concatenate([part.steps for part in parts]),
            failures=np.concatenate([part.failures for part in parts]),
        )

    def _first_chunk(self) -> int:
        """Agents that are surely done in a second, however long they live."""
        environment, weights = self.plan.environment, max(1, self.plan.genome.number_of_weights)
        effort: int = environment.episodes * environment.max_steps * weights
        return min(max(SURE_SPEED // effort, FEWEST_AGENTS), MOST_AGENTS_AT_FIRST)

    def _keep_lease(self) -> None:
        now = time.monotonic()
        if now - self.extended_at > EXTEND_AFTER * settings.LEASE_SECONDS:
            services.extend(claim=self.claim, lease_seconds=settings.LEASE_SECONDS)
            self.extended_at = now

    def _commit(self, closed: Closed, seconds: float, started_at: datetime) -> InstanceState:
        """The generation and all that goes with it in one transaction, behind the fence; the run's state after it."""
        record = self._record(closed, seconds, started_at)
        with services.fenced(self.claim) as instance:
            services.record_generation(instance=instance, generation=record, keep_every=settings.CHECKPOINT_KEEP_EVERY)
            closed, notes = self._timed(instance, closed), self._noted(instance)
            if closed.stop is not None:
                instance.stop_reason, instance.stop_explanation = closed.stop.value, closed.explanation
            following = lifecycle.following(InstanceState(instance.state), closed.stop)
            changed = lifecycle.enter(instance, following)
            events: list[NewEvent] = [*events_of(closed), *notes, *([changed] if changed else [])]
            services.finish_commit(instance=instance, events=events)
            state = InstanceState(instance.state)
        self.instance = instance
        self.extended_at = time.monotonic() - settings.LEASE_SECONDS
        return state

    def _noted(self, instance: Instance) -> list[NewEvent]:
        """Keep the numeric profile, and say so where it is another than that of the generations before."""
        before, now = instance.numeric_profile, numeric_profile()
        instance.numeric_profile = now
        if before in ({}, now):
            return []
        return [NewEvent(EventType.NOTE, "Goes on under another numeric profile.", EventLevel.WARNING, data={"before": before})]

    def _timed(self, instance: Instance, closed: Closed) -> Closed:
        """The same, ended by the clock where the time limit is up; a run that a clock ended is not reproducible."""
        limit = self.plan.stop.max_seconds
        if limit is None or closed.stop is not None or instance.compute_seconds < limit:
            return closed
        instance.reproducible = False
        facts = {
            "generation": closed.number, "best_fitness": instance.best_fitness, "seconds": instance.compute_seconds,
        }
        explanation = generations.explanation_of(self.plan, StopReason.TIME_LIMIT, facts)
        return replace(closed, stop=StopReason.TIME_LIMIT, explanation=explanation)

    def _record(self, closed: Closed, seconds: float, started_at: datetime) -> NewGeneration:
        """What is written of a closed generation."""
        population, evaluations = closed.population, closed.evaluations
        size = len(closed.genomes) // len(population)
        kept = range(len(population)) if self.staged.record == "all" else [closed.champion]
        fitness = evaluations.fitness.tolist()
        scalars = packing.Scalars(
            fitness=evaluations.fitness, steps=evaluations.steps, species=np.full(len(population), -1, np.int32),
            mothers=population.mothers, fathers=population.fathers, ages=population.ages,
            operators=population.operators, failures=evaluations.failures,
        )
        return NewGeneration(
            number=closed.number, statistics=closed.statistics, scalars=packing.pack(scalars),
            digest=closed.checkpoint.digest, champion_index=closed.champion, started_at=started_at, seconds=seconds,
            environment_steps=int(evaluations.steps.sum(dtype=np.int64)),
            state=checkpoints.pack(closed.checkpoint, self.plan.genome), genomes=closed.genomes,
            agents=[
                (index, None if fitness[index] != fitness[index] else fitness[index],
                 closed.genomes[index * size : (index + 1) * size])
                for index in kept if index is not None
            ],
            best_fitness=closed.checkpoint.best_fitness, improved=closed.is_improved,
        )
