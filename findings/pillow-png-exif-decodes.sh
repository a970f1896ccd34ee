#!/bin/sh
# Pillow 13.0.0: asking an opened PNG without EXIF for its EXIF decodes all its pixels; asking a JPEG decodes none.
# Whoever looks at the orientation before deciding whether there is memory for an image has then decoded it already.
# Reason: EXIF may stand behind the pixels in a PNG. Without decoding: Image.Image.getexif(image), which misses that case.
# Seen: "JPEG: 0 MiB, PNG: 366 MiB" for 12,000 x 8,000 pixels.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
cat > "$place/look.py" <<'PYTHON'
import sys
from PIL import Image

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

image = Image.open(sys.argv[1])
before = peak()
image.getexif()
print(peak() - before)
PYTHON
cat > "$place/make.py" <<'PYTHON'
import sys
from PIL import Image

Image.new("RGB", (12_000, 8_000), "red").save(sys.argv[1])
PYTHON
for kind in jpg png; do
    "$place/env/bin/python" "$place/make.py" "$place/a.$kind"
    "$place/env/bin/python" -W ignore "$place/look.py" "$place/a.$kind" > "$place/$kind.txt"
done
echo "JPEG: $(cat "$place/jpg.txt") MiB, PNG: $(cat "$place/png.txt") MiB"
[ "$(cat "$place/jpg.txt")" -lt 20 ] && [ "$(cat "$place/png.txt")" -gt 300 ]
