"""The tables: fields, constraints and indexes, without methods that read or write.

All times come from the database's clock, as the clocks of workers and web processes may differ by hours.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class InstanceState(models.TextChoices):
    """State of a run. CANCELLED is final; FAILED may be resumed, SUCCEEDED extended. See `outcomes.py`."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


#: States in which a worker may hold or claim the run.
ACTIVE = (InstanceState.QUEUED, InstanceState.RUNNING, InstanceState.PAUSING, InstanceState.CANCELLING)
#: States in which the slices of a run are claimed; a run that is to be paused keeps them.
EVALUATED = (InstanceState.RUNNING, InstanceState.CANCELLING)
#: States that a run does not leave by itself.
ENDED = (InstanceState.SUCCEEDED, InstanceState.CANCELLED, InstanceState.FAILED)


class EventType(models.TextChoices):
    """Kinds of events of a run."""

    STATE_CHANGED = "STATE_CHANGED"
    GENERATION_COMPLETED = "GENERATION_COMPLETED"
    CHAMPION_IMPROVED = "CHAMPION_IMPROVED"
    SPECIES_CREATED = "SPECIES_CREATED"
    SPECIES_EXTINCT = "SPECIES_EXTINCT"
    WORKER_LOST = "WORKER_LOST"
    NOTE = "NOTE"


class EventLevel(models.TextChoices):
    """Severity of an event."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def agent_name(instance_id: int, generation: int, index: int) -> str:
    """Return the name of an agent: run, generation and index, as in 42-7-13."""
    return f"{instance_id}-{generation}-{index}"


class WorkItem(models.Model):
    """A submitted request, which never changes after submission."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=40)
    labels = models.JSONField(default=list)
    spec = models.JSONField()
    spec_hash = models.CharField(max_length=64, db_index=True)
    staged = models.TextField()
    warnings = models.JSONField(default=list)
    priority = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # The submitter and its key; null where none was sent. A repeated submission finds this row by it.
    idempotency_key = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class Share(models.Model):
    """The part of the workers' time that a submitter, or one work item of theirs, has received.

    A share without a parent is a submitter: a user, or, where nobody was logged in, one work item. Its parts
    are the work items that it has had steps of. The next turn is for the share that was charged least.
    """

    parent = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="parts", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    work_item = models.ForeignKey(WorkItem, null=True, on_delete=models.CASCADE, related_name="shares")
    # Seconds of turns, each divided by the weight of its run's priority.
    charged_seconds = models.FloatField(default=0.0)
    # Whether it has active runs or waiting replays, ready or not.
    has_work = models.BooleanField(default=False)

    class Meta:
        ordering = ("charged_seconds", "pk")
        indexes = (
            models.Index(
                fields=("has_work", "charged_seconds", "id"), condition=Q(parent__isnull=True),
                name="share_next_submitter",
            ),
            models.Index(
                fields=("parent", "has_work", "charged_seconds", "id"), name="share_next_work_item"
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("parent", "work_item"), name="share_once"),
            models.UniqueConstraint(
                fields=("user",), condition=Q(parent__isnull=True), name="share_of_user_once"
            ),
            models.UniqueConstraint(
                fields=("work_item",), condition=Q(parent__isnull=True), name="share_without_user_once"
            ),
        )

    def __str__(self) -> str:
        return f"share {self.pk}"


class Step(models.Model):
    """Work for one worker at a time: its fencing token, its lease, and its attempts since the last commit.

    A lease without a holder is a back-off: the step cannot be claimed until it expires.
    """

    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=200, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)
    troubles = models.PositiveIntegerField(default=0)  # tries in which a database or service did not answer

    class Meta:
        abstract = True


