"""What a backup that somebody made up may not do: write outside the folder it is unpacked into."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from argus.errors import ArgusError
from argus.settings import Settings
from argus.stack.backup import FORMAT, restore

MANIFEST = json.dumps({"format": FORMAT, "argus": "1", "schema": 1, "databases": {}}).encode()


def member(name: str, **how: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for key, value in how.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize("hostile", [
    [member("../outside", size=4)], [member("label-studio/../../outside", size=4)],
    [member("label-studio", type=tarfile.SYMTYPE, linkname="../.."), member("label-studio/outside", size=4)],
    [member("files/link", type=tarfile.SYMTYPE, linkname="/etc/hostname")],
    [member("files/link", type=tarfile.LNKTYPE, linkname="../../outside")],
    [member("files/device", type=tarfile.CHRTYPE)],
])
def test_restore__a_member_that_leads_out_of_the_archive_is_refused(tmp_path: Path,
                                                                    hostile: list[tarfile.TarInfo]) -> None:
    home, file = tmp_path / "home", tmp_path / "argus.tar"
    home.mkdir()
    (home / "outside").write_text("ours")
    with tarfile.open(file, "w") as archive:
        archive.addfile(member("manifest.json", size=len(MANIFEST)), io.BytesIO(MANIFEST))
        for one in hostile:
            archive.addfile(one, io.BytesIO(b"evil"[:one.size]))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ArgusError) as caught:
        restore(Settings(_env_file=None, home=home), file)
    assert (caught.value.code, caught.value.hint) == ("bad_request", "Nothing was changed.")
    assert (home / "outside").read_text() == "ours"
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
