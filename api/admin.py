"""Where Django looks for what its admin shows."""

import api.administration.agents
import api.administration.runs  # noqa: F401 - both register themselves