class Instance(Step):
    """One run of a work item under one seed, and the step "advance this instance" that workers claim."""

    work_item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="instances")
    replicate = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField()
    priority = models.IntegerField(default=0)
    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="instances")
    # Steps of one share have their turns in this order: see `database/services/shares.py`.
    turn_order = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=12, choices=InstanceState, default=InstanceState.QUEUED)
    stop_reason = models.CharField(max_length=24, null=True, blank=True)  # noqa: DJ001 - null is "not ended"
    stop_explanation = models.JSONField(null=True, blank=True)
    failure_message = models.TextField(null=True, blank=True)  # noqa: DJ001 - null is "has not failed"
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    epoch = models.PositiveIntegerField(default=0)
    # Slices of the current generation still to be evaluated; null where it is not evaluated in slices.
    pending_slices = models.PositiveIntegerField(null=True, blank=True)
    # Numeric profile that its results depend on bit for bit; workers of another profile do not claim it.
    profile = models.CharField(max_length=16, blank=True)
    # SHA-256 of the data set that networks of its slices are trained on: only workers that have it, and can
    # train, claim these; empty where nothing is trained.
    trains_on = models.CharField(max_length=64, blank=True, default="")

    # First generation after the run was resumed from extinction; null where it never was.
    revived_generation = models.PositiveIntegerField(null=True, blank=True)

    # The stop rules of an extended run, as the group `stop` of a document; null for the work item's.
    stop = models.JSONField(null=True, blank=True)
    # Set before its rows are deleted, which may take long; such a run cannot be extended.
    is_being_deleted = models.BooleanField(default=False)

    # Progress so far; written with each generation.
    next_generation = models.PositiveIntegerField(default=0)
    evaluations = models.PositiveBigIntegerField(default=0)
    environment_steps = models.PositiveBigIntegerField(default=0)
    failed_agents = models.PositiveBigIntegerField(default=0)
    compute_seconds = models.FloatField(default=0.0)
    best_fitness = models.FloatField(null=True, blank=True)  # the highest of any agent
    best_generation = models.PositiveIntegerField(null=True, blank=True)  # the first that reached it
    # lower than best_fitness where that agent was not confirmed
    champion_fitness = models.FloatField(null=True, blank=True)
    champion_generation = models.PositiveIntegerField(null=True, blank=True)
    champion_index = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    reproducible = models.BooleanField(default=True)
    numeric_profile = models.JSONField(default=dict)
    event_sequence = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "lease_until"), name="instance_ready"),
            models.Index(
                fields=("share", "turn_order", "id"),
                condition=Q(claimed_by="", state__in=ACTIVE)
                & (Q(pending_slices__isnull=True) | Q(pending_slices=0) | Q(state=InstanceState.QUEUED)),
                name="instance_next",
            ),
            models.Index(
                fields=("share", "turn_order", "id"),
                condition=Q(claimed_by="", state__in=EVALUATED, pending_slices__gt=0),
                name="instance_in_slices",
            ),
            models.Index(
                fields=("trains_on", "id"),
                condition=Q(claimed_by="", state__in=EVALUATED, pending_slices__gt=0) & ~Q(trains_on=""),
                name="instance_trains",
            ),
        )
        constraints = (models.UniqueConstraint(fields=("work_item", "replicate"), name="instance_once"),)

    def __str__(self) -> str:
        return f"run {self.pk}"


class Slice(Step):
    """Some agents of the current generation, and the step "evaluate them".

    It is deleted when the generation is complete.
    """

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="slices")
    generation = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()  # exclusive
    place = models.PositiveIntegerField(default=0)  # slices are claimed in this order, then in that of agents
    epoch = models.PositiveIntegerField()
    population = models.BinaryField()
    results = models.BinaryField(null=True)  # null until they are evaluated
    opened_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)  # worked on since `claimed_at`; null without results

    class Meta:
        ordering = ("instance", "first")
        indexes = (
            models.Index(
                fields=("instance", "place", "first"), condition=Q(claimed_by="", results__isnull=True),
                name="slice_next",
            ),
            models.Index(
                fields=("lease_until",), condition=~Q(claimed_by="") & Q(results__isnull=True),
                name="slice_held",
            ),
        )
        constraints = (models.UniqueConstraint(fields=("instance", "first"), name="slice_once"),)

    def __str__(self) -> str:
        return (
            f"agents {self.first} to {self.last - 1} of generation {self.generation} of run "
            f"{self.instance_id}"
        )


class ReplayState(models.TextChoices):
    """State of a replay."""

    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"


