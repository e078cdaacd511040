"""fasa-sim's sparse attention policies from Python: replays as tables, and the same code inside a live model."""

from fasa_sim.description import Description, Model, Rope, Row
from fasa_sim.errors import Error
from fasa_sim.own_callbacks import Group, Step
from fasa_sim.own_policy import add_policy, policy
from fasa_sim.policy_list import policies
from fasa_sim.replaying import ReplayNote, replay
from fasa_sim.session import Session

__version__ = "0.1.0"
__all__ = [
    "Description",
    "Error",
    "Group",
    "Model",
    "ReplayNote",
    "Rope",
    "Row",
    "Session",
    "Step",
    "add_policy",
    "policies",
    "policy",
    "replay",
]
