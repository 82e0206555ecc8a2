#!/bin/sh
# make demo: the whole way from nothing: films of spines, a network trained on them, films it has never seen segmented and measured, and a
# report. Everything lands in demo/.
set -e
train_seed=1 test_seed=2 size="height=256 width=192" kind="region=lumbar classes=whole level=L1"
began=$(date +%s)
rm -rf demo
mkdir -p demo
echo "1. films of lumbar spines: 200 to train on and validate (seed $train_seed), 40 for the test (seed $test_seed); no spine is in both"
# shellcheck disable=SC2086
./darkspine synth demo/train.h5 $kind $size n=200 seed=$train_seed --quiet
# shellcheck disable=SC2086
./darkspine synth demo/test.h5 $kind $size n=40 seed=$test_seed --quiet
./darkspine split demo/train.h5 --by patient --parts train=.85,val=.15
echo; echo "2. check: faults in the films, if any"
./darkspine check demo/train.h5
echo; echo "3. training a small U-Net (configs/demo/demo.cfg)"
./darkspine train configs/demo/demo.cfg --out demo/run data.store=demo/train.h5
echo; echo "4. the test films: structures by the network, compared with the truth"
./darkspine predict demo/run/best.h5 demo/test.h5 --out demo/test
./darkspine eval demo/test demo/test.h5 --region lumbar --out demo/eval >demo/eval.txt
echo; echo "5. one of them as it would come from a scanner: masks, corners, parameters, drawing, report"
./darkspine export demo/test.h5 demo/plain
./darkspine run "demo/plain/images/lumbar_${test_seed}_00000.png" --weights demo/run/best.h5 --region lumbar --out demo/film
echo; echo "6. the report; headline:"
sed '/^$/,$d' demo/eval.txt
echo
./darkspine report demo
echo
echo "Done in $(($(date +%s) - began)) s. Look at:"
echo "  demo/report.html             everything above in one file, with pictures: open it in a browser"
echo "  demo/film/report.html        the report of a single film; demo/film/overlay/ its drawing"
echo "  demo/run/curves.png          loss and DSC over the epochs"
echo "  demo/run/run.cfg             every setting of the run"
