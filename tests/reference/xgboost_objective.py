#!/usr/bin/env python3
"""Makes tests/golden/xgboost_objective.h and xgboost_score.h: gradients, predictions and metrics as the real XGBoost
(1.7.4), scikit-learn (1.2.1) and scipy have them, on made data.

Run it from the root of the repository, then clang-format over the two files.

A tree of one row is its root alone: sum_hessian is h, and its weight -g / (h + lambda) gives g. Margins go in as
base_margin; trees of eta 0 leave them as they are, so that predictions and metrics are of the margins given."""
import json, math, warnings
import numpy as np
import xgboost as xgb
from scipy.stats import gumbel_l, logistic, norm
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
rng = np.random.default_rng(17)
ROWS = 48


def numbers(name, values, kind="float"):
    tail = "f" if kind == "float" else ""
    cells = []
    for v in np.asarray(values).ravel():
        v = float(v)
        cells.append("INFINITY" if math.isinf(v) else f"{v:.9e}{tail}" if kind != "uint32_t" else str(int(v)))
    return f"static const {kind} {name}[] = {{{', '.join(cells)}}};\n"


def matrix(rows, label, weight, margin, settings, group=None):
    d = xgb.DMatrix(np.arange(rows, dtype=np.float32)[:, None] % 7, label=label)
    if settings["objective"] == "survival:aft":
        d.set_float_info("label_lower_bound", label)
        d.set_float_info("label_upper_bound", label)
    if group is not None:
        d.set_group(group)
    if weight is not None:
        d.set_weight(weight)
    d.set_base_margin(margin)
    return d


