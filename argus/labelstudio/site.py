"""Where Label Studio is: the address that this process calls, and the one that browsers know.

Either may have a path (`https://host/ls`), and they may differ (a proxy in front). What a task says of its image is
meant for browsers; it is fetched at the address that this process calls. What else the same host serves is not Label
Studio's, and is never sent its token.
"""

from __future__ import annotations

from argus import addresses
from argus.addresses import Address


class Site:
    """Tells Label Studio's addresses from all others.

    Args:
        inner: Label Studio as this process calls it.
        public: as browsers do.

    Raises:
        BadAddress: one of them is no address.
    """

    def __init__(self, inner: str, public: str) -> None:
        self.inner, self.public = addresses.parse(inner.rstrip("/")), addresses.parse(public.rstrip("/"))

    @property
    def prefix(self) -> str:
        """The path below which this process finds Label Studio, without a slash at its end; "" at the root."""
        return prefix_of(self.inner)

    def join(self, text: str) -> Address:
        """Return what a browser makes of an address in Label Studio's page. Raises as `addresses.join`."""
        return addresses.join(self.public.url.rstrip("/") + "/", text)

    def follow(self, at: Address, text: str) -> Address:
        """Return where an answer from `at` sends a browser: Label Studio names its pages as browsers know them, also
        when it is asked at another address. Raises as `addresses.join`."""
        return addresses.join(_moved(at, self.inner, self.public) if self.owns(at) else at, text)

    def to_inner(self, address: Address) -> Address:
        """Return where this process finds what browsers find at `address`: the same, unless it is Label Studio's."""
        base = next((base for base in (self.public, self.inner) if is_below(address, base)), None)
        return _moved(address, base, self.inner) if base else address

    def owns(self, address: Address) -> bool:
        """Whether an address that `to_inner` gave is Label Studio's."""
        return is_below(address, self.inner)


def _moved(address: Address, old: Address, new: Address) -> Address:
    """Return the address below `new` of what `address` is below `old`."""
    query = f"?{address.query}" if address.query else ""
    return addresses.parse(addresses.shown(new.origin) + prefix_of(new) + address.path[len(prefix_of(old)):] + query)


def prefix_of(base: Address) -> str:
    """Return the path of Label Studio's address, without a slash at its end."""
    return base.path.rstrip("/")


def is_below(address: Address, base: Address) -> bool:
    """Whether `address` lies at or below `base`. Paths are compared as they are sent: what a server in front decodes
    before it chooses whom to ask is not known, so `/ls%2Fdata` is not below `/ls`."""
    return address.origin == base.origin and f"{address.path}/".startswith(f"{prefix_of(base)}/")