class Replay(Step):
    """A requested replay of an episode, the step "evaluate it again", and its result."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="replays")
    generation = models.PositiveIntegerField()
    index = models.PositiveIntegerField()  # of the agent in its generation
    episode = models.PositiveIntegerField()
    with_pictures = models.BooleanField(default=False)
    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="replays")  # of who asked for it
    turn_order = models.DateTimeField(db_default=Now())  # as that of an instance
    state = models.CharField(max_length=8, choices=ReplayState, default=ReplayState.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)  # why the replay failed
    result = models.BinaryField(null=True)  # null until the replay has succeeded once
    film = models.BinaryField(null=True)  # null where there are no pictures

    class Meta:
        ordering = ("instance", "generation", "index", "episode")
        indexes = (
            models.Index(fields=("state", "lease_until"), name="replay_ready"),
            models.Index(
                fields=("share", "turn_order", "id"), condition=Q(claimed_by="", state="WAITING"),
                name="replay_next",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("instance", "generation", "index", "episode"), name="replay_once"
            ),
        )

    def __str__(self) -> str:
        return f"episode {self.episode} of agent {agent_name(self.instance_id, self.generation, self.index)}"


class Worker(models.Model):
    """A worker with its child processes: its last report, and its counts since it started."""

    name = models.CharField(max_length=150, unique=True)
    host = models.CharField(max_length=150)
    profile = models.CharField(max_length=16)
    threads = models.PositiveIntegerField(default=1)
    queues = models.JSONField(default=list)  # that it takes messages from
    # The data sets that it can train on, as facts of `core/datasets/lookup.py` by name; none where it cannot.
    datasets = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    claims = models.PositiveBigIntegerField(default=0)
    commits = models.PositiveBigIntegerField(default=0)
    fenced = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    lost = models.PositiveBigIntegerField(default=0)
    generations = models.PositiveBigIntegerField(default=0)
    evaluations = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


#: Byte columns of a generation, deferred unless a query needs them.
PACKED = ("scalars", "normalization", "curves")


class Generation(models.Model):
    """A completed generation: its statistics and the packed scalars of all its agents."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="generations")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    evaluated = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    best = models.FloatField(null=True)
    mean = models.FloatField(null=True)
    median = models.FloatField(null=True)
    lower_quartile = models.FloatField(null=True)
    upper_quartile = models.FloatField(null=True)
    worst = models.FloatField(null=True)
    standard_deviation = models.FloatField(null=True)
    best_so_far = models.FloatField(null=True)
    diversity = models.FloatField(null=True)
    mean_complexity = models.FloatField(null=True)
    species_count = models.PositiveIntegerField(null=True)  # null where there are no species
    threshold = models.FloatField(null=True)
    viable = models.PositiveIntegerField(null=True)
    champion_index = models.PositiveIntegerField(null=True)
    digest = models.CharField(max_length=64)
    scalars = models.BinaryField()
    # Mean and scale that normalised the observations of its agents, whose networks depend on them: empty
    # before the first observations; null where the run normalises none, and where they were not stored.
    normalization = models.BinaryField(null=True)
    # Numbers of its agents over epochs, packed; null where there are none.
    curves = models.BinaryField(null=True)
    # What the strategy says of the generation, by name; null where it says nothing.
    figures = models.JSONField(null=True)
    seconds = models.FloatField(default=0.0)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("instance", "number")
        constraints = (models.UniqueConstraint(fields=("instance", "number"), name="generation_once"),)

    def __str__(self) -> str:
        return f"generation {self.number} of run {self.instance_id}"


class Agent(models.Model):
    """An agent whose genome is stored as a row; the record policy selects all agents or champions only."""

    # Without an index and a foreign key constraint, which cost too much at 10,000 rows a generation: the
    # unique constraint serves as the index, and rows are only written inside `fenced`, which locks the run's
    # row.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="agent_rows", db_index=False, db_constraint=False
    )
    generation = models.PositiveIntegerField()
    index = models.PositiveIntegerField()
    fitness = models.FloatField(null=True)
    genome = models.BinaryField()

    class Meta:
        ordering = ("instance", "generation", "index")
        constraints = (
            models.UniqueConstraint(fields=("instance", "generation", "index"), name="agent_once"),
        )

    def __str__(self) -> str:
        return agent_name(self.instance_id, self.generation, self.index)


