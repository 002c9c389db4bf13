# SPDX-License-Identifier: GPL-3.0-or-later
"""What Schemathesis has to be told of this interface: lines of JSON are sent as they are, and some of the numbers that it
makes up for dead letters are of letters that there are."""
import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def lines(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    number = (path_parameters or {}).get("id")
    if isinstance(number, int) and number % 2 == 0 and "/dead-letters/" in context.operation.path:
        return {**path_parameters, "id": number % 100 + 1}
    return path_parameters
