"""The table of judges: one file and one line each."""

from processing.core.judges.episodes import Episodes
from processing.core.judges.foreign import ForeignEpisodes
from processing.core.judges.table import Tables

JUDGES = {"episodes": Episodes, "foreign": ForeignEpisodes, "table": Tables}
