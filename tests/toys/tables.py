"""A search that is none of the server's own, added from outside: EXTENSION_MODULES=tests.toys.tables.

Bits are guessed: a problem without steps or environment, a genome with a variation of its own, a strategy
whose children have parents of two generations, and a judge that scores in child processes. And a network is
added, whose weights are evolved in the server's own environments.
"""

from processing.core.kinds import GENOMES, JUDGES, KINDS, PROBLEMS, STRATEGIES, Kind
from processing.core.views import VIEWS
from processing.core.views.dense import DenseView
from tests.toys.bits import Bits
from tests.toys.counting import Counting
from tests.toys.guess import Guess
from tests.toys.linear import Linear
from tests.toys.pairs import Pairs
from tests.toys.rarity import Rarity
from tests.toys.view import BitsView

PROBLEMS["riddle"] = {"guess": Guess}
GENOMES["bits"], VIEWS[Bits] = Bits, BitsView()
GENOMES["toy_linear"], VIEWS[Linear] = Linear, DenseView()
JUDGES["counting"], JUDGES["rarity"] = Counting, Rarity
STRATEGIES["pairs"] = Pairs
KINDS["guessing"] = Kind(
    "Bits are guessed.", genome="bits", strategies=("pairs", "genetic"), judges=("rarity",),
    problem_key="riddle", genome_key="guesses", problem_meaning="What is to be guessed.",
    genome_meaning="What the first guesses are like.",
)
KINDS["linear_evolution"] = Kind(
    "The weights of a network without hidden units are evolved.", genome="toy_linear", strategies=("genetic",)
)
