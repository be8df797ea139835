"""The HTTP API, version 1: one explicit list of routers, and how refusals become answers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from fusion import __version__
from fusion.access.http_auth import answer_exempt, bind_requirements
from fusion.access.shown_actors import with_shown_actors
from fusion.accounts import api as accounts
from fusion.catalogue import api as catalogue
from fusion.clients import api as clients
from fusion.kernel.errors import Problem, fields_problem
from fusion.kernel.http import problem_response, read_json
from fusion.kernel.openapi import Described
from fusion.ledger import api as ledger
from fusion.lifecycle import api as lifecycle
from fusion.lifecycle import jobs_api as organization_jobs
from fusion.lifecycle import moves_api as moves
from fusion.lifecycle import numbers_api as many_numbers
from fusion.lifecycle import restore_api as restoration
from fusion.lifecycle import settings_api as settings
from fusion.numbers import api as numbers
from fusion.numbers import ports_api as ports
from fusion.ordering import api as ordering
from fusion.ordering import requests_api as requests
from fusion.reporting import api as reporting
from fusion.reporting import audit_api as audit
from fusion.tenancy import api as tenancy
from fusion.tenancy import events_api as events
from fusion.trunks import api as trunks
from fusion.trunks import calls_api as calls
from fusion.users import api as users


class StrictParser(Parser):
    """Reads bodies with `read_json`, whose refusals are precise."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The request's JSON body."""
        return read_json(request)


api = Described(
    title="Fusion",
    version="1",
    description=f"Orders, licences and provisioning limits. Server release {__version__}. Whole "
    "numbers are written without decimals: 1, not 1.0. A cursor is the `next` of the same list.",
    parser=StrictParser(),
    openapi_url="/openapi.json",
    docs_url="/docs",
    urls_namespace="api",
)

# Requests are matched from the top: the most frequent routes come first.
ROUTERS: tuple[Router, ...] = (
    calls.router,
    ordering.router,
    numbers.router,
    many_numbers.router,
    ports.router,
    users.router,
    trunks.router,
    requests.router,
    ledger.router,
    tenancy.router,
    accounts.router,
    clients.router,
    lifecycle.router,
    moves.router,
    organization_jobs.router,
    restoration.router,
    settings.router,
    catalogue.router,
    reporting.router,
    audit.router,
    events.router,
)
for router in ROUTERS:
    api.add_router("", router)
    bind_requirements(router)
    with_shown_actors(router)


@api.exception_handler(Problem)
def refuse(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Every refusal of ours. An invisible object is 404 before a wrong body or field, and an
    emergency call passes.
    """
    try:
        return answer_exempt(request, problem) or problem_response(problem)
    except Problem as other:
        return problem_response(other)


@api.exception_handler(ValidationError)
def refuse_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Fields with invalid values: 422 with one entry for each."""
    # Ninja puts the field's place (body, body's parameter; query) in front of its path.
    return refuse(request, fields_problem(error.errors, 2, api.parameters_of(request)))


@api.exception_handler(HttpError)
def refuse_body(request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that `read_json` refused: Ninja wraps the refusal in another error."""
    if isinstance(error.__cause__, Problem):
        return refuse(request, error.__cause__)
    raise error
