"""The table of strategies: one file and one line each."""

from processing.core.strategies.genetic import Genetic
from processing.core.strategies.rising_threshold import RisingThreshold

STRATEGIES = {"rising_threshold": RisingThreshold, "genetic": Genetic}
