"""Browser profiles (Playwright's contexts) which tests use one after another.

Our page is 150 small files. In a profile's cache they cost a processor second less for each page that is opened. What a
test leaves in a profile does not stay: pages, cookies, storage, permissions.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from argus.settings import get_settings

SIZE: ViewportSize = {"width": 1300, "height": 900}
STORAGE = "local_storage,indexeddb,cache_storage,service_workers"


class Profiles:
    """The profiles of one browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = defaultdict(list)
        self._taken: dict[BrowserContext, str] = {}

    def open(self, viewport: ViewportSize = SIZE, **options: Any) -> Page:
        """Return an empty page in a profile that nobody else uses, with these options of `new_context`."""
        options = {"viewport": SIZE, "locale": "en-GB", "base_url": get_settings().search_service_url} | options
        key = str(sorted(options.items()))
        context = self._free[key].pop() if self._free[key] else self._browser.new_context(**options)
        self._taken[context] = key
        page = context.new_page()
        if viewport != SIZE:
            page.set_viewport_size(viewport)
        return page

    def close(self, context: BrowserContext) -> None:
        """Close a profile's pages and forget what they kept, for the next who asks for one; a second time, do
        nothing."""
        if (key := self._taken.pop(context, None)) is None:
            return
        *others, last = context.pages or [context.new_page()]
        for page in others:
            page.close()
        session = context.new_cdp_session(last)
        settings = get_settings()
        for origin in (settings.search_service_url, settings.label_studio_url):
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORAGE})
        last.close()
        context.clear_cookies()
        context.clear_permissions()
        self._free[key].append(context)
