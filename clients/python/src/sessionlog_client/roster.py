"""Whether the workers whom an artifact names are on the roster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import TypeAlias

Artifact: TypeAlias = Mapping[str, object]
RosterCheck: TypeAlias = Callable[[Artifact], "bool | None"]

WORKER_ID_PATHS = ("fills[].candidate_id", "fills[].worker_id", "worker_id")
"""Where artifacts name workers: `[]` stands for each item of a list."""


def roster_check_for(
    kind: str,
    lookup: Callable[[str], object],
    paths: Sequence[str] | Callable[[Artifact], Iterable[object]] = WORKER_ID_PATHS,
) -> RosterCheck:
    """A check for `build_session_record`: True when `lookup` finds every worker id that the artifact names, False when
    it does not find one. None, unknown, for kinds other than fill, and when the artifact names nobody at these paths.

    `paths` says where ids are, or finds them itself. An id that is there but is neither text nor an integer is found by
    nobody. What `lookup` raises is for the caller of the check; `build_session_record` takes it for unknown. A lookup
    that is a coroutine function answers nothing: the check raises TypeError.
    """

    def check(artifact: Artifact) -> bool | None:
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
    if isinstance(worker_id, int) and not isinstance(worker_id, bool):
        worker_id = str(worker_id)
    if not isinstance(worker_id, str) or worker_id == "":
        return False
    found = lookup(worker_id)
    if isawaitable(found):
        # It would be true whatever comes of it.
        raise TypeError("the lookup is to answer at once: it returned an awaitable")
    return bool(found)


def _ids(artifact: Artifact, paths: Iterable[str]) -> Iterator[object]:
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
