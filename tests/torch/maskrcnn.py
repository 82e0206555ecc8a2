"""Mask R-CNN R50-FPN against torchvision's maskrcnn_resnet50_fpn, alive. Called by run.sh:

    maskrcnn.py detect TOOL HEIGHT WIDTH FOLDER strict|float32 [MIN MAX]     detections of a film, in their order, with their masks
    maskrcnn.py losses TOOL FOLDER strict|float32                            the five losses and the length of every gradient

The reference has random weights, ordinary batch norms that are not the identity, and 91 classes. Its weights go to our side as a
safetensors file under its own names; TOOL (tests/tools/detector_oracle) reads it strictly. The reference computes in float64 as far
as its own code does: the new size of a film and the targets of objectness are float32 there.
"""
import json
import struct
import subprocess
import sys

import numpy as np
import torch
import torchvision
from torchvision.models.detection import maskrcnn_resnet50_fpn

CFG, CLASSES, PARAMETERS, KEEP = "configs/nets/maskrcnn-r50.cfg", 91, 44454513, 20
SCORE, PROPOSALS = 0.02, 100
LOSSES = ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"]


def model(low, high):
    """Weights that keep the maps of 50 layers finite, spread the scores, and are float32 numbers."""
    torch.manual_seed(5)
    net = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=CLASSES, min_size=low, max_size=high,
                                box_score_thresh=SCORE, box_detections_per_img=KEEP, rpn_pre_nms_top_n_test=200, rpn_pre_nms_top_n_train=200,
                                rpn_post_nms_top_n_test=PROPOSALS, rpn_post_nms_top_n_train=PROPOSALS, box_batch_size_per_image=64)
    state = net.state_dict()
    for key, t in state.items():
        if key.endswith("running_var"):
            stem = key[:-len("running_var")]
            t.uniform_(0.5, 1.5)
            state[stem + "running_mean"].uniform_(-0.1, 0.1)
            state[stem + "bias"].uniform_(-0.1, 0.1)
            state[stem + "weight"].uniform_(0.75, 1.25).mul_(0.25 if stem.endswith("bn3.") else 1)
    state["rpn.head.cls_logits.weight"].mul_(30)
    state["rpn.head.bbox_pred.weight"].mul_(3)
    state["roi_heads.box_predictor.cls_score.weight"].mul_(10)
    assert sum(p.numel() for p in net.parameters()) == PARAMETERS
    return net


