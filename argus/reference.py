"""Reference pages made from the code: `python -m argus.reference` writes them, a test holds them to it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from argus.errors import CATALOGUE
from argus.settings import Settings


def settings_table() -> str:
    """Return the table of every setting: environment variable, default, meaning."""
    rows = ["| environment variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is PydanticUndefined else field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else str(default)
        rows.append(f"| `ARGUS_{name.upper()}` | {f'`{shown}`' if shown else ''} | {field.description} |")
    return "\n".join(rows)


def error_table() -> str:
    """Return the table of every error code with its HTTP status and exit status."""
    rows = ["| code | HTTP | exit |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{code}` | {kind.status} | {kind.exit_code} |" for code, kind in CATALOGUE.items()])


def main() -> None:
    docs = Path(__file__).parent.parent / "docs"
    (docs / "settings.md").write_text(
        "# Settings\n\nEvery process reads these environment variables, or a file `.env` in its working directory.\n\n"
        f"{settings_table()}\n", "utf-8")
    (docs / "errors.md").write_text(
        "# Errors\n\nEach error has a stable code. HTTP answers it as `application/problem+json` (RFC 9457) with "
        "the code, a sentence and a hint; the command line prints the sentence and the hint and ends with the exit "
        "status.\n\n"
        f"{error_table()}\n", "utf-8")


if __name__ == "__main__":
    main()
