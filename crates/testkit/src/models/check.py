"""Holds recorded requests against AWS's API models.

    python3 check.py BOTOCORE REQUESTS

prints a line for each member that is not as its model says, with the first request that has it, and
then how many requests were read. Exits with 1 if any is wrong.
"""

import json
import re
import sys
from pathlib import Path

from model import Models
from shapes import problems
from wire import Unreadable, members_of, operation_of

# How much of a request is shown.
SHOWN_MAX = 400


def main(botocore, requests):
    models = Models(Path(botocore))
    found = {}
    with open(requests, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for request in lines:
        for place, problem in wrongs(models, request):
            # The same mistake in many requests is one.
            kind = re.sub(r"\[\d+\]", "[]", place), problem.split(":")[0]
            found.setdefault(kind, (place, problem, request, []))[-1].append(request)
    for place, problem, request, same in found.values():
        print(f"{place} {problem}\n  {requests_of(len(same))}, such as {shown(request)}")
    print(f"{requests_of(len(lines))} read")
    return 1 if found else 0


def wrongs(models, request):
    """Where a request is not as its model says, and how."""
    model = models.of(request)
    place = f"{request['service']}:"
    try:
        operation = operation_of(model, request)
        # The model of CloudFront has its version in every name.
        place += re.sub(r"\d{4}_\d\d_\d\d$", "", operation)
        members = members_of(model, operation, request)
    except (Unreadable, SyntaxError, ValueError) as error:
        yield place, f"cannot be read, as {error}"
        return
    shape = model.input(model.operations[operation])
    for path, problem in problems(model, shape, members):
        yield f"{place} {path}", problem


def requests_of(count):
    return f"{count} request{'' if count == 1 else 's'}"


def shown(request):
    text = f"{request['method']} {request['uri']} {request['body']}".strip()
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
