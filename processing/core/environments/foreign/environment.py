"""Any registered environment of Gymnasium, as the rest of the laboratory sees it. Nothing here imports Gymnasium."""

from collections.abc import Mapping
from typing import Any

from processing.core.criterion import MeanReturn
from processing.core.environments.classic import CLASSIC
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.names import input_names, output_names
from processing.core.environments.foreign.observe import observed
from processing.core.environments.foreign.parameters import Aggregate, GymnasiumParameters, Seeds
from processing.core.environments.foreign.spaces import Writer, is_picture, labels, outputs_of, size, trouble
from processing.core.environments.foreign.wrappers import Grayscale, Resize, steps_of
from processing.core.errors import Refused

#: Steps of an episode where neither the document nor the registry limits them.
DEFAULT_STEPS = 1_000


class Foreign:
    """An environment that is stepped in a process of its own.

    Args:
        parameters: what the document says.
        facts: its spaces and limits, as `catalogue.py` describes them; those of the snapshot where None.
    Raises:
        Refused: it is not known, or no network can act in it.
    """

    Parameters = GymnasiumParameters
    judge = "foreign"
    is_random = True  # as far as anybody knows
    is_by_library = True
    integers = floats = bits = 0
    scene = None  # drawn by itself, where it can
    #: Environment steps a second of one machine, slow and fast: of those that say numbers, and of those that draw pictures.
    SPEED, SPEED_OF_PICTURES = (5e3, 5e4), (50.0, 1_000.0)

    def __init__(self, parameters: GymnasiumParameters, facts: Mapping[str, Any] | None = None) -> None:
        self.parameters = parameters
        wrappers = parameters.wrappers or ()
        self.facts = catalogue.snapshot(parameters.id, parameters.kwargs, wrappers) if facts is None else facts
        self.observation, self.action = observed(self.facts["observation"], parameters.observe), self.facts["action"]
        if (sentence := trouble(self.observation, self.action)) is not None:
            raise Refused(f"environment.id: {parameters.id} cannot be used. {sentence}")
        self.inputs, self.outputs = size(self.observation), outputs_of(self.action)
        self.max_steps = parameters.max_steps or self.facts["max_steps"] or DEFAULT_STEPS
        self.episodes, self.has_common_episodes = parameters.episodes, parameters.seeds == Seeds.COMMON
        is_drawn = is_picture(self.observation) or any(isinstance(each, Grayscale | Resize) for each in wrappers)
        slow, fast = self.SPEED_OF_PICTURES if is_drawn else self.SPEED
        self.steps_per_second = slow / steps_of(wrappers), fast / steps_of(wrappers)
        self.actions = "choice" if Writer(self.action).is_choice else "commands"
        self.aggregate, self.minimise = parameters.aggregate or Aggregate.MEAN, bool(parameters.minimise)
        self.criterion = None if self.minimise else _criterion(self.facts["reward_threshold"])

    def best_possible(self) -> None:
        """Nobody knows."""

    def input_labels(self) -> tuple[str, ...]:
        """What each input says, for people."""
        name = "" if self.observation["type"] in ("Tuple", "Dict", "Discrete") else "observation"
        return input_names(self.parameters, self.inputs) or labels(self.observation, name)

    def output_labels(self) -> tuple[str, ...]:
        """What each output means, for people."""
        return output_names(self.parameters, self.outputs) or labels(self.action, "action")


def _criterion(threshold: float | None) -> Any:
    """The registry's own: a mean return, where it names one."""
    return None if threshold is None else MeanReturn(threshold)


def compiled_version(parameters: GymnasiumParameters) -> Any | None:
    """The compiled class for what a document asks of Gymnasium; None where there is none for it."""
    is_changed = parameters.normalize_observations or parameters.wrappers or parameters.observe is not None
    found = None if is_changed else CLASSIC.get(parameters.id)
    is_known = found is not None and set(parameters.kwargs) <= set(found.Kwargs.model_fields)
    return found if is_known else None


class Gymnasium:
    """An environment of Gymnasium by its registered id; a compiled version of it where there is one.

    Networks see its observation as numbers, one after the other, one-hot where it is one of a choice, and act by the best
    output of each choice, by an output above half for each switch, or by outputs scaled to the bounds of its actions.
    Rewards and ends are the environment's own.
    """

    Parameters = GymnasiumParameters

    def __new__(cls, parameters: GymnasiumParameters, facts: Mapping[str, Any] | None = None) -> Any:
        """The environment that a document means; see `Foreign`."""
        compiled = compiled_version(parameters)
        return Foreign(parameters, facts) if compiled is None else compiled(parameters)