def write_safetensors(path, state):
    kinds, header, data, at = {torch.float32: "F32", torch.int64: "I64"}, {}, [], 0
    for key, t in sorted(state.items(), key=lambda e: e[1].dtype != torch.int64):       # the wider type first: data stay aligned
        raw = t.contiguous().numpy().tobytes()
        header[key] = {"dtype": kinds[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def words(low, high):
    return ["net.frozen_norms=0", f"net.classes={CLASSES}", f"detector.min_size={low}", f"detector.max_size={high}", f"detector.score={SCORE}",
            f"detector.detections={KEEP}", "detector.rpn_before=200", "detector.rpn_before_train=200", f"detector.rpn_after={PROPOSALS}",
            f"detector.rpn_after_train={PROPOSALS}", "detector.roi_batch=64", "detector.sampler=first"]


def call(*args):
    out = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    assert int(out[1]) == PARAMETERS, out
    return int(out[0])


def close(name, got, want, tol):
    err = np.abs(got - want).max() if got.size else 0.0
    print(f"  {name}: worst difference {err:.2e}, allowed {tol:.0e}")
    return bool(err <= tol)


def detect(tool, h, w, folder, strict, low, high):
    net = model(low, high)
    write_safetensors(folder + "/weights.safetensors", net.state_dict())
    film = np.random.default_rng(h * 1000 + w).random((h // 4 + 1, w // 4 + 1, 3)).astype(np.float32)
    film = np.ascontiguousarray(np.kron(film, np.ones((4, 4, 1), np.float32))[:h, :w])
    film.tofile(folder + "/film.f32")
    net = net.double().eval() if strict else net.eval()
    with torch.no_grad():
        want = net([torch.from_numpy(film.astype(np.float64 if strict else np.float32)).permute(2, 0, 1)])[0]
    want = {k: v.double().numpy() for k, v in want.items()}
    size = call(tool, "detect", CFG, folder + "/weights.safetensors", folder + "/film.f32", h, w, folder + "/found", *words(low, high))
    assert size == (8 if strict else 4), "TOOL is of the other build"
    data = np.fromfile(folder + "/found")
    n = int(data[0])
    rows, masks = data[1:1 + 6 * n].reshape(n, 6), data[1 + 6 * n:].reshape(n, h, w)
    print(f"{h} x {w}, sides {low} to {high}, {'float64' if strict else 'float32'}: {n} detections of {len(set(rows[:, 5]))} classes, "
          f"scores {rows[:, 4].max() if n else 0:.3f} to {rows[:, 4].min() if n else 0:.3f}")
    if n != len(want["scores"]) or n < KEEP // 2:
        print(f"FAIL {n} detections, wanted {len(want['scores'])}, and at least {KEEP // 2} for a comparison")
        return False
    masks_ok = close("masks", masks, want["masks"][:, 0], 1e-6 if strict else 1e-3)
    return all([np.array_equal(rows[:, 5], want["labels"]), close("boxes", rows[:, :4], want["boxes"], 1e-4 if strict else 1e-2),
                close("scores", rows[:, 4], want["scores"], 1e-8 if strict else 1e-4), masks_ok])


def truth(rng, h, w, n):
    """Ellipses in the middle of their boxes."""
    boxes, masks = [], []
    y, x = np.mgrid[:h, :w]
    for _ in range(n):
        ry, rx = rng.integers(8, h // 4, 2)
        cy, cx = rng.integers(ry + 1, h - ry - 1), rng.integers(rx + 1, w - rx - 1)
        masks.append(((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1)
        boxes.append([cx - rx, cy - ry, cx + rx + 1, cy + ry + 1])
    return {"boxes": torch.tensor(boxes, dtype=torch.float64), "masks": torch.from_numpy(np.array(masks).astype(np.uint8)),
            "labels": torch.from_numpy(rng.integers(1, CLASSES, n))}


def write_batch(path, images, targets):
    n, most = len(targets), max(len(t["labels"]) for t in targets)
    h, w = images.tensors.shape[2:]
    count = np.array([len(t["labels"]) for t in targets], float)
    classes, boxes, masks = np.zeros((n, most)), np.zeros((n, most, 4)), np.zeros((n, most, h, w), np.uint8)
    for i, t in enumerate(targets):
        k, (mh, mw) = len(t["labels"]), t["masks"].shape[1:]
        classes[i, :k], boxes[i, :k], masks[i, :k, :mh, :mw] = t["labels"], t["boxes"], t["masks"]
    with open(path, "wb") as f:
        for a in (np.array([n, h, w, most], float), np.array(images.image_sizes, float), count, classes, boxes,
                  images.tensors.permute(0, 2, 3, 1).double().numpy(), masks):
            np.ascontiguousarray(a).tofile(f)


def losses(tool, folder, strict):
    net, rng = model(128, 192), np.random.default_rng(7)
    write_safetensors(folder + "/weights.safetensors", net.state_dict())
    net = net.double().train() if strict else net.train()
    kind = torch.float64 if strict else torch.float32
    sizes = [(100, 150), (120, 96)]
    films = [torch.from_numpy(rng.random((3, h, w))).to(kind) for h, w in sizes]
    targets = [truth(rng, h, w, 3 + 2 * i) for i, (h, w) in enumerate(sizes)]
    targets = [dict(t, boxes=t["boxes"].to(kind)) for t in targets]
    images, resized = net.transform([f.clone() for f in films], [dict(t) for t in targets])
    write_batch(folder + "/batch", images, resized)
    torch.randperm = lambda n, **how: torch.arange(n, **how)                # samples in their order: detector.sampler=first
    terms = net([f.clone() for f in films], targets)
    sum(terms.values()).backward()
    gradient = {k: float(p.grad.double().norm()) for k, p in net.named_parameters()}
    size = call(tool, "losses", CFG, folder + "/weights.safetensors", folder + "/batch", folder + "/losses", *words(128, 192))
    assert size == (8 if strict else 4), "TOOL is of the other build"
    got = np.fromfile(folder + "/losses")
    names = open(folder + "/losses.tsv").read().split()
    assert sorted(names) == sorted(gradient) and len(got) == len(LOSSES) + len(names)
    print(f"losses of {len(films)} films, {'float64' if strict else 'float32'}: " + ", ".join(f"{k[5:]} {float(terms[k]):.6f}" for k in LOSSES))
    want, whole = np.array([gradient[k] for k in names]), np.sqrt(sum(g * g for g in gradient.values()))
    share = np.abs(got[5:] - want) / (want + 1e-6 * whole)
    print(f"  {len(names)} gradients, whole length {whole:.6g}; worst: {names[share.argmax()]}")
    theirs = np.array([float(terms[k]) for k in LOSSES])
    return all([close("objectness, float32 there", got[:1], theirs[:1], 1e-6 if strict else 1e-4),
                close("the other losses", got[1:5], theirs[1:], 1e-9 if strict else 1e-4),
                close("lengths of gradients, as shares of them", share, 0 * share, 1e-5 if strict else 1e-2)])


def main():
    torch.set_num_threads(2)
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}")
    if sys.argv[1] == "detect":
        tool, h, w, folder, how = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], sys.argv[6]
        low, high = (int(sys.argv[7]), int(sys.argv[8])) if len(sys.argv) > 7 else (128, 192)
        return detect(tool, h, w, folder, how == "strict", low, high)
    return losses(sys.argv[2], sys.argv[3], sys.argv[4] == "strict")


sys.exit(0 if main() else 1)
