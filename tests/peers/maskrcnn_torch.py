"""torchvision's Mask R-CNN R50-FPN, timed: one pass (inference or a full training step), one JSON object on stdout.

The network, size, batch, threads, capacities and optimiser (SGD with momentum) of `darkspine bench nets configs/nets/maskrcnn-r50.cfg`: fixed
batch norms and every convolution trained (44,401,393 parameters), 1,000 proposals, detections as many as --detections and found by a
bias towards the first class, since weights are random; 20 instances to train on. Inference is timed as far as the masks on the film.
"""
import argparse

import torch
import torchvision
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops.misc import FrozenBatchNorm2d

import unets

PARAMETERS, OBJECTS = 44401393, 20


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--pass", dest="which", choices=["inference", "training"], required=True)
    a.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--repeats", type=int, default=3)
    a.add_argument("--height", type=int, default=800)
    a.add_argument("--width", type=int, default=1088)
    a.add_argument("--detections", type=int, default=20)
    a.add_argument("--channels-first", action="store_true")      # slower: 5.2 and 11.5 s where channels_last takes 3.3 and 9.3
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d, trainable_layers=5)
    low, high = sorted((a.height, a.width))
    net = MaskRCNN(backbone, 91, min_size=low, max_size=high, box_detections_per_img=a.detections)
    net = net if a.channels_first else net.to(memory_format=torch.channels_last)
    assert PARAMETERS == sum(p.numel() for p in net.parameters())
    with torch.no_grad():
        net.roi_heads.box_predictor.cls_score.bias[1] = 4
        for name, x in net.named_parameters():                  # frozen norms that are the identity: keep 16 residual sums finite
            if name.endswith("conv3.weight"):
                x.mul_(0.25)
    film = torch.rand(3, a.height, a.width)
    band, left, right = a.height // OBJECTS, a.width // 2 - a.width // 16, a.width // 2 + a.width // 16
    masks = torch.zeros(OBJECTS, a.height, a.width, dtype=torch.uint8)
    for k in range(OBJECTS):
        masks[k, k * band:(k + 1) * band, left:right] = 1
    boxes = torch.tensor([[left, k * band, right, (k + 1) * band] for k in range(OBJECTS)], dtype=torch.float32)
    truth = {"boxes": boxes, "masks": masks, "labels": torch.ones(OBJECTS, dtype=torch.int64)}
    cast = torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16")
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    found = []

    def inference():
        with torch.inference_mode(), cast:
            found.append(len(net([film])[0]["scores"]))

    def training():
        optimiser.zero_grad(set_to_none=True)
        with cast:
            losses = net([film], [truth])
        sum(losses.values()).backward()
        optimiser.step()

    step = inference if a.which == "inference" else training
    net.train(a.which == "training")
    seconds = unets.timed(step, a.repeats)
    assert not found or found[-1] == a.detections, found
    unets.report("torchvision %s, torch %s %s" % (torchvision.__version__, torch.__version__, a.precision), a.which, seconds)


if __name__ == "__main__":
    main()
