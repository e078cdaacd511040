"""What policies there are, as a list of everything known of them or as a table to look through."""

from __future__ import annotations

from fasa_sim import calls, frames

COLUMNS = {
    "name": frames.TEXT,
    "kind": frames.TEXT,
    "summary": frames.TEXT,
    "parameters": frames.TEXT,
    "needs": frames.TEXT,
    "uses_budget": frames.FLAG,
    "scope": frames.TEXT,
    "paper": frames.TEXT,
    "notes": frames.TEXT,
}


def policies(frame: str | None = None):
    """Every policy of the library.

    >>> import fasa_sim
    >>> [policy["name"] for policy in fasa_sim.policies() if policy["kind"] == "bound"]
    ['dense', 'oracle', 'oracle-mass', 'random']
    >>> table = fasa_sim.policies("polars")
    >>> dict(table.select("name", "parameters").rows())["streaming-llm"]
    'sinks=4,dense-layers=0,kv=own,kv-chooses=stored,hot=0,hot-order=lru,hot-page=1,hot-start=first'

    Without ``frame`` a list with a dictionary for each, as ``fasa-sim policies --json`` prints them: ``name``, ``kind``
    (bound, selection or eviction), ``summary``, ``paper``, ``uses_budget`` (else it sizes its own sets), ``needs``
    beside a trace, ``scope`` (whether KV heads, or layers, choose together), ``notes``, and ``parameters``, each
    with ``name``, ``default_value``, ``range`` and ``help``.

    With ``frame="polars"`` or ``"pandas"`` a table of the same, in which ``parameters`` are one text with the defaults,
    as it is written after the policy's name and a colon, ``needs`` are separated by commas.
    """
    told = calls.policies()
    if frame is None:
        return told
    return frames.typed_table([_row(policy) for policy in told], COLUMNS, frames.library_for(frame))


def _row(policy: dict) -> dict:
    parameters = (f"{one['name']}={one['default_value']}" for one in policy["parameters"])
    return {
        "name": policy["name"],
        "kind": policy["kind"],
        "summary": policy["summary"],
        "parameters": ",".join(parameters),
        "needs": ", ".join(policy["needs"]),
        "uses_budget": policy["uses_budget"],
        "scope": policy["scope"],
        "paper": policy.get("paper"),
        "notes": policy["notes"],
    }
