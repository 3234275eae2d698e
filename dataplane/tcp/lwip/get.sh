#!/bin/sh
# get.sh OUT CACHE (or MILLRACE_CACHE): unpacks lwIP's source into OUT/lwip-2.1.3. Prints one line; exit 0: it is there, 1: it cannot be had.
#
# The source is the one that Debian ships, fetched through this system's own apt: its servers, its keys, its proxies. Its `deb` lines are taken
# as `deb-src` in a private list; lists and caches are private too, and the hooks that run after an ordinary `apt-get update` are cleared, so
# that nothing on the system changes and no privilege is needed. What came is kept in CACHE: the network is needed once, and
# several build folders share it. The tarball is Debian's upstream part, without its patches: they touch sockets, PPP and ports,
# which are not built here.
set -eu
package=lwip
version=2.1.3+dfsg1-2
tarball=lwip_2.1.3+dfsg1.orig.tar.xz
sha256=0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24 # from lwip_2.1.3+dfsg1-2.dsc
folder=lwip-2.1.3
out=$1
cache=${MILLRACE_CACHE:-$2}

good() { # FILE
    [ -f "$1" ] && printf '%s  %s\n' "$sha256" "$1" | sha256sum -c --quiet >/dev/null 2>&1
}

refuse() {
    echo "lwIP's source cannot be had: $*"
    exit 1
}

# The system's sources as deb-src: one-line files and deb822 files. Disabled ones stay disabled.
sources() { # DIR
    list=/etc/apt/sources.list
    parts=/etc/apt/sources.list.d
    eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    n=0
    for file in "$list" "$parts"/*.list; do
        [ -r "$file" ] || continue
        n=$((n + 1))
        sed -n -E 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >"$1/$n.list"
    done
    for file in "$parts"/*.sources; do
        [ -r "$file" ] || continue
        n=$((n + 1))
        sed -E 's/^[Tt]ypes:.*/Types: deb-src/' "$file" >"$1/$n.sources"
    done
}

fetch() { # DIR: an empty folder of ours
    mkdir -p "$1/sources" "$1/lists/partial" "$1/cache/archives/partial" "$1/got"
    sources "$1/sources"
    cat >"$1/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/sources";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
CONF
    # a list that cannot be fetched is no matter as long as another one has the package: the second command decides
    apt-get -c "$1/apt.conf" -qq update >"$1/log" 2>&1 || true
    (cd "$1/got" && apt-get -c "$1/apt.conf" -qq --download-only source "$package=$version") >>"$1/log" 2>&1
}

[ -f "$out/$folder/.$sha256" ] && echo "lwIP $version: unpacked already" && exit 0
mkdir -p "$cache" "$out"
cache=$(cd "$cache" && pwd)
if ! good "$cache/$tarball"; then
    command -v apt-get >/dev/null || refuse "there is no apt here, and $cache/$tarball is not there"
    work=$(mktemp -d "$cache/get.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    fetch "$work" || refuse "$(grep -E '^E:' "$work/log" | head -n 1 | cut -c 1-200)"
    good "$work/got/$tarball" || refuse "$tarball is not the one we know (sha256)"
    mv "$work/got/$tarball" "$cache/$tarball" # several at once: the last one wins, all are equal
fi
rm -rf "${out:?}/$folder"
tar -x -J -f "$cache/$tarball" -C "$out" "$folder/src" "$folder/COPYING"
: >"$out/$folder/.$sha256"
echo "lwIP $version: from Debian's source package"
