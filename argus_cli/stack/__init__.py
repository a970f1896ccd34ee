"""The embedded stack: every server and process of Argus as children of one process, without containers.

`Stack` is the entrance. Nothing here is needed when the processes run as containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argus_cli.stack.stack import SERVICES, Stack

__all__ = ["SERVICES", "Stack"]


def __getattr__(name: str) -> Any:
    # Late, because every process asks `argus.home` where the sockets are, and few of them start a stack.
    if name in __all__:
        from argus_cli.stack import stack

        return getattr(stack, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
