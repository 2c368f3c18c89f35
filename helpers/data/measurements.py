"""Results on disk, as JSON: found by what they depend on, verified when read, measured once."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from helpers.data.checkpoints import address, write_or_say
from helpers.data.files import folder, places
from helpers.data.locks import making


def measured(title: str, key: dict, make: Callable[[], dict]) -> dict:
    """Return the results of a measurement: those that were kept, or made now and kept.

    They are kept in the data folder's ``trained/``, and read in a shared folder's, too. Of two
    processes that want the same ones at once, the second waits for the first.

    Parameters
    ----------
    title : str
        Beginning of the file's name, for people.
    key : dict
        Everything the results depend on; the file's name ends with its hash.
    make : callable
        ``make()`` returns the results: what JSON can hold, by name.

    Returns
    -------
    dict
        The results, as JSON gives them back.
    """
    name, text = address(title, key)
    path = folder() / "trained" / f"{name}.json"
    results = _kept(path, text)
    if results is None:
        with making(path):
            results = _kept(path, text)  # another process may have been faster
            if results is None:
                results = make()
                content = {"key": text, "sha256": _hash(results), "results": results}
                write_or_say(path, json.dumps(content, indent=1).encode(), "measuring this")
    return results


def _kept(path: Path, key: str) -> dict | None:
    """Return what `measured` kept, here or in a shared folder; None where no such file is sound."""
    read = (_read_results(place, key) for place in places(path) if place.exists())
    return next((results for results in read if results is not None), None)


def _read_results(path: Path, key: str) -> dict | None:
    """Return the results in a file; None where it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("key") != key:
            raise ValueError("it holds something else")
        if content.get("sha256") != _hash(content["results"]):
            raise ValueError("its contents do not match their hash")
        return content["results"]
    except (OSError, ValueError, KeyError) as error:
        print(f"{path} is damaged ({error}): measuring this again", file=sys.stderr)
        return None


def _hash(results: dict) -> str:
    return hashlib.sha256(json.dumps(results, sort_keys=True).encode()).hexdigest()
