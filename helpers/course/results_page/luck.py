"""How many lines of the ledgers would differ by luck alone, if nothing were wrong."""

from helpers.course.samples import CONFIDENCE
from helpers.course.verdicts import BOUND, DIFFERS, REPRODUCED
from helpers.evaluation import holm


def by_luck(runs: list[dict]) -> str:
    """Say how many of the lines that are intervals may differ by luck, and how many do not.

    A line whose figure only bounds the paper's from above can differ on one side only, so the
    numbers are the most there can be.
    """
    lines = [
        claim
        for run in runs
        for claim in run["claims"]
        if claim.get("p") is not None and claim["verdict"] in (REPRODUCED, DIFFERS, BOUND)
    ]
    if not lines:
        return "No line of these runs has an interval."
    adjusted = holm([claim["p"] for claim in lines])
    level, count = 1 - CONFIDENCE, len(lines)
    differ = [q for claim, q in zip(lines, adjusted, strict=True) if claim["verdict"] == DIFFERS]
    stay = sum(q < level for q in differ)
    return (
        f"{count} of the lines hold a figure of the paper's against ours by a "
        f"{CONFIDENCE:.0%} interval. If nothing but the luck of the samples lay between the two, "
        f"up to {level * count:.1f} of them would differ all the same, and one at the least with a "
        f"probability of up to {1 - CONFIDENCE**count:.0%}. {len(differ)} do differ; {stay} of "
        f"these still do if the chance of a single false alarm among all {count} is kept below "
        f"{level:.0%} (Holm's rule)."
    )
