"""What the real XGBoost (1.7.4) says on made data, to make tests/golden/xgboost/:

    /usr/bin/python3 tests/reference/xgboost_quality.py

Data come from generate.py, the second implementation of the engine's generators, so the engine trains on the same rows.
cases.json   one run each without chance: the metric on the test rows, which ours must hit within the tolerance
seeds.json   runs with subsample < 1: the metric of ten seeds, whose spread ours must hit
cells.csv    a table with missing cells and weights (label, weight, features), for weights.json
linear.json  gblinear's weights after many rounds
"""
import json
import os
import sys

import numpy as np
import xgboost as xgb

sys.path.insert(0, os.path.dirname(__file__))
import generate as made

OUT = os.path.join(os.path.dirname(__file__), "..", "golden", "xgboost")
MAKERS = {
    "friedman1": (made.friedman1, dict(d=10, noise=1, outliers=0), 500),
    "bumps_clf": (made.bumps_clf, dict(d=12, flip=0.1), 1500),
    "gauss_mix": (made.gauss_mix, dict(d=8, classes=4, spread=1.5, skew=1), 4000),
    "imb_gauss": (made.imb_gauss, dict(d=10, positives=0.05, shift=1), 2000),
    "gauss_lin": (made.gauss_lin, dict(d=5, noise=0.5), 2000),
}
PARTS = {}


