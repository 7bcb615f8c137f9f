"""Artifacts that are models of pydantic or instances of attrs classes."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from sessionlog_client import IterateRequest, IterateResponse, build_session_record, roster_check_for

from ..support import FakeService, quick

attrs = pytest.importorskip("attrs")
pydantic = pytest.importorskip("pydantic")

ID = uuid.UUID("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")


class Fill(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    worker_id: str
    shift: uuid.UUID = ID
    on: datetime.date = datetime.date(2026, 5, 2)
    rate: Decimal = Decimal("19.99")
    skills: frozenset[str] = frozenset(["welder"])


class Fills(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    fills: list[Fill]


class Listed(pydantic.RootModel[list[int]]):  # type: ignore[misc, name-defined]
    pass


Email: Any = attrs.make_class("Email", ["subject", "fill"])


FILL = {"worker_id": "W-1", "shift": str(ID), "on": "2026-05-02", "rate": "19.99", "skills": ["welder"]}


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (Fills(fills=[Fill(worker_id="W-1")]), {"fills": [FILL]}),
        ({"fills": [Fill(worker_id="W-1")]}, {"fills": [FILL]}),
        (Email(subject="Hello", fill=Fill(worker_id="W-1")), {"subject": "Hello", "fill": FILL}),
        ({"numbers": Listed([1, 2])}, {"numbers": [1, 2]}),
    ],
    ids=["pydantic", "inside a dictionary", "attrs", "a root model"],
)
def test_models_are_stored(fake: FakeService, address: str, artifact: Any, expected: Any) -> None:
    seen: list[Mapping[str, object]] = []
    response = IterateResponse(artifact, 1)
    with quick(address) as log:
        log.append(build_session_record(IterateRequest("fill"), response))
        with log.session("fill", roster=lambda plain: seen.append(plain) or True) as session:  # type: ignore[func-returns-value]
            assert session.accept(artifact) is artifact
        assert log.flush(20)
    assert [MessageToDict(record.artifact) for call in fake.calls for record in call] == [expected, expected]
    assert seen == [expected]


def test_models_meet_the_roster() -> None:
    response = IterateResponse(Fills(fills=[Fill(worker_id="W-1")]), 1)
    check = roster_check_for("fill", {"W-1"}.__contains__)
    assert build_session_record(IterateRequest("fill"), response, roster_check=check).grounded_in_roster is True


def test_models_that_cannot_be_serialised_are_refused(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        value: object

        @pydantic.field_serializer("value")  # type: ignore[untyped-decorator]
        def serialise(self, value: object) -> str:
            raise LookupError("it cannot be serialised")

    with quick(address) as log:
        with log.session("fill", trace_id="s-1") as session:
            session.accept(Broken(value=1))
        assert log.flush(20)
        assert (log.stats().refused, fake.stored) == (1, [])
    assert "it cannot be serialised" in caplog.text
