from __future__ import annotations

import base64
import io
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from argus.errors import ArgusError
from search_service.export.files import UniqueNames, file_stem, inspect_image, output_folder


@pytest.mark.parametrize(("url", "stem"), [
    ("/data/upload/1/1a2b3c4d-frame 12.jpg", "frame_12"),
    ("http://host/data/local-files/?d=set1/deep/x.png", "x"),
    ("https://bucket.example/path/a.b.jpeg?X-Amz-Signature=secret", "a.b"),
    ("https://bucket.example/%E9%83%A8%E5%93%81.png?X-Amz-Signature=secret", "部品"),
    ("/data/local-files/?d=..%2F..%2Fetc%2Fpasswd", "passwd"),
    ("https://host/..%5C..%5Cevil.png", "evil"),
    ("https://host/", "image"),
    ("1a2b3c4d-x.png", "1a2b3c4d-x"),  # only an upload's name has Label Studio's prefix
])
def test_file_stem__holds_no_path_and_no_secret(url: str, stem: str) -> None:
    assert file_stem(url) == stem


CLOUD = ["s3://line/frames/", "gs://line/frames/", "azure-blob://line/frames/"]


@pytest.mark.parametrize("folder", CLOUD)
@pytest.mark.parametrize("place", ["/tasks/7/resolve/", "https://host/ls/tasks/7/resolve/", "/projects/3/presign/"])
def test_file_stem__of_what_label_studio_resolves(folder: str, place: str) -> None:
    for key, stem in (("board-0001.jpg", "board-0001"), ("line #4? 100%.png", "line_4_100"), ("ガラス.jpg", "ガラス"),
                      ("a%20b.jpg", "a_20b"), ("1a2b3c4d-x.png", "1a2b3c4d-x")):
        coded = base64.urlsafe_b64encode(f"{folder}{key}".encode()).decode()
        assert file_stem(f"{place}?fileuri={coded}") == stem
    assert file_stem(f"{place}?fileuri={quote(folder, safe='')}old%2Ejpg") == "old", "as older versions wrote it"
    assert file_stem(folder + "x.jpg") == "x"


@pytest.mark.parametrize(("url", "stem"), [
    ("/ls/data/upload/1/1a2b3c4d-frame.jpg", "frame"),
    ("https://host/a/b/data/upload/1/1a2b3c4d-frame.jpg", "frame"),
    ("https://host/ls/storage-data/uploaded/?filepath=upload/1/1a2b3c4d-frame.jpg", "frame"),
    ("https://host/ls/data/local-files/?d=set1/deep/x%20y.png", "x_y"),
    ("https://account.blob.core.windows.net/box/frames/x.jpg?sv=2025&sig=secret", "x"),
    ("https://storage.googleapis.com/line/frames/x.jpg?X-Goog-Signature=secret", "x"),
    ("https://storage.googleapis.com/download/storage/v1/b/line/o/frames%2Fx.jpg?alt=media", "x"),
    ("https://s3.example/line/frames/x.jpg?X-Amz-Signature=secret", "x"),
    ("/tasks/7/resolve/?fileuri=%%%", "image"), ("http://[x/a.png", "a"),
])
def test_file_stem__of_every_place(url: str, stem: str) -> None:
    assert file_stem(url) == stem


@pytest.mark.parametrize("name", ["ガラス", "Müller", "ก้อนน้ำ", "हिन्दी", "می\u200cخواهم", "Việt", "_DSC1234",
                                  "cam.2026.11.29", "a.b", "x-_y"])
def test_file_stem__letters_keep_their_marks(name: str) -> None:
    for form in ("NFC", "NFD"):
        stem = file_stem(f"/data/local-files/?d={quote(unicodedata.normalize(form, name))}.JPG")
        assert stem == unicodedata.normalize("NFC", name)


def test_unique_names__hold_255_bytes_and_lose_only_the_end() -> None:
    names = UniqueNames()
    for stem in ("部" * 200, "น้ำ" * 90, "हिन्दी" * 40, "x" * 400):
        taken = [names.take(stem, ".jpeg", 1234567) for _ in range(3)]
        assert len(set(taken)) == 3 and all(230 < len(name.encode()) <= 255 for name in taken)
        assert all(stem.startswith(name.split("-")[0].split(".")[0]) for name in taken)
        after = stem[len(taken[0].removesuffix(".jpeg"))]
        assert unicodedata.category(after)[0] != "M", "no letter is parted from its marks"
    assert names.take("y" * 251, ".txt", 1) == "y" * 251 + ".txt"


def test_unique_names__differ_without_regard_to_case_and_extension() -> None:
    names = UniqueNames()
    taken = [names.take("x", ".jpg", 1), names.take("X", ".jpg", 2), names.take("x", ".png", 3),
             names.take("x-2", ".png", 4)]
    assert taken == ["x.jpg", "X-2.jpg", "x-3.png", "x-2-4.png"]
    assert len({Path(name).stem.lower() for name in taken}) == 4


def picture(format: str, orientation: int = 1) -> bytes:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.new("RGB", (40, 20)).save(file, format, exif=exif)
    return file.getvalue()


def test_inspect_image__size_as_a_person_sees_it() -> None:
    assert inspect_image(picture("JPEG")) == (40, 20, ".jpg")
    assert inspect_image(picture("JPEG", orientation=6)) == (20, 40, ".jpg")
    assert inspect_image(picture("PNG")) == (40, 20, ".png")
    with pytest.raises(ArgusError) as failure:
        inspect_image(b"GIF89a, or so it says")
    assert failure.value.code == "bad_image"


def test_output_folder__appears_only_when_all_went_well(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with pytest.raises(RuntimeError), output_folder(out, overwrite=False) as folder:
        (folder / "half.txt").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "deep").iterdir()) == []
    with output_folder(out, overwrite=False) as folder:
        (folder / "whole.txt").write_text("whole")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["whole.txt"]


def test_output_folder__an_empty_one_stays_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(out)
    with output_folder(out, overwrite=False) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "new.txt").touch()
    assert [path.name for path in Path("deep").iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder__replaces_a_full_one_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.txt").write_text("old")
    with pytest.raises(ArgusError) as refused, output_folder(out, overwrite=False):
        pass
    assert refused.value.code == "conflict"
    with pytest.raises(RuntimeError), output_folder(out, overwrite=True):
        raise RuntimeError
    assert (out / "old.txt").read_text() == "old"
    with output_folder(out, overwrite=True) as folder:
        (folder / "new.txt").touch()
    assert [path.name for path in out.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder__a_file_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out, code in ((tmp_path / "file", "conflict"), (tmp_path / "file" / "below", "bad_request")):
        with pytest.raises(ArgusError) as failure, output_folder(out, overwrite=True):
            pass
        assert failure.value.code == code