def parts(name, seed=1):
    if name not in PARTS:
        maker, arguments, rows = MAKERS[name]
        row = maker(made.Random(seed, made.TRUTH), **arguments)
        result = []
        for part, n in enumerate((rows, 200 if rows < 400 else min(rows // 2, 4000), 4000)):
            r = made.Random(seed, made.TRUTH + 1 + part)
            drawn = [row(r) for _ in range(n)]
            result.append(xgb.DMatrix(np.array([x for x, _ in drawn], dtype=np.float32),
                                      np.array([y for _, y in drawn], dtype=np.float32)))
        PARTS[name] = result
    return PARTS[name]


def test_metric(name, settings, rounds, seed=0):
    train, _, test = parts(name)
    result = {}
    xgb.train(dict(settings, seed=seed, nthread=2), train, rounds, evals=[(test, "test")], evals_result=result,
              verbose_eval=False)
    metric = list(result["test"])[-1]
    return metric, float(result["test"][metric][-1])


REG = dict(objective="reg:squarederror", eval_metric="rmse", tree_method="hist", max_bin=4096, base_score=0.5,
           max_depth=4)
BIN = dict(objective="binary:logistic", eval_metric="logloss", tree_method="hist", max_bin=4096, base_score=0.5,
           max_depth=4)  # every value has its own bin
ROUNDS = 8  # later trees depend on ties and the last bits of sums
CASES = [
    ("friedman1", REG, {}),
    ("friedman1", REG, dict(eta=0.1)),
    ("friedman1", REG, dict(max_depth=3)),
    ("friedman1", REG, dict(min_child_weight=20)),
    ("friedman1", REG, dict(gamma=50)),
    ("friedman1", REG, {"lambda": 30}),
    ("friedman1", REG, dict(alpha=30)),
    ("friedman1", REG, dict(max_delta_step=1)),
    ("friedman1", REG, dict(base_score=14)),
    ("friedman1", REG, dict(monotone_constraints="(0,0,0,-1,1)")),
    ("friedman1", REG, dict(interaction_constraints="[[0,2],[1,3,4]]")),
    ("friedman1", REG, dict(num_parallel_tree=3)),
    ("friedman1", REG, dict(tree_method="exact")),
    ("friedman1", REG, dict(tree_method="exact", gamma=50)),
    ("friedman1", REG, dict(tree_method="approx")),
    ("friedman1", REG, dict(grow_policy="lossguide", max_leaves=8, max_depth=0)),
    ("friedman1", REG, dict(max_leaves=8)),
    ("friedman1", REG, dict(booster="dart", rate_drop=0)),
    ("friedman1", REG, dict(objective="reg:pseudohubererror", eval_metric="mae")),
    ("friedman1", REG, dict(objective="reg:absoluteerror", eval_metric="mae", eta=1, max_depth=3)),
    ("friedman1", REG, dict(eval_metric="mae")),
    ("bumps_clf", BIN, {}),
    ("bumps_clf", BIN, dict(max_delta_step=0.5)),
    ("bumps_clf", BIN, dict(scale_pos_weight=4)),
    ("bumps_clf", BIN, dict(base_score=0.2)),
    ("bumps_clf", BIN, dict(eval_metric="auc")),
    ("bumps_clf", BIN, dict(eval_metric="error")),
    ("bumps_clf", BIN, dict(objective="binary:hinge", eval_metric="error")),
    ("bumps_clf", BIN, dict(objective="binary:logitraw", eval_metric="auc")),
    ("imb_gauss", BIN, dict(objective="count:poisson", eval_metric="poisson-nloglik")),
    ("imb_gauss", BIN, dict(objective="reg:tweedie", tweedie_variance_power=1.3, eval_metric="rmse")),
    ("gauss_mix", BIN, dict(objective="multi:softprob", num_class=4, eval_metric="mlogloss", max_depth=3)),
    ("gauss_mix", BIN, dict(objective="multi:softmax", num_class=4, eval_metric="merror", max_depth=3)),
]
SEEDS = [
    ("friedman1", REG, dict(max_bin=256, subsample=0.7), 50),
    ("friedman1", REG, dict(tree_method="approx", subsample=0.7), 50),
    ("friedman1", REG, dict(tree_method="exact", colsample_bytree=0.6, colsample_bylevel=0.7, colsample_bynode=0.7), 50),
    ("bumps_clf", BIN, dict(max_bin=256, subsample=0.7, colsample_bytree=0.6), 40),
    ("bumps_clf", BIN, dict(booster="dart", rate_drop=0.1, subsample=0.8), 40),
    ("bumps_clf", BIN, dict(booster="dart", rate_drop=0.2, sample_type="weighted",
                            normalize_type="forest", one_drop=1, skip_drop=0.3, subsample=0.8), 40),
    ("gauss_mix", BIN, dict(objective="multi:softprob", num_class=4, eval_metric="mlogloss",
                            subsample=0.7), 20),
]


def as_settings(settings):
    return {k: str(v) for k, v in settings.items()}


def write(name, value):
    with open(os.path.join(OUT, name), "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def cases():
    out = []
    for name, base, extra in CASES:
        settings = dict(base, **extra)
        metric, value = test_metric(name, settings, ROUNDS)
        out.append(dict(generate=name, settings=as_settings(dict(settings, num_round=ROUNDS)), metric=metric, value=value))
    write("cases.json", out)


def seeds():
    out = []
    for name, base, extra, rounds in SEEDS:
        settings = dict(base, **extra)
        values = [test_metric(name, settings, rounds, seed) for seed in range(1, 11)]
        out.append(dict(generate=name, settings=as_settings(dict(settings, num_round=rounds)), metric=values[0][0],
                        values=[v for _, v in values]))
    write("seeds.json", out)


def cells():
    """Columns with missing cells whose absence tells something, and weights."""
    rng = np.random.RandomState(7)
    x = np.round(rng.randn(400, 4), 3).astype(np.float32)
    y = np.round(x[:, 0] - 2 * (x[:, 1] > 0.3) + 0.5 * rng.randn(400), 3).astype(np.float32)
    x[(rng.rand(400) < 0.2) | (x[:, 0] < -1.5), 0] = np.nan
    x[rng.rand(400) < 0.1, 2] = np.nan
    w = np.round(rng.rand(400) * 3 + 0.1, 2).astype(np.float32)
    with open(os.path.join(OUT, "cells.csv"), "w") as f:
        for label, weight, row in zip(y, w, x):
            f.write(",".join([repr(round(float(label), 3)), repr(round(float(weight), 2))] +
                             ["" if np.isnan(v) else repr(round(float(v), 3)) for v in row]) + "\n")
    d = xgb.DMatrix(x, y, weight=w)
    out = []
    for settings in (dict(tree_method="exact"), dict(tree_method="hist", max_bin=512),
                     dict(objective="reg:absoluteerror", eval_metric="mae", eta=1, max_depth=3, tree_method="hist",
                          max_bin=512)):  # its exact does not set these leaves
        settings = dict(dict(objective="reg:squarederror", eval_metric="rmse", base_score=0.5, max_depth=4), **settings)
        result = {}
        xgb.train(settings, d, 15, evals=[(d, "train")], evals_result=result, verbose_eval=False)
        metric = settings["eval_metric"]
        out.append(dict(settings=as_settings(dict(settings, num_round=15)), metric=metric,
                        value=float(result["train"][metric][-1])))
    write("weights.json", out)


def linear():
    out = []
    for name, settings, rounds in (
            ("gauss_lin", dict(objective="reg:squarederror", updater="coord_descent"), 100),
            ("gauss_lin", dict(objective="reg:squarederror", updater="coord_descent", alpha=0.1, **{"lambda": 0.2}), 100),
            ("gauss_lin", dict(objective="reg:squarederror", updater="coord_descent", eta=0.1), 5),
            ("bumps_clf", dict(objective="binary:logistic", updater="coord_descent", **{"lambda": 0.01}), 50),
            ("gauss_mix", dict(objective="multi:softprob", num_class=4, updater="coord_descent", **{"lambda": 0.01}), 30)):
        train = parts(name)[0]
        model = xgb.train(dict(settings, booster="gblinear", base_score=0.5), train, rounds)
        raw = json.loads(bytes(model.save_raw("json")))
        weights = raw["learner"]["gradient_booster"]["model"]["weights"]
        out.append(dict(generate=name, settings=as_settings(dict(settings, booster="gblinear", base_score=0.5,
                                                                  num_round=rounds)), weights=weights))
    write("linear.json", out)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    cases()
    seeds()
    cells()
    linear()