class Species(models.Model):
    """A species over the whole run, as of the last generation that had it."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="species", db_index=False)
    number = models.PositiveIntegerField()  # from 0 over the whole run
    born_in = models.PositiveIntegerField()  # generation
    # the first generation without it; null while it is not extinct
    extinct_in = models.PositiveIntegerField(null=True)
    size = models.PositiveIntegerField()  # agents in the last generation that had it
    best_fitness = models.FloatField(null=True)  # over all generations; null where all its agents failed
    champion_generation = models.PositiveIntegerField(null=True)  # the first that reached best_fitness
    champion_index = models.PositiveIntegerField(null=True)
    generations_since_improvement = models.PositiveIntegerField()

    class Meta:
        ordering = ("instance", "number")
        verbose_name_plural = "species"
        constraints = (models.UniqueConstraint(fields=("instance", "number"), name="species_once"),)

    def __str__(self) -> str:
        return f"species {self.number} of run {self.instance_id}"


class SpeciesSnapshot(models.Model):
    """A species in one generation: size, fitness, stagnation, offspring."""

    # The unique constraint serves as the index; rows are only written inside `fenced`, as with Agent.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="species_snapshots", db_index=False,
        db_constraint=False
    )
    generation = models.PositiveIntegerField()
    number = models.PositiveIntegerField()  # of the species
    size = models.PositiveIntegerField()  # agents, including those that failed
    best_fitness = models.FloatField(null=True)
    mean_fitness = models.FloatField(null=True)  # of those that did not fail
    adjusted_fitness = models.FloatField(null=True)  # the sum of its agents' shared fitness
    generations_since_improvement = models.PositiveIntegerField()
    offspring = models.PositiveIntegerField()  # agents assigned to it in the next generation
    champion_index = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("instance", "generation", "number")
        indexes = (models.Index(fields=("instance", "number", "generation"), name="species_history"),)
        constraints = (
            models.UniqueConstraint(
                fields=("instance", "generation", "number"), name="species_snapshot_once"
            ),
        )

    def __str__(self) -> str:
        return f"species {self.number} in generation {self.generation} of run {self.instance_id}"


class Checkpoint(models.Model):
    """A point from which a run can continue after a generation; its content is in its chunks."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="checkpoints")
    generation = models.PositiveIntegerField()
    genome_bytes = models.PositiveIntegerField(default=0)  # length of each genome

    class Meta:
        ordering = ("instance", "generation")
        constraints = (models.UniqueConstraint(fields=("instance", "generation"), name="checkpoint_once"),)

    def __str__(self) -> str:
        return f"checkpoint {self.generation} of run {self.instance_id}"


class PartKind(models.IntegerChoices):
    """Content of a checkpoint's chunk: the strategy's state, or the genomes that are not stored as rows."""

    STATE = 0
    GENOMES = 1


#: Length of every chunk of a checkpoint but the last of its kind.
PART_BYTES = 1 << 20


class CheckpointPart(models.Model):
    """A chunk of a checkpoint, of at most a megabyte.

    Databases limit the length of a value, and no blob has to be in memory as a whole.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="parts", db_index=False)
    kind = models.PositiveSmallIntegerField(choices=PartKind)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ("checkpoint", "kind", "number")
        constraints = (
            models.UniqueConstraint(fields=("checkpoint", "kind", "number"), name="checkpoint_part_once"),
        )

    def __str__(self) -> str:
        return f"part {self.number} of {PartKind(self.kind).name.lower()} of checkpoint {self.checkpoint_id}"


class Event(models.Model):
    """An event of a run, numbered 1, 2, 3 … without gaps."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveBigIntegerField()
    type = models.CharField(max_length=24, choices=EventType)
    level = models.CharField(max_length=8, choices=EventLevel, default=EventLevel.INFO)
    message = models.TextField()
    generation = models.PositiveIntegerField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("instance", "sequence")
        constraints = (models.UniqueConstraint(fields=("instance", "sequence"), name="event_once"),)

    def __str__(self) -> str:
        return f"event {self.sequence} of run {self.instance_id}"
