"""An export as one file for a browser."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import IO

from argus.export import export_project


def export_archive(project_id: int, format_name: str) -> IO[bytes]:
    """Export a project into a ZIP and return the open file, at its start; it is deleted when closed.

    Raises:
        ArgusError: what the export raises (`unknown_format`, `unknown_project` …).
    """
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it, after it was sent
    try:
        with tempfile.TemporaryDirectory() as folder:
            export_project(project_id, format_name, Path(folder) / "export")
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
                for path in sorted((Path(folder) / "export").rglob("*")):
                    if path.is_file():
                        stored = zipfile.ZIP_STORED if path.suffix in (".jpg", ".png") else zipfile.ZIP_DEFLATED
                        zipped.write(path, path.relative_to(Path(folder) / "export"), stored)
    except BaseException:
        archive.close()
        raise
    archive.seek(0)
    return archive
