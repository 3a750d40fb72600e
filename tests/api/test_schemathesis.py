"""A second fuzzer, not ours, holds the API to its own document: statuses, content types, shapes, headers, and refusal without a token."""

from __future__ import annotations

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

from mfadesk.api.document import document  # noqa: E402
from mfadesk.api.door import pace  # noqa: E402
from mfadesk.operations.record import make_checkpoint  # noqa: E402
from mfadesk.store.models import Throttle  # noqa: E402


@pytest.fixture
def api(ask, play, replaced, token_for):
    """The API's document over the real application, in this process, with a token for everything."""
    from mfadesk.site.wsgi import application

    make_checkpoint(play.desk)
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    return schema, {"Authorization": f"Bearer {token_for()}", "Host": "localhost"}


@pytest.mark.slow
def test_no_request_that_the_document_allows_or_forbids_breaks_its_promises(api):
    schema, headers = api
    seen = 0
    for found in schema.get_all_operations():

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=found.ok().as_strategy())
        def ask_once(case):
            # What follows a page, and that `first` is the smaller size, no schema can say: those are refused in words.
            # It tries each request without a good token too; that its source then has to wait is another test's matter.
            pace._counts.clear()
            Throttle.objects.all().delete()
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        ask_once()
        seen += 1
    assert seen == len(document()["paths"])
