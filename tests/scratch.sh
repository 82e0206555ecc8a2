# tests/scratch.sh: how kill.sh and steps.sh begin, which source it with $name set: the program (DARKSPINE, or ./darkspine) as $program, a folder
# of their own as working directory, removed at the end with the process $child, a small network there as net.cfg, and make_films. The
# folder lies in memory (/dev/shm) where there is such a place.
cd "$(dirname "$0")/.." || exit 1
case ${DARKSPINE:-darkspine} in /*) program=$DARKSPINE ;; *) program=$PWD/${DARKSPINE:-darkspine} ;; esac
[ -d /dev/shm ] && TMPDIR=${TMPDIR:-/dev/shm}
work=$(mktemp -d "${TMPDIR:-/tmp}/darkspine-$name-XXXXXX") || exit 1
child=
trap 'if [ -n "$child" ]; then kill -9 "$child" 2>/dev/null; fi; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1

fail() { echo "$name: $*"; exit 1; }

# make_films N TRAIN VAL: films.h5 with N drawn films, dealt out by these shares
make_films() {
    "$program" synth films.h5 region=stack n="$1" seed=3 height=64 width=64 --quiet >/dev/null || exit 1
    "$program" split films.h5 --parts train="$2",val="$3" >/dev/null || exit 1
}

cat >net.cfg <<'NET'
[net]
batch=1
height=32
width=32
channels=1
classes=2
[convolutional]
name=enc
filters=8
size=3
pad=1
batch_normalize=1
activation=relu
[dropout]
probability=0.1
[convolutional]
name=out
filters=2
size=1
NET
