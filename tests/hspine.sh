#!/bin/sh
# tests/hspine.sh FOLDER [TRAIN-FILMS TEST-FILMS [section.key=value ...]]: the lumbar classes, from nothing to tables: phantoms without implants, the
# small TransUNet and a U-Net of like size trained on the same split, both measured on films that neither saw, and compared film by film. About an
# hour on two cores with 800 and 100 films; `sh tests/hspine.sh try 24 8 solver.epochs=2` tries the whole way in a few minutes.
set -eu
[ $# -ge 1 ] || { sed -n 2,4p "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd) folder=$1 films=${2:-800} unseen=${3:-100}
[ $# -lt 3 ] || shift 2
shift
program=${DARKSPINE:-$root/darkspine}
mkdir -p "$folder"
cd "$folder"
make_films() { [ -e "$1" ] || "$program" synth "$1" region=lumbar classes=hspine implants=0 n="$2" seed="$3" height=512 width=384; }
make_films films.h5 "$films" 501
make_films test.h5 "$unseen" 503
"$program" split films.h5 --by patient --parts train=.93,val=.07 --seed 0
for net in transunet-small unet; do
    [ ! -e $net/last.h5 ] || resume=--resume
    "$program" train "$root/configs/runs/hspine-$net.cfg" --out $net ${resume-} data.store=films.h5 "$@"
    unset resume
    "$program" predict $net/best.h5 test.h5 --out $net-test --overlay 0 --force
    "$program" eval $net-test test.h5 --region lumbar --published "$root/results/published/hspine-errors.csv" --out $net-eval --force
done
"$program" compare transunet-small-eval/eval.json unet-eval/eval.json
