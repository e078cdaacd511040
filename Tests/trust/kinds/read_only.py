"""A folder that may not be written: from the start, or from some moment on."""

import os
import subprocess
import time
from collections.abc import Iterator

from commands import TRACES, Given, grid, one_line
from whole import digests

# Permissions do not bind root: who has no rights does it then.
NOBODY = 65534


def tried(given: Given) -> Iterator[str]:
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if why := hindrance(given, user):
        yield f"a folder that may not be written: NOT TRIED, since {why}"
        return
    command = [*grid("sweep", *TRACES), "--no-timing", "--detail", "step", "--db", "place/work.db"]
    begun = time.monotonic()
    given.folder.chmod(0o777)
    expected = given.finish([*command[:-1], "expected.db"], **user)
    whole = time.monotonic() - begun
    place = given.folder / "place"
    place.mkdir()
    if user:
        os.chown(place, NOBODY, NOBODY)

    # Nothing there yet: it is said before anything is computed, by replays too, and nothing is made.
    place.chmod(0o555)
    for other in (command, ["replay", *command[1:]], [*command, "--shard", "1/1"]):
        found = given.run(other, **user)
        assert found.returncode == (65 if "--shard" in other else 1) and not found.stdout, found
        assert "Permission denied" in one_line(found.stderr) and not any(place.iterdir()), found.stderr

    rounds = 3 if given.is_short else 30
    ended = 0
    for _ in range(rounds):
        place.chmod(0o755)
        for left in place.iterdir():
            left.unlink()
        with given.start(command, **user) as process:
            time.sleep(given.draw.uniform(0, whole))
            place.chmod(0o555)
            _, errors = process.communicate(timeout=550)
        assert process.returncode in (0, 1), (process.returncode, errors)
        ended += process.returncode
        if process.returncode:
            one_line(errors)
        reads_as_it_is(given, place, user)
        place.chmod(0o755)
        found = digests(place / "work.db")
        assert found.items() <= expected.items() and (process.returncode or found == expected), "other bits"
        assert given.finish(command, **user) == expected, "another end"
    yield (
        f"a folder that may not be written: refused at once by a sweep, a replay and a shard; {rounds} times closed while a sweep "
        f"writes to it, {ended} of them ended with one line, the others finished; read where it lies, then finished"
    )


def reads_as_it_is(given: Given, place, user: dict) -> None:
    """What is stored is read without a write, log or no log."""
    if not (place / "work.db").exists():
        return
    before = sorted(path.name for path in place.iterdir())
    found = given.run(["export", "configurations", "-o", "read.csv", "--force", "--db", "place/work.db"], **user)
    # A schema that is not at its end yet holds nothing.
    assert found.returncode == 0 or "an older" in found.stderr or "an empty one" in found.stderr, found.stderr
    assert sorted(path.name for path in place.iterdir()) == before, "something was written"


def hindrance(given: Given, user: dict) -> str | None:
    """Why nobody may run the tool here; nil where it may be run."""
    try:
        given.folder.chmod(0o755)
        found = given.run(["info", str(TRACES[0])], **user)
    except (OSError, subprocess.SubprocessError) as error:
        return f"no other user may run the tool ({error})"
    return None if found.returncode == 0 else f"another user may not read the traces ({found.stderr.strip()})"
