"""The table of judges: one file and one line each."""

from processing.core.judges.episodes import Episodes

JUDGES = {"episodes": Episodes}
