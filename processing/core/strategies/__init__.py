"""The table of strategies: one file and one line each."""

from processing.core.strategies.cma_es import CmaEs
from processing.core.strategies.genetic import Genetic
from processing.core.strategies.neat import Neat
from processing.core.strategies.openai_es import OpenaiEs
from processing.core.strategies.random_search import RandomSearch
from processing.core.strategies.rising_threshold import RisingThreshold
from processing.core.strategies.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    "rising_threshold": RisingThreshold, "genetic": Genetic, "neat": Neat, "openai_es": OpenaiEs,
    "cma_es": CmaEs, "random_search": RandomSearch,
}
