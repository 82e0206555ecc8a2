#!/bin/sh
# tests/gpu/bundle.sh OUT.tar.xz PROGRAM PLUGIN TEST...: one folder, relocatable, with the program, the plugin, test programs and their
# cases, networks, and every library that they need of this system, for a GPU machine that has a driver and no packages. cuDNN and
# cuBLAS are that machine's (run finds them); so is its C library where it is new enough, else the one in lib/glibc is used.
set -e
out=$1 program=$2 plugin=$3
shift 3
work=$(mktemp -d "${TMPDIR:-/tmp}/darkspine-bundle-XXXXXX")
trap 'rm -rf "$work"' EXIT
b=$work/darkspine-gpu
mkdir -p "$b/bin" "$b/lib/glibc" "$b/tests"
cp "$program" "$b/bin/darkspine"
cp "$plugin" "$b/bin/libdarkspine-cuda.so"
cp "$@" "$b/bin/"
cp -r configs classes "$b/"
mkdir "$b/share" && ln -s .. "$b/share/darkspine"              # where the program looks for them
cp -r tests/cases tests/peers "$b/tests/"
cp tests/gpu/run "$b/run"
cp tests/gpu/check.sh "$b/gpu-check"
cp LICENSE "$b/"
strip --strip-debug "$b"/bin/*

# name and path of every library, those that are loaded for others included; the kernel's has no path, NVIDIA's are the other machine's
for f in "$b"/bin/*; do ldd "$f"; done | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/lib.*ld-linux/ { print $1 }' | sort -u |
while read -r lib; do
    case ${lib##*/} in
        ld-linux* | libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.*) cp -L "$lib" "$b/lib/glibc/" ;;
        libcuda.so* | libcudnn* | libcublas* | libnv*) ;;
        *) cp -L "$lib" "$b/lib/" ;;
    esac
done
ldd "$b"/bin/* | grep 'not found' && { echo "bundle: a library is missing here" >&2; exit 4; }
chmod +x "$b/run" "$b/gpu-check"
XZ_OPT='-T2 -6' tar -C "$work" -c -J -f "$out.tmp" darkspine-gpu
mv -f "$out.tmp" "$out"
size=$(stat -c %s "$out")
echo "$out: $((size / 1000000)) MB"
[ "$size" -lt 60000000 ] || { echo "bundle: wanted less than 60 MB" >&2; exit 1; }
