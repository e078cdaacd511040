"""What is asked of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from fasa_sim.description import DENSE, Description, Model, Row

SAMPLINGS = ("teacher-forced", "greedy")


@dataclass(frozen=True)
class Settings:
    """Row 0 is dense. ``window`` is how many of the prompt's last queries the policies are shown."""

    rows: tuple[Row, ...]
    prompt: int
    steps: int
    window: int = 64
    prompt_attention: bool = False
    profile: str | None = None
    sampling: str = SAMPLINGS[0]
    seed: int = 0
    element: str = "f16"
    threads: int = 1

    def description(self, model: Model) -> Description:
        return Description(
            model, self.rows, self.prompt, self.steps, self.element, self.threads, self.profile, self.seed
        )

    def json(self) -> dict:
        """What decides the result: the number of threads does not."""
        found = asdict(self)
        del found["threads"]
        return found


def split_policies(texts: Iterable[str]) -> list[str]:
    """Policies out of comma-separated lists: a part that has `=` before any `:` belongs to the policy before it."""
    found: list[str] = []
    for text in texts:
        for number, part in enumerate(text.split(",")):
            if number and "=" in part.partition(":")[0]:
                found[-1] += f",{part}"
            else:
                found.append(part)
    return found


def rows_of(policies: Iterable[str], budgets: Iterable[str], own_size: Collection[str] = ()) -> tuple[Row, ...]:
    """Dense, then every policy at every budget; a policy of ``own_size`` sizes its sets itself and is there once."""
    budgets = list(budgets)
    rows = [DENSE]
    for policy in policies:
        if policy.partition(":")[0] in (*own_size, DENSE.policy):
            rows.append(Row(policy))
        else:
            rows += [Row(policy, budget) for budget in budgets]
    return tuple(dict.fromkeys(rows))
