"""Write the digests of the images that docker-compose.yml takes from others into .env: a tag can be moved to another
image, a digest cannot.

    python scripts/pin_images.py           # asks the registries, by Docker's buildx; run it again to renew
    python scripts/pin_images.py --check   # asks nobody: says which images have none, and ends with 1 then
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A variable of the Compose file that names an image, and what is taken without it.
IMAGE = re.compile(r"\$\{(\w+_IMAGE(?:_TAG)?):-([^}]+)\}")
# It holds what comes after `python:` in a Dockerfile.
BASE = {"PYTHON_IMAGE_TAG": "python:"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="only say which images have no digest")
    parser.add_argument("--env", type=Path, default=ROOT / ".env", help="the file to read and write")
    options = parser.parse_args()
    text = options.env.read_text() if options.env.exists() else ""
    images = chosen(text)
    loose = [name for name, image in images.items() if "@sha256:" not in image]
    if options.check:
        for name in loose:
            print(f"warning: {BASE.get(name, '')}{images[name]} is named by its tag alone ({name}).", file=sys.stderr)
        sys.exit("Run `make pin-images` where the registries are in reach." if loose else None)
    for name, image in images.items():
        tag = image.partition("@")[0]
        images[name] = f"{tag}@{digest(BASE.get(name, '') + tag)}"
        print(f"{name}={images[name]}")
    write(options.env, text, images)


def chosen(env):
    """Return the images that Compose would take, by variable: of .env, else the Compose file's own."""
    given = dict(re.findall(r"^(\w+)=(.+)$", env, re.MULTILINE))
    return {name: given.get(name, usual) for name, usual in IMAGE.findall((ROOT / "docker-compose.yml").read_text())}


def digest(image):
    """Ask the image's registry for the digest of what its tag points to now, whatever the machine's architecture."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("There is no docker here; digests are looked up by its buildx.")
    found = done.stdout.strip()
    if done.returncode or not re.fullmatch(r"sha256:[0-9a-f]{64}", found):
        sys.exit(f"The digest of {image} could not be looked up: {(done.stderr or found).strip()}")
    return found


def write(path, text, images):
    """Put the variables into the file, in place of older ones, readable by its owner alone."""
    kept = [line for line in text.splitlines() if line.partition("=")[0] not in images]
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join([*kept, *(f"{name}={image}" for name, image in images.items())]) + "\n")
    draft.replace(path)


if __name__ == "__main__":
    main()
