"""What made-up requests need to know of the API's media types."""

from __future__ import annotations

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")  # a part of an upload
