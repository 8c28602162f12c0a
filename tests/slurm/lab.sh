#!/usr/bin/env bash
# A SLURM of one controller and three nodes on this machine, for tests: loopback only, no systemd, no database.
#   lab.sh up FOLDER PORT PORT PORT PORT    node1 and node2 have one GPU each (a character device), node3 has none
#   lab.sh down FOLDER
# The configuration is linked to /etc/slurm, because Snakemake's plugin drops SLURM_CONF inside jobs.
set -euo pipefail
command=$1 lab=$2
host=$(hostname -s)

configuration() { # PORT of the controller, PORTs of the nodes
    cat <<END
ClusterName=lab$1
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$1
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$lab/munge/socket
CommunicationParameters=NoAddrCache,NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$lab/state
SlurmdSpoolDir=$lab/spool/%n
SlurmctldPidFile=$lab/run/slurmctld.pid
SlurmdPidFile=$lab/run/%n.pid
SlurmctldLogFile=$lab/log/slurmctld.log
SlurmdLogFile=$lab/log/%n.log
JobCompType=jobcomp/filetxt
JobCompLoc=$lab/log/completed.txt
AccountingStorageType=accounting_storage/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=5
GresTypes=gpu
# Nodes say what they have below, whatever this machine has.
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
EnforcePartLimits=ALL
JobRequeue=0
# Seconds: finished jobs stay in squeue, a silent node is down (and back when it speaks), a job may take to end.
MinJobAge=7200
SlurmdTimeout=10
KillWait=3
ReturnToService=1
# Jobs that ask for no GPU go to node3 as long as it has room.
NodeName=DEFAULT CPUs=8 RealMemory=24000 Weight=2
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$2 Gres=gpu:1
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$3 Gres=gpu:1
NodeName=node3 NodeHostname=$host NodeAddr=127.0.0.1 Port=$4 Weight=1
PartitionName=all Nodes=ALL Default=YES MaxTime=1440
END
}

wait_for() { # SECONDS COMMAND…
    local end=$((SECONDS + $1))
    shift
    until timeout 5 "$@" >/dev/null 2>&1; do
        if ((SECONDS > end)); then
            echo "lab.sh: not ready: $*" >&2
            tail -n 5 "$lab"/log/*.log >&2
            return 1
        fi
        sleep 0.1
    done
}

three_idle_nodes() { [ "$(sinfo --noheader --Node --states=idle --format=%N | wc -l)" = 3 ]; }

up() {
    mkdir -p "$lab"/{munge,state,log,run} "$lab"/spool/node{1,2,3} "$lab"/dev/node{1,2} /etc/slurm
    chmod 755 "$lab" "$lab/munge"
    configuration "$@" >"$lab/slurm.conf"
    for node in node1 node2; do
        mknod "$lab/dev/$node/nvidia0" c 1 3
        echo "NodeName=$node Name=gpu File=$lab/dev/$node/nvidia0" >>"$lab/gres.conf"
    done
    ln -s "$lab/slurm.conf" "$lab/gres.conf" /etc/slurm/
    head -c 1024 /dev/urandom >"$lab/munge/key"
    chmod 600 "$lab/munge/key"
    chown -R munge:munge "$lab/munge"
    setpriv --reuid munge --regid munge --init-groups munged --force --key-file="$lab/munge/key" \
        --socket="$lab/munge/socket" --pid-file="$lab/munge/munged.pid" --log-file="$lab/munge/log" \
        --seed-file="$lab/munge/seed"
    slurmctld -i
    wait_for 20 scontrol ping
    for node in node1 node2 node3; do slurmd -N "$node"; done
    export -f three_idle_nodes
    wait_for 30 bash -c three_idle_nodes
}

down() {
    scancel --user="$(id -un)" || true
    for _ in $(seq 100); do
        [ -z "$(squeue --noheader --states=running,completing)" ] && break
        sleep 0.1
    done
    for pid in "$lab"/run/*.pid "$lab"/munge/munged.pid; do kill "$(cat "$pid")" || true; done
    sleep 1
    for step in $(pgrep -x slurmstepd || true); do # only what is left of this lab
        case "$(readlink "/proc/$step/cwd")" in "$lab"/*) kill -9 "$step" || true ;; esac
    done
    local cluster
    cluster=$(sed -n 's/^ClusterName=//p' "$lab/slurm.conf")
    for environment in /proc/[0-9]*/environ; do # jobs that outlived their node
        if grep --quiet --null-data "^SLURM_CLUSTER_NAME=$cluster\$" "$environment" 2>/dev/null; then
            kill -9 "$(basename "$(dirname "$environment")")" || true
        fi
    done
    rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
}

shift 2
"$command" "$@"
