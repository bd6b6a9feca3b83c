"""The real XGBoost as the judge of our models, called by tests/engine/xgboost_model.test.mjs:

    xgboost_judge.py train DIR    models of every kind, the rows they are asked about and the margins they answer
    (our program reads them, answers the same rows, and writes the models again, and some made by hand)
    xgboost_judge.py check DIR    compares: our answers to its models, its answers to ours, and the text of the models

Prints one line a model; exit status 1 where something differs."""
import json
import os
import sys

import numpy as np
import xgboost as xgb

COLUMNS = 6
ROWS = 300


def rows():
    random = np.random.default_rng(7)
    x = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    x[:, 2] = np.round(x[:, 2] * 3)
    x[random.random(x.shape) < 0.12] = np.nan
    return x


def labels(x):
    random = np.random.default_rng(8)
    filled = np.nan_to_num(x)
    score = filled[:, 0] - 0.7 * filled[:, 1] * filled[:, 2] + random.normal(size=ROWS) * 0.3
    return {
        'any': score,
        'two': (score > 0).astype(float),
        'three': np.digitize(score, [-0.5, 0.5]).astype(float),
        'count': np.floor(np.exp(score / 3) * 2),
        'positive': np.exp(score / 3),
        'cox': np.exp(score / 3) * np.where(random.random(ROWS) < 0.2, -1, 1),
    }


# name: labels, settings, rounds, what else
MODELS = {
    'regression': ('any', {}, 20, {}),
    'exact': ('any', {'tree_method': 'exact', 'gamma': 2, 'max_depth': 5}, 10, {}),
    'approx': ('any', {'tree_method': 'approx', 'alpha': 0.5}, 10, {}),
    'lossguide': ('any', {'tree_method': 'hist', 'grow_policy': 'lossguide', 'max_leaves': 40, 'max_depth': 0}, 8, {}),
    'gamma_hist': ('any', {'tree_method': 'hist', 'gamma': 6}, 8, {}),
    'squaredlogerror': ('positive', {'objective': 'reg:squaredlogerror'}, 5, {}),
    'pseudohuber': ('any', {'objective': 'reg:pseudohubererror', 'huber_slope': 2.5}, 5, {}),
    'absoluteerror': ('any', {'objective': 'reg:absoluteerror'}, 5, {}),
    'logistic_regression': ('two', {'objective': 'reg:logistic', 'base_score': 0.3}, 5, {}),
    'binary': ('two', {'objective': 'binary:logistic', 'scale_pos_weight': 1.7}, 20, {}),
    'base_score': ('two', {'objective': 'binary:logistic', 'base_score': 0.123}, 5, {}),
    'logitraw': ('two', {'objective': 'binary:logitraw'}, 5, {}),
    'hinge': ('two', {'objective': 'binary:hinge'}, 5, {}),
    'softprob': ('three', {'objective': 'multi:softprob', 'num_class': 3}, 7, {}),
    'softmax_parallel': ('three', {'objective': 'multi:softmax', 'num_class': 3, 'num_parallel_tree': 2,
                                   'subsample': 0.7}, 4, {}),
    'poisson': ('count', {'objective': 'count:poisson', 'max_delta_step': 0.4}, 6, {}),
    'tweedie': ('positive', {'objective': 'reg:tweedie', 'tweedie_variance_power': 1.3}, 6, {}),
    'gamma': ('positive', {'objective': 'reg:gamma'}, 6, {}),
    'cox': ('cox', {'objective': 'survival:cox'}, 6, {}),
    'aft': ('positive', {'objective': 'survival:aft', 'aft_loss_distribution': 'extreme',
                         'aft_loss_distribution_scale': 1.2}, 6, {}),
    'pairwise': ('three', {'objective': 'rank:pairwise'}, 6, {'group': True}),
    'ndcg': ('three', {'objective': 'rank:ndcg'}, 6, {'group': True}),
    'map': ('two', {'objective': 'rank:map'}, 6, {'group': True}),
    'dart': ('any', {'booster': 'dart', 'rate_drop': 0.4, 'skip_drop': 0.1}, 15, {}),
    'dart_classes': ('three', {'booster': 'dart', 'rate_drop': 0.4, 'objective': 'multi:softprob', 'num_class': 3}, 6,
                     {}),
    'linear': ('any', {'booster': 'gblinear', 'lambda': 0.1}, 10, {}),
    'linear_classes': ('three', {'booster': 'gblinear', 'objective': 'multi:softprob', 'num_class': 3}, 10, {}),
    'early': ('two', {'objective': 'binary:logistic', 'eta': 1}, 60, {'early': True}),
}

