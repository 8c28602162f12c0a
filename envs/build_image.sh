#!/usr/bin/env bash
# build_image.sh BASE [OPTION…]: build lesionflow.sif with Apptainer; where there is none, lesionflow.tar with podman or
# docker. BASE is docker://NAME or, for Apptainer, a folder that holds a root of Debian. Options go to the build.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$1
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' workflow/scripts/lesionflow/__init__.py)
if command -v apptainer > /dev/null; then
    case $base in docker://*) bootstrap=docker ;; *) bootstrap=localimage ;; esac
    # Level 1: the default takes three times as long for a file that is hardly smaller.
    apptainer build --force --mksquashfs-args "-Xcompression-level 1" --build-arg BOOTSTRAP=$bootstrap \
        --build-arg BASE="${base#docker://}" --build-arg VERSION="$version" "${@:2}" lesionflow.sif envs/lesionflow.def
    sha256sum lesionflow.sif | tee lesionflow.sif.sha256
elif engine=$(command -v podman || command -v docker); then
    "$engine" build --file envs/Containerfile --tag lesionflow --build-arg BASE="${base#docker://}" \
        --build-arg VERSION="$version" "${@:2}" .
    "$engine" save --output lesionflow.tar lesionflow
    echo "Where Apptainer is: apptainer build lesionflow.sif docker-archive:lesionflow.tar"
else
    echo "An image needs apptainer, podman or docker; none of them is on PATH." >&2
    exit 1
fi
