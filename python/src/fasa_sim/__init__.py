"""fasa-sim's sparse attention policies from Python: inside a live model, by the code that replays traces."""

from fasa_sim.calls import policies
from fasa_sim.description import Description, Model, Rope, Row
from fasa_sim.errors import Error
from fasa_sim.session import Session

__version__ = "0.1.0"
__all__ = ["Description", "Error", "Model", "Rope", "Row", "Session", "policies"]
