#!/usr/bin/env bash
# run.sh: build the image and run a small demo inside it, from a Python that has Snakemake and no torch; then a training
# in it through SLURM.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/image/prepare.sh
export PATH=$PWD/.image/tools/usr/bin:$PATH
host=.image/host/bin
check() {
    echo "$1"
    "${@:2}" || { echo "FAILED: $1" >&2; exit 1; }
}

[ -e .image/host ] || python3 -m venv .image/host
$host/pip install --quiet --constraint envs/requirements.lock snakemake pandas tqdm
check "This machine has neither torch nor what the image has" \
    $host/python -c "import importlib.util as u, os; assert not u.find_spec('torch') and not os.path.exists('/opt/lesionflow')"
check "The image holds nothing of what pip was given to build it" \
    apptainer exec --containall --no-home lesionflow.sif sh -c '! [ -s /etc/pip.conf ] && ! [ -s /root/.config/pip/pip.conf ]'

rm -rf .image/run
run=($host/snakemake --cores 2 --directory .image/run --configfile config/demo.yaml tests/image/config.yaml
    --config container="$PWD/lesionflow.sif" --sdm apptainer --apptainer-args="--bind $PWD")
check "Preflight" "${run[@]}" -- preflight
check "The demo, inside the image" "${run[@]}"

lock=$(sha256sum envs/requirements.lock | cut -d ' ' -f 1)
cards=$(find .image/run/results/demo/corrected -name card.json | wc -l)
check "There are 3 cards, and all name the image" [ "$cards" = 3 -a \
    "$(grep -rl --include=card.json "\"lock_sha256\": \"$lock\"" .image/run/results/demo/corrected | wc -l)" = 3 ]
check "The report names the image" grep -q "Container image used for training: lesionflow .*$lock" .image/run/results/demo/report.html
check "A training through SLURM, inside the image" .venv/bin/pytest -q -rs tests/slurm -k in_the_image
cp .image/built.sha256 tests/image/passed.sha256
