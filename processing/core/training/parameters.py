"""How networks are trained, and what their fitness is, as documents say it."""

from processing.core.concern import Concern
from processing.core.parameters import Parameters, parameter


class TrainingParameters(Parameters):
    """How long networks are trained; learning rate, batch size and optimizer are genes."""

    epochs: int = parameter(
        10, meaning="How often a network is trained on every training image, at most.", unit="epochs", ge=1,
        le=1_000,
    )
    early_stopping_epochs: int | None = parameter(
        None,
        meaning="Training ends after so many epochs without a higher validation accuracy, and that of the "
        "best epoch counts; null trains every epoch, and that of the last one counts.",
        unit="epochs", ge=1, le=1_000,
    )


class FitnessParameters(Parameters):
    """What is taken off the validation accuracy."""

    parameter_penalty: float = parameter(
        0.0,
        meaning="Taken off the validation accuracy of a network that has max_parameters; of a smaller one "
        "its share.",
        ge=0.0, le=1.0,
    )


def early_stopping_concerns(parameters: TrainingParameters) -> list[Concern]:
    """Warn of early stopping that can never happen; the path is within `training`."""
    patience = parameters.early_stopping_epochs
    if patience is None or patience < parameters.epochs:
        return []
    expected = f"fewer than epochs, {parameters.epochs}, as training ends with these"
    return [Concern(("early_stopping_epochs",), expected, str(patience))]
