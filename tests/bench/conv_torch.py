"""PyTorch's time for convolutions, beside ours: conv_torch.py THREADS REPEATS SIZE,IN,OUT,STRIDE...

A line for each layer: microseconds of the way there, of the slopes of the weights and of those of the image, 16 images,
3 x 3; the least of the repeats, at one thread of processor time, else of wall time.
"""
import os
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
import torch  # noqa: E402

threads, repeats = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
clock = time.process_time if threads == 1 else time.perf_counter


def least(work):
    times = []
    for _ in range(repeats):
        began = clock()
        work()
        times.append(clock() - began)
    return min(times) * 1e6


for layer in sys.argv[3:]:
    size, channels, out, stride = map(int, layer.split(","))
    x, w = torch.randn(16, channels, size, size), torch.randn(out, channels, 3, 3)
    y = torch.conv2d(x, w, None, stride, 1)
    back = lambda mask: torch.ops.aten.convolution_backward(  # noqa: E731
        y, x, w, None, [stride, stride], [1, 1], [1, 1], False, [0, 0], 1, mask)
    times = (least(lambda: torch.conv2d(x, w, None, stride, 1)), least(lambda: back([False, True, False])),
             least(lambda: back([True, False, False])))
    print(*(f"{t:.1f}" for t in times), sep="\t")
