#!/bin/sh
# make demo: films from nothing, a training, an evaluation on films never seen, and where to look. Everything lands in demo/.
set -e
train_seed=1 test_seed=2
rm -rf demo
mkdir -p demo
echo "1. films: 160 for training and validation (seed $train_seed), 40 for the test (seed $test_seed); no film is in both"
./darkspine synth demo/train.h5 region=stack n=160 seed=$train_seed --quiet
./darkspine synth demo/test.h5 region=stack n=40 seed=$test_seed --quiet
./darkspine split demo/train.h5 --by patient --parts train=.85,val=.15
echo; echo "2. check: faults in the films, if any"
./darkspine check demo/train.h5
echo; echo "3. training a small U-Net (configs/demo/demo.cfg)"
./darkspine train configs/demo/demo.cfg --out demo/run data.store=demo/train.h5
echo; echo "4. prediction and evaluation on the test films"
./darkspine predict demo/run/best.h5 demo/test.h5 --out demo/test
./darkspine eval demo/test/predictions.h5 demo/test.h5 --out demo/eval
echo
echo "Look at:"
echo "  demo/run/curves.png          loss and DSC over the epochs"
echo "  demo/test/overlay/           what the network drew on each test film"
echo "  demo/eval/table.md           the table above, for a paper; dsc.png beside it"
echo "  demo/run/run.cfg             every setting of the run"
