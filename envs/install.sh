#!/bin/sh
# install.sh VERSION: what Containerfile and lesionflow.def do as root in the image that is being built. Installs the
# locked environment, and writes down what the image is, for model cards and reports.
set -eu
cd /opt/lesionflow
python3 -c 'import sys; sys.exit("The lock is for Python 3.11: take another base.") if sys.version_info[:2] != (3, 11) else 0'
python3 -m venv .
bin/pip install --no-cache-dir --progress-bar off --requirement requirements.lock
cat > image.json <<END
{
  "name": "lesionflow",
  "version": "$1",
  "licence": "MIT",
  "base": "$(. /etc/os-release && echo "$PRETTY_NAME")",
  "lock_sha256": "$(sha256sum requirements.lock | cut -d ' ' -f 1)"
}
END
