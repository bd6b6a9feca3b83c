#!/usr/bin/env python3
"""Golden trees for tests/engine/test_grower.c, grown by XGBoost itself on small tables of few distinct values.

    /usr/bin/python3 tests/reference/grower.py > tests/golden/grower.h
"""
import json

import numpy as np
import xgboost

ROWS, COLUMNS, BASE = 240, 5, 0.5
CASES = [  # name, what differs from the defaults
    ("plain", {}),
    ("lambda", {"lambda": 7.5}),
    ("alpha", {"alpha": 2.0}),
    ("gamma", {"gamma": 9.0}),
    ("child_weight", {"min_child_weight": 30}),
    ("delta_step", {"max_delta_step": 0.4}),
    ("monotone", {"monotone_constraints": "(1,-1,0,1,0)"}),
    ("interaction", {"interaction_constraints": "[[0,1],[1,2,3]]"}),
    ("lossguide", {"grow_policy": "lossguide", "max_depth": 0, "max_leaves": 7}),
    ("depth_one", {"max_depth": 1}),
    ("exact", {"tree_method": "exact"}),
]


def floats(name, values):
    text = ", ".join("NAN" if v != v else f"{float(v):.9g}" for v in values)
    return f"static const double {name}[] = {{{text}}};"


def preorder(tree, node, out):
    left = tree["left_children"][node]
    out.append([left >= 0, tree["split_indices"][node], tree["split_conditions"][node] if left >= 0 else 0,
                tree["default_left"][node] if left >= 0 else 0, tree["base_weights"][node],
                tree["loss_changes"][node] if left >= 0 else 0, tree["sum_hessian"][node],
                0 if left >= 0 else tree["split_conditions"][node]])
    if left >= 0:
        preorder(tree, left, out)
        preorder(tree, tree["right_children"][node], out)


rng = np.random.default_rng(5)
x = rng.integers(0, [2, 4, 6, 9, 12], size=(ROWS, COLUMNS)).astype(np.float32)
x[:, 4] = x[:, 4] / 4 - 1
x[rng.random((ROWS, COLUMNS)) < [0, 0.1, 0.25, 0, 0]] = np.nan
z = np.nan_to_num(x, nan=5)
y = (z[:, 0] * 2 - z[:, 1] + np.sin(z[:, 2]) + z[:, 3] * (z[:, 4] > 0) / 4 + rng.normal(size=ROWS)).astype(np.float32)

print("/* Made by tests/reference/grower.py with XGBoost", xgboost.__version__, "*/")
print("#include <math.h>")
print(f"enum {{ GOLDEN_ROWS = {ROWS}, GOLDEN_COLUMNS = {COLUMNS} }};")
print(floats("golden_x", x.ravel()))
print(floats("golden_y", y))
print("struct golden_node {\n    int inner, feature;\n    double threshold;\n    int default_left;\n"
      "    double weight, gain, cover, value;\n};")
for name, extra in CASES:
    params = {"tree_method": "hist", "max_depth": 4, "eta": 0.3, "base_score": BASE, "nthread": 1, **extra}
    model = xgboost.train(params, xgboost.DMatrix(x, y), 1)
    tree = json.loads(model.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"][0]
    nodes = []
    preorder(tree, 0, nodes)
    rows = ",\n    ".join("{%d, %d, %.9g, %d, %.9g, %.9g, %.9g, %.9g}" % tuple(float(v) for v in n) for n in nodes)
    print(f"static const struct golden_node golden_{name}[] = {{\n    {rows}}};")
