"""The peer's way to one answer: a process that imports PyTorch, loads the weights of ssd.py's network and looks at one
image. `ssd_first.py save WEIGHTS` writes random weights, `ssd_first.py IMAGE WEIGHTS` answers."""
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

C, CLASSES, SIZE = 16, 3, 160


def block(i, o, stride):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


stages = nn.ModuleList([
    nn.Sequential(block(3, C, 2), block(C, 2 * C, 2), block(2 * C, 4 * C, 2), block(4 * C, 4 * C, 1)),
    nn.Sequential(block(4 * C, 8 * C, 2), block(8 * C, 8 * C, 1)), nn.Sequential(block(8 * C, 8 * C, 2))])
heads = nn.ModuleList([nn.Conv2d(k * C, 4 * (CLASSES + 5), 3, padding=1) for k in (4, 8, 8)])
net = nn.ModuleList([stages, heads])
if sys.argv[1] == "save":
    torch.save(net.state_dict(), sys.argv[2])
    sys.exit()
net.load_state_dict(torch.load(sys.argv[2]))
net.eval()
image = Image.open(sys.argv[1]).convert("RGB").resize((SIZE, SIZE), Image.BILINEAR)
x = torch.from_numpy(np.asarray(image).transpose(2, 0, 1)[None].astype(np.float32) / 64 - 2)
out = []
with torch.no_grad():
    for stage, head in zip(stages, heads):
        x = stage(x)
        out.append(head(x).permute(0, 2, 3, 1).reshape(-1, CLASSES + 5))
scores = torch.cat(out)[:, :-4].softmax(1)
print(scores[:, 1:].max().item())