# Not kept: nodes that were pruned away, whether base_score was given or taken by default, best_score.
OTHER_TEXT = {'exact', 'logistic_regression', 'base_score', 'early'}


def train(folder):
    x = rows()
    y = labels(x)
    x.tofile(f'{folder}/rows.f32')
    for name, (label, settings, rounds, extra) in MODELS.items():
        data = xgb.DMatrix(x, y[label])
        if extra.get('group'):
            data.set_group([ROWS // 10] * 10)
        if name == 'aft':
            data.set_float_info('label_lower_bound', y[label])
            data.set_float_info('label_upper_bound', y[label] * 1.5)
        settings = {'max_depth': 4, 'nthread': 1, 'seed': 3, 'verbosity': 0, **settings}
        watch = {}
        if extra.get('early'):
            other = xgb.DMatrix(x[:150], y[label][::-1][:150])
            watch = {'evals': [(other, 'validation')], 'early_stopping_rounds': 3, 'verbose_eval': False}
        model = xgb.train(settings, data, rounds, **watch)
        model.save_model(f'{folder}/{name}.json')
        margin(model, x, extra).tofile(f'{folder}/{name}.margin')
    with open(f'{folder}/list', 'w') as out:
        out.write('\n'.join(MODELS) + '\n')


def margin(model, x, extra):
    span = (0, model.best_iteration + 1) if extra.get('early') else (0, 0)
    return model.predict(xgb.DMatrix(x), output_margin=True, iteration_range=span).astype(np.float32)


def same(ours, theirs):
    difference = np.abs(ours.reshape(-1) - theirs.reshape(-1)) / np.maximum(1, np.abs(theirs.reshape(-1)))
    return float(difference.max())


def check(folder):
    x = rows()
    bad = 0

    def judge(name, what, difference):
        nonlocal bad
        bad += not difference <= 1e-6
        print(f'{name} {what}: {difference:.2e}{"" if difference <= 1e-6 else " DIFFERS"}')

    for name, (_, _, _, extra) in MODELS.items():
        theirs = np.fromfile(f'{folder}/{name}.margin', np.float32)
        judge(name, 'their model, our margins', same(np.fromfile(f'{folder}/{name}.ours', np.float32), theirs))
        again = xgb.Booster(model_file=f'{folder}/{name}.again.json')
        judge(name, 'written by us, their margins', same(margin(again, x, extra), theirs))
        importance(folder, name, judge)
        if name not in OTHER_TEXT:
            with open(f'{folder}/{name}.json') as a, open(f'{folder}/{name}.again.json') as b:
                judge(name, 'text', 0 if a.read() == b.read() else 1)
    for name in open(f'{folder}/hand').read().split():
        model = xgb.Booster(model_file=f'{folder}/{name}.json')
        judge(name, 'made by hand', same(margin(model, x, {}), np.fromfile(f'{folder}/{name}.ours', np.float32)))
    return 1 if bad else 0


def importance(folder, name, judge):
    model = xgb.Booster(model_file=f'{folder}/{name}.json')
    if 'linear' in name:
        return
    with open(f'{folder}/{name}.importance') as file:
        ours = json.load(file)
    for kind in ['weight', 'gain', 'cover', 'total_gain', 'total_cover']:
        theirs = model.get_score(importance_type=kind)
        if set(theirs) != set(ours):
            judge(name, 'features that split', 1)
            return
        worst = max(abs(theirs[f] - ours[f][kind]) / max(1, abs(theirs[f])) for f in theirs)
        if not worst <= 1e-6:
            judge(name, kind, worst)


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    sys.exit(train(sys.argv[2]) if sys.argv[1] == 'train' else check(sys.argv[2]))
