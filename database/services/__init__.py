"""All writes to the database: keyword-only, each in one transaction.

Leases use the database's clock alone.
"""

from database.services.clock import database_now, renew_connection
from database.services.events import NewEvent, finish_commit, record_event
from database.services.leases import (
    FREE,
    Claim,
    advanceable,
    back_off,
    claim,
    extend,
    fenced,
    hand_back,
    has_committed,
    release,
    release_worker,
)
from database.services.pruning import Pruned, give_back, prune
from database.services.recording import MOST_CHECKPOINTS, NewGeneration, record_generation
from database.services.replays import (
    ReplayClaim,
    back_off_replay,
    claim_replay,
    extend_replay,
    fail_replay,
    hand_back_replay,
    request_replay,
    store_replay,
)
from database.services.slices import (
    EVALUATED,
    NewSlice,
    SliceClaim,
    back_off_slice,
    claim_slice,
    close_slices,
    commit_slice,
    extend_slice,
    fenced_slice,
    hand_back_slice,
    leave_slices,
    open_slices,
    split_slice,
)
from database.services.species import NewSnapshot
from database.services.states import change_state, delete_instance, delete_work_item, resume
from database.services.submissions import create_work_item, was_started, work_item_of_key
from database.services.workers import Counts, adopt, halves, register_worker, see_worker

__all__ = [
    "EVALUATED",
    "FREE",
    "MOST_CHECKPOINTS",
    "Claim",
    "Counts",
    "NewEvent",
    "NewGeneration",
    "NewSlice",
    "NewSnapshot",
    "Pruned",
    "ReplayClaim",
    "SliceClaim",
    "adopt",
    "advanceable",
    "back_off",
    "back_off_replay",
    "back_off_slice",
    "change_state",
    "claim",
    "claim_replay",
    "claim_slice",
    "close_slices",
    "commit_slice",
    "create_work_item",
    "database_now",
    "delete_instance",
    "delete_work_item",
    "extend",
    "extend_replay",
    "extend_slice",
    "fail_replay",
    "fenced",
    "fenced_slice",
    "finish_commit",
    "give_back",
    "halves",
    "hand_back",
    "hand_back_replay",
    "hand_back_slice",
    "has_committed",
    "leave_slices",
    "open_slices",
    "prune",
    "record_event",
    "record_generation",
    "register_worker",
    "release",
    "release_worker",
    "renew_connection",
    "request_replay",
    "resume",
    "see_worker",
    "split_slice",
    "store_replay",
    "was_started",
    "work_item_of_key",
]
