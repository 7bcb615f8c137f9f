"""Whether the workers in an artifact are on the roster."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import TypeAlias

PlainArtifact: TypeAlias = Mapping[str, object]
"""An artifact of dictionaries and lists, whatever it was made of."""
RosterCheck: TypeAlias = Callable[[PlainArtifact], "bool | None"]

WORKER_ID_PATHS = ("fills[].candidate_id", "fills[].worker_id", "worker_id")
"""Where artifacts have the ids of workers: `[]` stands for each item of a list."""


def roster_check_for(
    kind: str,
    lookup: Callable[[str], object],
    paths: Sequence[str] | Callable[[PlainArtifact], Iterable[object]] = WORKER_ID_PATHS,
) -> RosterCheck:
    """A check for `build_session_record`: True when `lookup` finds every worker id in the artifact, False when it does
    not find one. None, unknown, for kinds other than fill, and when the artifact has no ids at these paths.

    `paths` are where ids are, or a function that finds them. An id that is neither text nor an integer is not on the
    roster. What `lookup` raises the check raises too; `build_session_record` takes it for unknown. A lookup that is a
    coroutine function has no result: the check raises TypeError.
    """

    def check(artifact: PlainArtifact) -> bool | None:
        if kind != "fill":
            return None
        found = paths(artifact) if callable(paths) else _ids(artifact, paths)
        grounded: bool | None = None
        for worker_id in found:
            if not _is_known(worker_id, lookup):
                return False
            grounded = True
        return grounded

    return check


def _is_known(worker_id: object, lookup: Callable[[str], object]) -> bool:
    if (isinstance(worker_id, int) and not isinstance(worker_id, bool)) or (
        isinstance(worker_id, float) and worker_id.is_integer()
    ):
        worker_id = str(int(worker_id))
    if not isinstance(worker_id, str) or worker_id == "":
        return False
    found = lookup(worker_id)
    if isawaitable(found):
        if isinstance(found, Coroutine):
            found.close()  # else Python warns that it was never awaited
        # It is true, whatever its result will be.
        raise TypeError("the lookup must not be asynchronous: it returned an awaitable")
    return bool(found)


def _ids(artifact: PlainArtifact, paths: Iterable[str]) -> Iterator[object]:
    for path in paths:
        yield from _at(artifact, path.replace("[]", ".[]").split("."))


def _at(value: object, steps: Sequence[str]) -> Iterator[object]:
    if not steps:
        yield value
    elif steps[0] == "[]":
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            for item in value:
                yield from _at(item, steps[1:])
    elif isinstance(value, Mapping) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:])
