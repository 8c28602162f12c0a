#!/usr/bin/env bash
# prepare.sh: build lesionflow.sif on a Debian that has neither Apptainer nor a container registry within reach, as
# root. In .image/: tools (put .image/tools/usr/bin on PATH) and base, a bare Debian 12, whose Python is 3.11.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "Only root can make the bare Debian that the image is built on." >&2; exit 1; }
mkdir -p .image
.image/tools/usr/bin/apptainer --version 2> /dev/null || tests/image/get_apptainer.sh .image/tools
export PATH=$PWD/.image/tools/usr/bin:$PATH

if [ ! -e .image/base.done ]; then
    rm -rf .image/base
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep '/debian/$' | head -n 1)
    DEBOOTSTRAP_DIR=$PWD/.image/tools/usr/share/debootstrap .image/tools/usr/sbin/debootstrap --variant=minbase \
        --include=python3,python3-venv,ca-certificates bookworm .image/base "$mirror" > .image/debootstrap.log
    # In a user namespace with one user, below, files of others and devices cannot be copied.
    chown -R 0:0 .image/base
    find .image/base/dev -mindepth 1 -delete
    touch .image/base.done
fi

sources="envs/requirements.lock envs/install.sh envs/lesionflow.def envs/build_image.sh"
[ -e lesionflow.sif ] && sha256sum --check --status .image/built.sha256 && exit
# What pip needs to reach its index is bound while the image is built, and no part of it.
options=()
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /root/.config/pip/pip.conf; do
    if [ -e $file ]; then
        mkdir -p ".image/base/${file%/*}"
        touch ".image/base/$file"
        options+=(--bind "$file:$file:ro")
    fi
done
# Apptainer builds with all capabilities of root; where root lacks one, a user namespace has them.
unshare --user --map-root-user make image BASE=.image/base IMAGE_OPTIONS="${options[*]}"
sha256sum $sources > .image/built.sha256
