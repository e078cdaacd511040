"""Whether ratios are worse than those that are kept.

The tolerance of a case comes from what was measured: three times its spread, or three times the least spread
that counts in its section where its own happened to be less. On another machine, or under another instruction set, peaks stand otherwise to each other
and so do ratios: there a case fails only beyond `elsewhere` times what is kept. That factor was measured too (`keeping`): it is twice the
most by which a ratio was seen to differ between instruction sets of the kept machine, or between the machines of docs/performance.md.
"""

from dataclasses import dataclass

from .ratios import cases, same_machine

SPREADS = 3


@dataclass(frozen=True)
class Problem:
    """One case that fails: `found` is None where it was not measured."""

    section: str
    case: str
    kept: float
    limit: float
    found: float | None
    tolerance: str

    def __str__(self) -> str:
        where = f"{self.section}: {self.case}"
        if self.found is None:
            return f"{where}: expected a ratio, {self.kept:#.4g} is kept; this run has none"
        return (
            f"{where}: expected at most {self.limit:#.4g} ({self.kept:#.4g} is kept, {self.tolerance}), found {self.found:#.4g}, "
            f"{self.found / self.kept:.2f} times what is kept"
        )


def tolerances(section: dict) -> dict[str, float]:
    """Of each case how much more than its kept ratio it may be, as a share."""
    return {case: SPREADS * max(ratio.spread, section["least_spread"]) for case, ratio in cases(section).items()}


def problems(name: str, section: dict, found: dict[str, float], elsewhere: float | None) -> list[Problem]:
    """
    - name, section: of the kept ratios.
    - found: each case's ratio in this run.
    - elsewhere: what the kept ratios are to be multiplied by, where this is not their machine.
    """
    kept = cases(section)
    allowed = tolerances(section)
    failing = []
    for case, ratio in kept.items():
        if elsewhere is None:
            limit, told = ratio.median * (1 + allowed[case]), f"{allowed[case]:.0%} tolerated"
        else:
            limit, told = ratio.median * elsewhere, f"{elsewhere:.1f} times it tolerated, being gross"
        value = found.get(case)
        if value is None or not value <= limit:
            failing.append(Problem(name, case, ratio.median, limit, value, told))
    return failing


def another_machine(kept: dict, machine: dict) -> str | None:
    """What to tell where this machine is another than that of the kept ratios."""
    if same_machine(kept["machine"], machine):
        return None
    kept_on, this = (
        f"{it['processor']}, {it['cores']} cores, {it['instruction_set']}" for it in (kept["machine"], machine)
    )
    return f"the kept ratios are of another machine ({kept_on}; this is {this}): only gross regressions count"
