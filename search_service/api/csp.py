"""The Content-Security-Policy of what the search service answers."""

from __future__ import annotations

# The page loads nothing from elsewhere and runs no inline script.
PAGE = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
HELP = PAGE.replace("form-action 'none'", "form-action 'self'")  # its search box is a form
