"""The arithmetic of the attack's benchmark: who is closer, by how much, and in what time.

A distance is one of an image, infinite where the attack failed there. Slow attacks were run on the
first images only, so two attacks are compared on the images that both were run on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True)
class Record:
    """What one attack did on one network.

    Attributes
    ----------
    ours : bool
        Whether it is the course's.
    distances : list of float
        RMS of each image's change; infinite where the attack failed.
    cpu, wall : list of float
        Processor time and time, in seconds an image, of each repetition.
    passes : float
        Forward passes of an image, on average.
    """

    ours: bool
    distances: Sequence[float]
    cpu: Sequence[float]
    wall: Sequence[float]
    passes: float = math.nan

    @property
    def milliseconds(self) -> float:
        """Processor time for an image, the median over the repetitions."""
        return 1000 * median(self.cpu)


def success(distances: Sequence[float]) -> float:
    """Return the share of images on which an attack succeeded."""
    return fmean(distance < math.inf for distance in distances)


def common_means(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return the mean distance of two attacks over the images on which both succeeded.

    Both are nan where there is no such image.
    """
    both = [pair for pair in zip(first, second, strict=False) if max(pair) < math.inf]
    return tuple(map(fmean, zip(*both, strict=True))) if both else (math.nan, math.nan)


def best_of_all(records: Mapping[str, Record], exact: Sequence[float] | None) -> list[float]:
    """Return the least distance that is known of each image."""
    count = max(len(record.distances) for record in records.values())
    columns = [record.distances for record in records.values()]
    columns += [exact] if exact is not None else []
    return [min(column[i] for column in columns if i < len(column)) for i in range(count)]


def optimality(distances: Sequence[float], best: Sequence[float]) -> float:
    """Return the mean share that the best distance is of an attack's: 1 at best, 0 for failures.

    The idea is that of AttackBench (Cinà et al., arXiv 2404.19460), there of the areas under two
    curves. An image that nobody reached counts as nothing.
    """
    pairs = zip(distances, best, strict=False)
    shares = [1.0 if near == far else near / far for far, near in pairs if near < math.inf]
    return fmean(shares) if shares else math.nan


def beats(first: Record, second: Record, *, strictly: bool) -> bool:
    """Return whether one attack is closer than another, succeeds as often and takes no longer.

    Closer on the images on which both succeed; as often on those that both were run on. Where it
    need not be `strictly` so, as close will do.
    """
    near, far = common_means(first.distances, second.distances)
    count = min(len(first.distances), len(second.distances))
    often = success(first.distances[:count]) >= success(second.distances[:count])
    closer = near < far if strictly else near <= far
    return closer and often and first.milliseconds <= second.milliseconds


def dominated(records: Mapping[str, Record]) -> list[dict]:
    """Return each peer that beats one of the course's attacks, and what of the course meets it.

    Returns
    -------
    list of dict
        ``peer``; ``beaten``, the course's attacks that it is closer than, at least as successful
        as, and no slower; ``met by``, those that are as close as the peer, as successful and no
        slower, so that one who has the choice needs no peer.
    """
    ours = {name: record for name, record in records.items() if record.ours}
    found = []
    for name, peer in records.items():
        if peer.ours:
            continue
        beaten = [other for other, record in ours.items() if beats(peer, record, strictly=True)]
        met = [other for other, record in ours.items() if beats(record, peer, strictly=False)]
        if beaten:
            found.append({"peer": name, "beaten": beaten, "met by": met})
    return found


def rows(
    records: Mapping[str, Record], reference: str, exact: Sequence[float] | None = None
) -> list[dict]:
    """Return a row for each attack of a network, as the results keep them.

    ``mean`` is over the images on which the reference succeeds, too; ``relative`` is that mean as
    a multiple of the reference's on the same images.
    """
    best = best_of_all(records, exact)
    found = []
    for name, record in records.items():
        mean, beside = common_means(record.distances, records[reference].distances)
        found.append(
            {
                "attack": name,
                "ours": record.ours,
                "images": len(record.distances),
                "success": success(record.distances),
                "mean": mean,
                "relative": mean / beside if beside else math.nan,
                "optimality": optimality(record.distances, best),
                "ms": record.milliseconds,
                "wall ms": 1000 * median(record.wall),
                "passes": record.passes,
            }
        )
    return found
