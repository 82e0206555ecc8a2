#!/bin/sh
# The Debian packages that building and testing need (g++: the emulated CUDA plugin; h5py: the Python of docs/store.md). As root the missing ones are installed; otherwise the line to run is printed.
set -e
need="make gcc g++ libc6-dev pkgconf libhdf5-dev zlib1g-dev libpng-dev libjansson-dev libssl-dev librandom123-dev libstb-dev libdnnl-dev libcairo2-dev libcmocka-dev python3-h5py"
missing=""
for p in $need; do
    case "$(dpkg-query -W -f='${Status}' "$p" 2>/dev/null)" in *"ok installed") ;; *) missing="$missing $p" ;; esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages; run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1 || true
apt-get install -y -qq --no-install-recommends $missing >/dev/null
