"""Label Studio's settings, but with a pool of connections to PostgreSQL.

As it comes, each request makes a new one, which costs half as much again as the request itself.
"""

# ruff: noqa: F403
from core.settings.base import *  # first: the next reads it through Django
from label_studio.core.settings.label_studio import *
from label_studio.core.settings.label_studio import DATABASES

DATABASES["default"] |= {"CONN_HEALTH_CHECKS": True,  # tests stop and restore the server
                         "OPTIONS": {"pool": {"min_size": 1, "max_size": 30, "timeout": 60}}}
