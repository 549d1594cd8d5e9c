"""A search that is none of the server's own, added from outside: EXTENSION_MODULES=tests.toys.

Bits are guessed: a problem without steps or environment, a genome with a variation of its own, a strategy
whose children have parents of two generations, and a judge that scores in child processes.
"""

from processing.core.kinds import GENOMES, JUDGES, KINDS, PROBLEMS, STRATEGIES, Kind
from processing.core.views import VIEWS
from tests.toys.bits import Bits
from tests.toys.counting import Counting
from tests.toys.guess import Guess
from tests.toys.pairs import Pairs
from tests.toys.view import BitsView

PROBLEMS["riddle"] = {"guess": Guess}
GENOMES["bits"], VIEWS[Bits] = Bits, BitsView()
JUDGES["counting"] = Counting
STRATEGIES["pairs"] = Pairs
KINDS["guessing"] = Kind(
    "Bits are guessed.", genome="bits", strategies=("pairs", "genetic"), judges=("counting",),
    problem_key="riddle", genome_key="guesses", problem_meaning="What is to be guessed.",
    genome_meaning="What the first guesses are like.",
)
