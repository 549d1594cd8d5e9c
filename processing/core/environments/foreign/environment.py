"""Registered Gymnasium environments as judges and genomes use them. This module does not import Gymnasium."""

from typing import Any

from processing.core.concern import Asked, Concern
from processing.core.criterion import MeanReturn
from processing.core.environments.acting_checks import acting_warnings
from processing.core.environments.classic import CLASSIC
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.checks import completed, looked_up
from processing.core.environments.foreign.names import input_names, output_names
from processing.core.environments.foreign.observe import observed
from processing.core.environments.foreign.parameters import Aggregate, GymnasiumParameters, Seeds
from processing.core.environments.foreign.spaces import Writer, is_picture, labels, outputs_of, size, trouble
from processing.core.environments.foreign.wrappers import Grayscale, Resize, steps_of
from processing.core.errors import Refused
from processing.core.problem import Environment, Facts, Found, ServerLookup, View
from processing.core.rollouts.network_kind import NetworkKind

#: Step limit of an episode where neither the document nor the registry has one.
DEFAULT_STEPS = 1_000


class Foreign(Environment[GymnasiumParameters]):
    """An environment of Gymnasium by its registered id; a compiled version of it where there is one.

    Networks see its observation as numbers, one after the other, one-hot where it is one of a choice, and act
    by the best output of each choice, by an output above half for each switch, or by outputs scaled to the
    bounds of its actions. Rewards and ends are the environment's own.

    Args:
        parameters: as in the document.
        facts: spaces and limits, as `catalogue.py` describes them; None reads them from the snapshot.
    Raises:
        Refused: the environment is unknown, or no network can act in it.
    """

    Parameters = GymnasiumParameters
    view = View.SIGNALS
    judge = "foreign"
    is_random = True  # assumed, as nothing states otherwise
    is_by_library = True
    integers = floats = bits = 0
    is_registered = True
    scene = None  # drawn by its own `render()`
    facts: Facts
    #: Lower and upper estimate of environment steps a second: with vector observations, and with pictures.
    SPEED, SPEED_OF_PICTURES = (5e3, 5e4), (50.0, 1_000.0)

    def __init__(self, parameters: GymnasiumParameters, facts: Facts | None = None) -> None:
        self.parameters = parameters
        wrappers = parameters.wrappers or ()
        self.facts = (
            catalogue.snapshot(parameters.id, parameters.kwargs, wrappers) if facts is None else facts
        )
        self.observation = observed(self.facts["observation"], parameters.observe)
        self.action = self.facts["action"]
        if (sentence := trouble(self.observation, self.action)) is not None:
            raise Refused(f"environment.id: {parameters.id} cannot be used. {sentence}")
        self.inputs, self.outputs = size(self.observation), outputs_of(self.action)
        self.max_steps = parameters.max_steps or self.facts["max_steps"] or DEFAULT_STEPS
        self.episodes, self.has_common_episodes = parameters.episodes, parameters.seeds == Seeds.COMMON
        is_drawn = (
            is_picture(self.observation) or any(isinstance(each, Grayscale | Resize) for each in wrappers)
        )
        slow, fast = self.SPEED_OF_PICTURES if is_drawn else self.SPEED
        self.steps_per_second = slow / steps_of(wrappers), fast / steps_of(wrappers)
        self.actions = "choice" if Writer(self.action).is_choice else "commands"
        self.aggregate, self.minimise = parameters.aggregate or Aggregate.MEAN, bool(parameters.minimise)

    @classmethod
    def of(cls, parameters: GymnasiumParameters, facts: Facts | None) -> Environment[GymnasiumParameters]:
        """Return the compiled environment where there is one, else a `Foreign`; raises as `Foreign` does."""
        compiled = compiled_version(parameters)
        return Foreign(parameters, facts) if compiled is None else compiled(parameters)

    @classmethod
    def look_up(cls, parameters: GymnasiumParameters, known: ServerLookup) -> Found:
        """Look up spaces, limits and keyword arguments by the id."""
        return looked_up(parameters, known)

    @classmethod
    def completed(
        cls, parameters: GymnasiumParameters, known: ServerLookup, facts: Facts | None
    ) -> GymnasiumParameters:
        """Return the parameters with every keyword argument, and the parts of observations that are used."""
        return completed(parameters, known, facts)

    def warnings(self, asked: Asked, genome: NetworkKind) -> list[Concern]:
        """Warn of parameters without effect, and of normalisation that makes evaluation slow."""
        return [*self._normalize_warnings(), *acting_warnings(self, genome)]

    def _normalize_warnings(self) -> list[Concern]:
        plain = self.parameters.model_copy(update={"normalize_observations": False})
        if not self.parameters.normalize_observations or compiled_version(plain) is None:
            return []
        expected = (
            "false, as this environment is compiled, and hundreds of times faster, where observations are "
            "not normalised"
        )
        return [Concern(("normalize_observations",), expected, "true")]

    @property
    def criterion(self) -> MeanReturn | None:
        """The mean return that the registry has; None where it has none, or costs are sought."""
        threshold = self.facts["reward_threshold"]
        return None if self.minimise or threshold is None else MeanReturn(threshold)

    @property
    def action_space(self) -> Facts:
        """The space as the registry has it."""
        space: Facts = self.action
        return space

    def input_labels(self) -> tuple[str, ...]:
        """Return the name of each input for display."""
        name = "" if self.observation["type"] in ("Tuple", "Dict", "Discrete") else "observation"
        return input_names(self.parameters, self.inputs) or labels(self.observation, name)

    def output_labels(self) -> tuple[str, ...]:
        """Return the name of each output for display."""
        return output_names(self.parameters, self.outputs) or labels(self.action, "action")


def compiled_version(parameters: GymnasiumParameters) -> Any | None:
    """Return the compiled class for the document's environment; None where there is none."""
    is_changed = parameters.normalize_observations or parameters.wrappers or parameters.observe is not None
    found = None if is_changed else CLASSIC.get(parameters.id)
    is_known = found is not None and set(parameters.kwargs) <= set(found.Kwargs.model_fields)
    return found if is_known else None
