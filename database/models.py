"""What is kept: work item, instance, generation, agent, species, checkpoint, event. Fields, constraints and indexes; no verbs.

All instants are by the database's clock: those of workers and web processes may differ by hours.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class InstanceState(models.TextChoices):
    """Where a run stands. SUCCEEDED and CANCELLED are final; FAILED may be resumed. See `outcomes.py`."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


#: States in which a worker may have, or may take, work.
ACTIVE = (InstanceState.QUEUED, InstanceState.RUNNING, InstanceState.PAUSING, InstanceState.CANCELLING)
#: States in which nothing more will happen by itself.
ENDED = (InstanceState.SUCCEEDED, InstanceState.CANCELLED, InstanceState.FAILED)


class EventType(models.TextChoices):
    """What can happen to a run."""

    STATE_CHANGED = "STATE_CHANGED"
    GENERATION_COMPLETED = "GENERATION_COMPLETED"
    CHAMPION_IMPROVED = "CHAMPION_IMPROVED"
    SPECIES_CREATED = "SPECIES_CREATED"
    SPECIES_EXTINCT = "SPECIES_EXTINCT"
    WORKER_LOST = "WORKER_LOST"
    NOTE = "NOTE"


class EventLevel(models.TextChoices):
    """How much an event matters."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class WorkItem(models.Model):
    """What was asked for. Never changes after submission."""

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
    # Whose key it is and the key; null is "sent without one". The same submission again finds this row by it.
    idempotency_key = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class Step(models.Model):
    """Something that one worker at a time does: who may write, until when, and how often it was tried since the last commit.

    A lease that nobody holds is a back-off: the step is left alone until then.
    """

    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)
    troubles = models.PositiveIntegerField(default=0)  # tries that a database, or a part of ours, left unanswered

    class Meta:
        abstract = True


class Instance(Step):
    """One run of a work item under one seed; also the step "advance this instance" that workers claim."""

    work_item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="instances")
    replicate = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField()
    priority = models.IntegerField(default=0)
    state = models.CharField(max_length=12, choices=InstanceState, default=InstanceState.QUEUED)
    stop_reason = models.CharField(max_length=24, null=True, blank=True)  # noqa: DJ001 - null is "not ended"
    stop_explanation = models.JSONField(null=True, blank=True)
    failure_message = models.TextField(null=True, blank=True)  # noqa: DJ001 - null is "has not failed"
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    epoch = models.PositiveIntegerField(default=0)
    # Slices of the generation under way that are still to be evaluated; null where it is not in slices.
    pending_slices = models.PositiveIntegerField(null=True, blank=True)
    # Name of the numeric profile that decides its bits; workers of another one leave it alone.
    profile = models.CharField(max_length=16, blank=True)

    # Generation with which it went on when it was resumed after it had died out; null where it never was.
    revived_generation = models.PositiveIntegerField(null=True, blank=True)

    # What has been reached; written with each generation.
    next_generation = models.PositiveIntegerField(default=0)
    evaluations = models.PositiveBigIntegerField(default=0)
    environment_steps = models.PositiveBigIntegerField(default=0)
    failed_agents = models.PositiveBigIntegerField(default=0)
    compute_seconds = models.FloatField(default=0.0)
    best_fitness = models.FloatField(null=True, blank=True)  # the highest that any agent had
    best_generation = models.PositiveIntegerField(null=True, blank=True)  # where that was reached first
    champion_fitness = models.FloatField(null=True, blank=True)  # lower than the best where only another was confirmed
    champion_generation = models.PositiveIntegerField(null=True, blank=True)
    champion_index = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    reproducible = models.BooleanField(default=True)
    numeric_profile = models.JSONField(default=dict)
    event_sequence = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "lease_until"), name="instance_ready"),)
        constraints = (models.UniqueConstraint(fields=("work_item", "replicate"), name="instance_once"),)

    def __str__(self) -> str:
        return f"run {self.pk}"


class Slice(Step):
    """Some agents of the generation under way, and the step "evaluate them". Gone when the generation is complete."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="slices")
    generation = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()  # the index behind its last agent
    epoch = models.PositiveIntegerField()
    population = models.BinaryField()
    results = models.BinaryField(null=True)  # null until they are evaluated
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ("instance", "first")
        constraints = (models.UniqueConstraint(fields=("instance", "first"), name="slice_once"),)

    def __str__(self) -> str:
        return f"agents {self.first} to {self.last - 1} of generation {self.generation} of run {self.instance_id}"


class ReplayState(models.TextChoices):
    """Where the replay of an episode stands."""

    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"


