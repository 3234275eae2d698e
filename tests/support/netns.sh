#!/bin/sh
# A veth pair into a network namespace of its own for as long as a command runs, then nothing of it is left: for the demo over DPDK and for tests
# that start whole programs.
#
#   sh tests/support/netns.sh COMMAND [ARGUMENTS]     exit status: the command's; 3 and one line where the host lacks something
#   sh tests/support/netns.sh --clean                 removes what runs that were killed with -9 have left
#
# The command runs in the host's own namespace and finds in its environment
#   MILLRACE_NETNS      the namespace's name: ip netns exec "$MILLRACE_NETNS" PROGRAM runs the peer there
#   MILLRACE_INTERFACE  our end of the pair
#   MILLRACE_HOST       the kernel's address on it (shared mode)
#   MILLRACE_OWN        an address that nobody has (own mode)
#   MILLRACE_PEER       the address over there; all are within a /29 of 198.18.0.0/16 (benchmarks: RFC 2544), chosen by the process id
set -eu
PATH=$PATH:/usr/sbin:/sbin

missing() {
    echo "no network to test on: $1" >&2
    exit 3
}

remove() { # NAME
    for pid in $(ip netns pids "$1" 2>/dev/null); do
        kill "$pid" 2>/dev/null || true
    done
    ip link set dev "${1}a" xdp off 2>/dev/null || true
    ip link del "${1}a" 2>/dev/null || true
    ip netns del "$1" 2>/dev/null || true
}

command -v ip >/dev/null || missing "install iproute2"
command -v ethtool >/dev/null || missing "install ethtool"
[ "$(id -u)" = 0 ] || missing "a veth pair and a network namespace need root (CAP_NET_ADMIN, CAP_SYS_ADMIN), AF_XDP needs CAP_NET_RAW and CAP_BPF too: run it with sudo"
if [ "${1:-}" = --clean ]; then
    for name in $(ip netns list | sed -n 's/^\(mr[0-9][0-9]*\).*/\1/p'); do
        kill -0 "${name#mr}" 2>/dev/null || remove "$name"
    done
    exit 0
fi
[ $# -gt 0 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }

name=mr$$
net=198.18.$(($$ / 32 % 256))
low=$(($$ % 32 * 8))
command_pid=""
# shellcheck disable=SC2317 # traps call it
leave() {
    trap - EXIT INT TERM HUP
    [ -z "$command_pid" ] || kill "$command_pid" 2>/dev/null || true
    [ -z "$command_pid" ] || wait "$command_pid" 2>/dev/null || true
    remove "$name"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
ip netns add "$name" 2>/dev/null || missing "no network namespace can be made (a container without CAP_SYS_ADMIN?)"
ip link add "${name}a" type veth peer name "${name}b" netns "$name" 2>/dev/null || missing "no veth pair can be made"
ip address add "$net.$((low + 2))/29" dev "${name}a"
ip link set "${name}a" up
ip -n "$name" link set lo up
ip -n "$name" address add "$net.$((low + 1))/29" dev "${name}b"
ip -n "$name" link set "${name}b" up
# a frame over veth has no checksum otherwise, or is longer than any buffer
ip netns exec "$name" ethtool -K "${name}b" tx off tso off gso off >/dev/null 2>&1 || missing "a veth's offloads cannot be switched off"

MILLRACE_NETNS=$name MILLRACE_INTERFACE=${name}a MILLRACE_HOST=$net.$((low + 2)) MILLRACE_OWN=$net.$((low + 3)) MILLRACE_PEER=$net.$((low + 1))
export MILLRACE_NETNS MILLRACE_INTERFACE MILLRACE_HOST MILLRACE_OWN MILLRACE_PEER
exec 3<&0 # what runs beside a shell would read from nothing
"$@" <&3 3<&- &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=""
exit "$status"