def derivatives(label, weight, margin, settings):
    lam = 1e5 if settings["objective"] == "count:poisson" else 1.0
    classes = settings.get("num_class", 1)
    g, h = np.zeros((classes, len(label))), np.zeros((classes, len(label)))
    for i in range(len(label)):
        m = margin.reshape(len(label), classes)[i]
        d = matrix(1, label[i : i + 1], weight[i : i + 1], m, settings)
        b = xgb.train({**settings, "lambda": lam, "eta": 1, "min_child_weight": 0, "tree_method": "exact"}, d, 1)
        trees = json.loads(b.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        for k in range(classes):
            h[k, i] = trees[k]["sum_hessian"][0]
            g[k, i] = -trees[k]["base_weights"][0] * (h[k, i] + lam)
    return g, h


def booster(d, settings, metric=None):
    more = {"eval_metric": metric} if metric else {}
    return xgb.train({**settings, "eta": 0, "max_depth": 1, "tree_method": "exact", **more}, d, 1)


def labels_of(name, classes):
    if name.startswith("multi"):
        y = rng.integers(0, classes, ROWS)
    elif name in ("reg:logistic",):
        y = rng.random(ROWS)
        y[:2] = 0, 1
    elif name.startswith("binary"):
        y = rng.integers(0, 2, ROWS)
    elif name == "reg:squaredlogerror":
        y = rng.random(ROWS) * 9 - 0.9
    elif name in ("reg:gamma", "survival:aft"):
        y = rng.gamma(2, 1, ROWS) + 0.01
    elif name == "reg:tweedie":
        y = rng.gamma(1, 2, ROWS) * (rng.random(ROWS) < 0.6)
    elif name == "count:poisson":
        y = rng.poisson(2, ROWS)
    elif name == "survival:cox":
        y = np.round(rng.gamma(2, 3, ROWS) + 0.5) * np.where(rng.random(ROWS) < 0.3, -1, 1)
    elif name.startswith("rank"):
        y = rng.integers(0, 4, ROWS)
    else:
        y = rng.normal(0, 3, ROWS)
    return y.astype(np.float32)


def margins_of(name, classes):
    m = rng.normal(0, 2 if name.startswith(("binary", "multi", "rank", "reg:s", "reg:p", "reg:logistic")) else 1,
                   (ROWS, classes))
    if name.startswith(("binary", "multi", "reg:logistic")):
        m[0, 0], m[1, 0], m[2, -1] = 100, -100, 30
    if name == "reg:squaredlogerror":
        m = np.abs(m) - 0.8
    if name.startswith("rank"):
        m = np.round(m, 0)  # ties
    return m.astype(np.float32)


OBJECTIVES = [
    {"objective": "reg:squarederror"}, {"objective": "reg:squaredlogerror"}, {"objective": "reg:logistic"},
    {"objective": "reg:pseudohubererror"}, {"objective": "reg:pseudohubererror", "huber_slope": 2.5},
    {"objective": "reg:absoluteerror"}, {"objective": "reg:gamma"},
    {"objective": "reg:tweedie"}, {"objective": "reg:tweedie", "tweedie_variance_power": 1.2},
    {"objective": "count:poisson"}, {"objective": "binary:logistic"},
    {"objective": "binary:logistic", "scale_pos_weight": 3.5}, {"objective": "binary:logitraw"},
    {"objective": "binary:hinge"}, {"objective": "multi:softmax", "num_class": 2},
    {"objective": "multi:softprob", "num_class": 5},
    {"objective": "survival:aft", "aft_loss_distribution": "normal"},
    {"objective": "survival:aft", "aft_loss_distribution": "logistic", "aft_loss_distribution_scale": 0.7},
    {"objective": "survival:aft", "aft_loss_distribution": "extreme", "aft_loss_distribution_scale": 1.3},
]


def settings_text(s):
    return (f"{{.classes = {s.get('num_class', 1)}, .scale_pos_weight = {s.get('scale_pos_weight', 1)}, "
            f".tweedie_variance_power = {s.get('tweedie_variance_power', 1.5)}, .huber_slope = {s.get('huber_slope', 1)}, "
            f".aft_scale = {s.get('aft_loss_distribution_scale', 1)}, .max_delta_step = 0.7, "
            f".aft_distribution = AFT_{s.get('aft_loss_distribution', 'normal').upper()}}}")


HEAD = "/* Made by tests/reference/xgboost_objective.py with XGBoost %s and scikit-learn; do not edit. */\n" % xgb.__version__


def cox():
    """Needs all rows: a tree with a leaf for each row; weights are large so that no gain is below XGBoost's 1e-6."""
    n = 16
    y = np.array([1, 5, -3, 2, 2, -2, 7, 3, 3, 9, -9, 9, 4, -1, 6, 2], np.float32)
    m, w = rng.normal(0, 1, n).astype(np.float32), (1e6 * (0.5 + rng.random(n))).astype(np.float32)
    d = xgb.DMatrix(np.arange(n, dtype=np.float32)[:, None], label=y, weight=w, base_margin=m)
    b = xgb.train({"objective": "survival:cox", "lambda": 0, "eta": 1, "min_child_weight": 0, "max_depth": 20,
                   "tree_method": "exact"}, d, 1)
    tree = json.loads(b.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"][0]
    leaf = b.predict(d, pred_leaf=True).astype(int).ravel()
    assert len(set(leaf)) == n
    h = np.array([tree["sum_hessian"][k] for k in leaf])
    g = np.array([-tree["base_weights"][k] for k in leaf]) * h
    return "".join(numbers(f"cox_{k}", v) for k, v in
                   (("label", y), ("margin", m), ("weight", w), ("g", g), ("h", h)))


def ranking():
    """XGBoost draws its pairs anew in each round: the sum of h over the rows, as a mean of many rounds."""
    m = np.array([0.5, -1, 2, 0.25, 1.5, 3, -2], np.float32)
    y = np.array([2, 0, 1, 3, 0, 1, 2], np.float32)
    out = []
    for name in ("rank:pairwise", "rank:ndcg", "rank:map"):
        d = matrix(7, y, np.array([2, 3], np.float32), m, {"objective": name}, [5, 2])
        b = xgb.train({"objective": name, "eta": 0, "max_depth": 1, "min_child_weight": 0}, d, 4000)
        trees = json.loads(b.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        out.append(np.mean([t["sum_hessian"][0] for t in trees]))
    return numbers("ranking_h", out)


def objectives():
    out, table = HEAD, []
    for n, s in enumerate(OBJECTIVES):
        classes = s.get("num_class", 1)
        y, m = labels_of(s["objective"], classes), margins_of(s["objective"], classes)
        w = (rng.random(ROWS) * 2 + 0.1).astype(np.float32)
        g, h = derivatives(y, w, m, s)
        d = matrix(ROWS, y, w, m, s)
        p = booster(d, s).predict(d)
        for part, values in (("margin", m), ("label", y), ("weight", w), ("g", g), ("h", h), ("prediction", p)):
            out += numbers(f"objective{n}_{part}", values)
        table.append(f'    {{"{s["objective"]}", {settings_text(s)}, {ROWS}, {p.size}, objective{n}_margin, '
                     f"objective{n}_label, objective{n}_weight, objective{n}_g, objective{n}_h, objective{n}_prediction}},\n")
    out += cox() + ranking()
    out += "static const struct objective_case objective_cases[] = {\n" + "".join(table) + "};\n"
    open("tests/golden/xgboost_objective.h", "w").write(out)


VALUES = ["rmse", "mae", "mape", "mphe", "rmsle"]
SCORES = [
    ({"objective": "reg:squaredlogerror"}, VALUES, ["mse", "r2"]),
    ({"objective": "reg:pseudohubererror", "huber_slope": 2.5}, ["mphe"], []),
    ({"objective": "binary:logistic"}, ["logloss", "error", "error@0.3", "auc", "aucpr", "rmse"],
     ["accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "precision", "precision_macro", "precision_micro",
      "recall", "recall_macro", "recall_micro"]),
    ({"objective": "binary:logitraw"}, ["auc", "aucpr"], ["accuracy", "f1"]),
    ({"objective": "binary:hinge"}, ["error"], ["accuracy", "f1_binary"]),
    ({"objective": "multi:softprob", "num_class": 5}, ["mlogloss", "merror"],
     ["accuracy", "balanced_accuracy", "f1", "f1_macro", "precision_macro", "precision_micro", "recall_macro",
      "recall_micro"]),
    ({"objective": "multi:softmax", "num_class": 5}, ["mlogloss", "merror"], ["accuracy"]),
    ({"objective": "rank:pairwise"}, ["auc", "map", "map@3", "ndcg", "ndcg@1", "ndcg@4"], []),
    ({"objective": "reg:gamma"}, ["gamma-nloglik", "gamma-deviance"], []),
    ({"objective": "reg:tweedie"}, ["tweedie-nloglik@1.5", "tweedie-nloglik@1.2"], []),
    ({"objective": "count:poisson"}, ["poisson-nloglik", "rmse"], []),
    ({"objective": "survival:aft", "aft_loss_distribution": "normal"}, ["aft-nloglik"], []),
    ({"objective": "survival:aft", "aft_loss_distribution": "logistic", "aft_loss_distribution_scale": 0.7}, [], ["aft-nloglik"]),
    ({"objective": "survival:aft", "aft_loss_distribution": "extreme", "aft_loss_distribution_scale": 1.3}, [], ["aft-nloglik"]),
    ({"objective": "survival:aft", "aft_loss_distribution": "logistic"}, ["aft-nloglik"], []),
    ({"objective": "survival:aft", "aft_loss_distribution": "extreme"}, ["aft-nloglik"], []),
    ({"objective": "survival:cox"}, ["cox-nloglik"], []),
]
SKLEARN = {
    "mse": sk.mean_squared_error, "r2": sk.r2_score, "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": lambda y, p: sk.f1_score(y, p, average="macro"), "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
    "f1_binary": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score,
    "precision_macro": lambda y, p: sk.precision_score(y, p, average="macro"),
    "precision_micro": lambda y, p: sk.precision_score(y, p, average="micro"),
    "recall_macro": lambda y, p: sk.recall_score(y, p, average="macro"),
    "recall_micro": lambda y, p: sk.recall_score(y, p, average="micro"),
}


def aft(y, m, w, s):
    """XGBoost's metric forgets the scale (it is 1 always); with another one scipy's densities are the reference."""
    law = {"normal": norm, "logistic": logistic, "extreme": gumbel_l}[s["aft_loss_distribution"]]
    scale = s["aft_loss_distribution_scale"]
    return float(np.average(np.log(scale * y) - law.logpdf((np.log(y.astype(float)) - m) / scale), weights=w))


def scores():
    out, table, n = HEAD, [], 0
    for s, judged, counted in SCORES:
        name, classes = s["objective"], s.get("num_class", 1)
        for weighted in (False, True):
            y, m = labels_of(name, classes), margins_of(name, classes)
            if name.startswith("multi") and weighted:
                y[y == 3] = 0  # a class that is predicted, never meant
            w = (rng.random(ROWS) * 2 + 0.1).astype(np.float32) if weighted else None
            sizes = [20, 2, 1, 13, 12] if name.startswith("rank") else None
            ids = np.repeat(np.arange(5), sizes) if sizes else None
            if sizes:
                y[23:36] = 2 if weighted else y[23:36]  # a query whose labels are all alike
                w = np.array([0.5, 1, 2, 3, 1.5], np.float32) if weighted else None
            d = matrix(ROWS, y, w, m, s, sizes)
            spread = w[ids] if sizes and weighted else w
            for part, values, kind in (("margin", m, "float"), ("label", y, "float"), ("weight", spread, "float"),
                                       ("group", ids, "uint32_t")):
                if values is not None:
                    out += numbers(f"score{n}_{part}", values, kind)

            def row(metric, value):
                table.append(f'    {{"{metric}", "{name}", {settings_text(s)}, {ROWS}, score{n}_margin, score{n}_label, '
                             f"{f'score{n}_weight' if weighted else 'NULL'}, {f'score{n}_group' if sizes else 'NULL'}, "
                             f"{value:.9g}}},\n")

            for metric in judged:
                b = booster(d, s, metric)
                row(metric, float(b.eval(d).split(":")[-1]))
            p = booster(d, s).predict(d)
            said = p.argmax(1) if p.ndim > 1 else p if name in ("multi:softmax", "binary:hinge") or counted == ["mse", "r2"] else p > (0 if name.endswith("raw") else 0.5)
            if counted == ["aft-nloglik"]:
                row("aft-nloglik", aft(y, m[:, 0].astype(float), w, s))
            for metric in [c for c in counted if c in SKLEARN]:
                row(metric, SKLEARN[metric](y, said, **({"sample_weight": w} if metric == "mse" else {})))
            n += 1
    out += "static const struct score_case score_cases[] = {\n" + "".join(table) + "};\n"
    open("tests/golden/xgboost_score.h", "w").write(out)


objectives()
scores()
