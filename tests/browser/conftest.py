"""A real Chromium, signed in to the real Label Studio."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from argus.settings import get_settings
from tests.browser.profiles import Profiles
from tests.lanes import network

expect.set_options(timeout=20_000)  # the servers and the browser share two cores
# Chromium makes two pages of its own for the address bar of every window, headless too: a processor second each time.
# Of several lists it takes the last, so what Playwright turns off is repeated.
NOT_NEEDED = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AvoidUnnecessaryBeforeUnloadCheckSync",
              "DestroyProfileOnBrowserClose", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay",
              "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect",
              "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch")
CONTEXTS = pytest.StashKey[list[BrowserContext]]()
# The first two have no windows at all, and need a quarter less of a processor.
CANDIDATES = ("chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome",
              "google-chrome-stable")


def chromium_path() -> str | None:
    """The browser to drive: ARGUS_CHROMIUM, one on PATH, else the one Playwright downloaded (None)."""
    if path := os.environ.get("ARGUS_CHROMIUM"):
        return path
    return next((found for name in CANDIDATES if (found := shutil.which(name))), None)


@pytest.fixture(autouse=True)
def network_stays() -> Iterator[None]:
    with network(changes=False):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                  f"--disable-features={','.join(NOT_NEEDED)}"])
        yield chromium
        chromium.close()


def sign_in(page: Page) -> None:
    """Fill in Label Studio's login, and wait for what comes after it."""
    settings = get_settings()
    page.fill("input[name=email]", settings.label_studio_user)
    page.fill("input[name=password]", settings.label_studio_password.get_secret_value())
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


@pytest.fixture(scope="session")
def session(browser: Browser, stack: Any) -> Any:
    """The cookies of somebody who has signed in to Label Studio; it keeps nothing of a session itself."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{get_settings().label_studio_url}/user/login/")
    sign_in(page)
    cookies = context.storage_state()
    context.close()
    return cookies


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Profiles:
    return Profiles(browser)


@pytest.fixture
def page(profiles: Profiles, session: Any) -> Iterator[Page]:
    """A page with Label Studio's session; script errors of the page are collected in `page.argus_errors`."""
    page = profiles.open({"width": 1400, "height": 900}, locale="en-US")
    page.context.add_cookies(session["cookies"])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.argus_errors = errors  # type: ignore[attr-defined]
    yield page
    profiles.close(page.context)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Close the test's pages before its projects are deleted: a page that still asks for one would complain."""
    for context in item.stash.get(CONTEXTS, []):
        item.funcargs["profiles"].close(context)  # type: ignore[attr-defined]


@pytest.fixture
def open_page(request: pytest.FixtureRequest, profiles: Profiles, stack: Any) -> Iterator[Callable[..., Page]]:
    """Return `open_page(address, …)`: a page of the search service, in a profile that it has for
    itself; the options are those of `profiles.open`.

    Whatever the browser complains about fails the test. One that provokes a complaint takes it out of
    `page.complaints`, which all pages of a test share.
    """
    complaints: list[str] = []
    contexts = request.node.stash[CONTEXTS] = []

    def make(address: str, **options: Any) -> Page:
        page = profiles.open(**options)
        contexts.append(page.context)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(f"{said.text} {said.location.get('url')}")
                if said.type == "error" else None)
        page.complaints = complaints  # type: ignore[attr-defined]
        page.goto(f"{get_settings().search_service_url}/{address}")
        return page

    yield make
    assert complaints == []
