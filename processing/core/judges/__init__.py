"""The table of judges: one file and one line each."""

from processing.core.judges.classification import Classification
from processing.core.judges.episodes import Episodes
from processing.core.judges.foreign import ForeignEpisodes
from processing.core.judges.judge import Judge
from processing.core.judges.novelty import Novelty
from processing.core.judges.table import Tables

JUDGES: dict[str, type[Judge]] = {
    "episodes": Episodes, "foreign": ForeignEpisodes, "table": Tables, "novelty": Novelty,
    "classification": Classification,
}
