"""The module that Django's admin imports. It loads the admin classes of `api.administration`."""

import api.administration.agents
import api.administration.runs  # noqa: F401 - both register themselves
