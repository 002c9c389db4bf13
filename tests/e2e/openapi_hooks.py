# SPDX-License-Identifier: GPL-3.0-or-later
"""What Schemathesis has to be told of this interface: lines of JSON are sent as they are."""
import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def lines(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