class Replay(Step):
    """An episode that somebody asked to see again, the step "evaluate it again", and what became of it."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="replays")
    generation = models.PositiveIntegerField()
    index = models.PositiveIntegerField()  # of the agent in its generation
    episode = models.PositiveIntegerField()
    with_pictures = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=ReplayState, default=ReplayState.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)  # why no worker could do it
    result = models.BinaryField(null=True)  # null until it was done once
    film = models.BinaryField(null=True)  # null where there are no pictures

    class Meta:
        ordering = ("instance", "generation", "index", "episode")
        indexes = (models.Index(fields=("state", "lease_until"), name="replay_ready"),)
        constraints = (models.UniqueConstraint(fields=("instance", "generation", "index", "episode"), name="replay_once"),)

    def __str__(self) -> str:
        return f"episode {self.episode} of agent {self.instance_id}-{self.generation}-{self.index}"


class Worker(models.Model):
    """A worker process and its children, as it last made itself known, and what it has done since it started."""

    name = models.CharField(max_length=150, unique=True)
    host = models.CharField(max_length=150)
    profile = models.CharField(max_length=16)
    threads = models.PositiveIntegerField(default=1)
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


#: Columns of a generation that hold bytes, which are read only where they are asked for.
PACKED = ("scalars", "normalization")


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
    # What its agents' observations were normalised by, without which their networks are not whole: empty where they were not
    # yet; null where the run does not normalise any, and where it was not kept.
    normalization = models.BinaryField(null=True)
    seconds = models.FloatField(default=0.0)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("instance", "number")
        constraints = (models.UniqueConstraint(fields=("instance", "number"), name="generation_once"),)

    def __str__(self) -> str:
        return f"generation {self.number} of run {self.instance_id}"


class Agent(models.Model):
    """An agent whose genome is kept as a row: all of them, or each generation's champion, by the record policy."""

    # Neither index nor constraint of its own, for ten thousand rows a generation: the unique constraint serves as the index,
    # and rows are written only behind the fence, which holds the run's row.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="agent_rows", db_index=False, db_constraint=False
    )
    generation = models.PositiveIntegerField()
    index = models.PositiveIntegerField()
    fitness = models.FloatField(null=True)
    genome = models.BinaryField()

    class Meta:
        ordering = ("instance", "generation", "index")
        constraints = (models.UniqueConstraint(fields=("instance", "generation", "index"), name="agent_once"),)

    def __str__(self) -> str:
        return f"{self.instance_id}-{self.generation}-{self.index}"


class Species(models.Model):
    """A species through its life, as it was when last seen."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="species", db_index=False)
    number = models.PositiveIntegerField()  # from 0 over the whole run
    born_in = models.PositiveIntegerField()  # generation
    extinct_in = models.PositiveIntegerField(null=True)  # the first generation without it; null while it is alive
    size = models.PositiveIntegerField()  # agents, when last seen
    best_fitness = models.FloatField(null=True)  # of its whole life; null where all its agents failed
    champion_generation = models.PositiveIntegerField(null=True)  # where that was reached first
    champion_index = models.PositiveIntegerField(null=True)
    generations_since_improvement = models.PositiveIntegerField()

    class Meta:
        ordering = ("instance", "number")
        verbose_name_plural = "species"
        constraints = (models.UniqueConstraint(fields=("instance", "number"), name="species_once"),)

    def __str__(self) -> str:
        return f"species {self.number} of run {self.instance_id}"


class SpeciesSnapshot(models.Model):
    """A species in one generation."""

    # The unique constraint serves as an index; rows are written behind the fence, as those of agents.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="species_snapshots", db_index=False, db_constraint=False
    )
    generation = models.PositiveIntegerField()
    number = models.PositiveIntegerField()  # of the species
    size = models.PositiveIntegerField()  # agents, those that failed too
    best_fitness = models.FloatField(null=True)
    mean_fitness = models.FloatField(null=True)  # of those that did not fail
    adjusted_fitness = models.FloatField(null=True)  # the sum of its agents' shared fitness
    generations_since_improvement = models.PositiveIntegerField()
    offspring = models.PositiveIntegerField()  # agents of the next generation that it brings forth
    champion_index = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("instance", "generation", "number")
        indexes = (models.Index(fields=("instance", "number", "generation"), name="species_history"),)
        constraints = (models.UniqueConstraint(fields=("instance", "generation", "number"), name="species_snapshot_once"),)

    def __str__(self) -> str:
        return f"species {self.number} in generation {self.generation} of run {self.instance_id}"


class Checkpoint(models.Model):
    """Where a run can go on after a generation; what it holds is in its parts."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="checkpoints")
    generation = models.PositiveIntegerField()
    genome_bytes = models.PositiveIntegerField(default=0)  # length of each genome

    class Meta:
        ordering = ("instance", "generation")
        constraints = (models.UniqueConstraint(fields=("instance", "generation"), name="checkpoint_once"),)

    def __str__(self) -> str:
        return f"checkpoint {self.generation} of run {self.instance_id}"


class PartKind(models.IntegerChoices):
    """What a part of a checkpoint belongs to: the strategy's state, or the genomes that are not kept as rows."""

    STATE = 0
    GENOMES = 1


#: Length of every part of a checkpoint but the last of its kind.
PART_BYTES = 1 << 20


class CheckpointPart(models.Model):
    """At most a megabyte of a checkpoint: a database limits the length of one value, and none has to be held whole."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="parts", db_index=False)
    kind = models.PositiveSmallIntegerField(choices=PartKind)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ("checkpoint", "kind", "number")
        constraints = (models.UniqueConstraint(fields=("checkpoint", "kind", "number"), name="checkpoint_part_once"),)

    def __str__(self) -> str:
        return f"part {self.number} of {PartKind(self.kind).name.lower()} of checkpoint {self.checkpoint_id}"


class Event(models.Model):
    """Something that happened to a run, numbered 1, 2, 3 … without gaps."""

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
