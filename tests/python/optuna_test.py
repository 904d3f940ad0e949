"""Databases of Optuna both ways: ours is read by Debian's python3-optuna, and its own by tuner.

Usage: optuna_test.py TUNER        exit code 77: there is no optuna
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import optuna
except ImportError:
    print("skipped: there is no python3-optuna")
    sys.exit(77)

optuna.logging.set_verbosity(optuna.logging.ERROR)
TUNER = sys.argv[1]
SWEEP = """
study: s
objective: {one_of: [rosenbrock, {plugin: noisy_quadratic, dim: {values: [2, 4]}}]}
optimizer: {one_of: [{plugin: sgd, lr: search}, {plugin: lookahead, k: {min: 2, max: 6}, inner: {plugin: adam, lr: search}}]}
training: {steps: 5, batch_size: {values: [0, 8]}, clip_norm: {distribution: log_normal, mu: 0, sigma: 1},
           early_stopping: {one_of: [null, {patience: {min: 1, max: 3}}]}}
metric: {name: loss, goal: maximize}
pruner: {name: median, warmup: 2}
method: random
trials: 40
"""


def tuner(folder, *words):
    return subprocess.run([TUNER, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def check_export(folder):
    (folder / "sweep.yaml").write_text(SWEEP)
    tuner(folder, "--config", "sweep.yaml", "--quiet")
    tuner(folder, "export", "optuna", "s", "ours.db")
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{folder}/ours.db")
    ours = json.loads(tuner(folder, "trials", "s", "--json"))
    states = {"completed": "COMPLETE", "pruned": "PRUNED"}
    assert len(study.trials) == len(ours) == 40
    assert study.direction.name == "MAXIMIZE"
    for theirs, trial in zip(study.trials, ours):
        assert theirs.number == trial["trial"]
        assert theirs.params == trial["parameters"], (theirs.params, trial)
        assert theirs.state.name == states.get(trial["outcome"], "FAIL"), trial
        if theirs.state.name == "COMPLETE":
            assert theirs.value == trial["value"]
        curve = json.loads(tuner(folder, "curve", f"s/{trial['trial']}", "loss", "--json"))
        finite = {p["step"]: p["value"] for p in curve if not isinstance(p["value"], str)}
        assert {k: v for k, v in theirs.intermediate_values.items() if math.isfinite(v)} == finite
        assert theirs.user_attrs["outcome"] == trial["outcome"]
        assert theirs.datetime_complete.isoformat(timespec="milliseconds") + "Z" == trial["finished_at"]
        for name, distribution in theirs.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(theirs.params[name])), (name, distribution)
    best = json.loads(tuner(folder, "best", "s", "--limit", "1", "--json"))
    assert study.best_trial.number == best[0]["trial"]
    assert len({t.state for t in study.trials}) > 1, "no trial was pruned or failed: the comparison sees less than it should"


def check_import(folder):
    study = optuna.create_study(study_name="theirs", storage=f"sqlite:///{folder}/theirs.db", direction="maximize",
                                sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial):
        x = trial.suggest_float("x", 1e-4, 1, log=True)
        n = trial.suggest_int("n", 1, 9, step=2)
        kind = trial.suggest_categorical("kind", ["a", 2, None, True])
        trial.suggest_float("half", 0, 2, step=0.5)
        for step in range(3):
            trial.report(x * step, step)
        if trial.number == 3:
            raise optuna.TrialPruned()
        if trial.number == 4:
            raise ValueError
        return -math.log(x) + n if trial.number != 5 else math.inf

    study.optimize(objective, n_trials=20, catch=(ValueError,))
    study.enqueue_trial({"x": 0.1})
    words = tuner(folder, "import", "optuna", "theirs.db", "--as", "here")
    assert "20 trials imported, 1 that have not ended left out" in words, words
    ours = json.loads(tuner(folder, "trials", "here", "--json"))
    outcomes = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}
    for theirs, trial in zip(study.trials, ours):
        assert theirs.params == trial["parameters"], (theirs.params, trial)
        expected = "diverged" if theirs.number == 5 else outcomes[theirs.state.name]
        assert trial["outcome"] == expected, trial
        if expected == "completed":
            assert trial["value"] == theirs.value
    # The same importance as Optuna's own PED-ANOVA would give needs its version 5: here the study is only looked at.
    assert tuner(folder, "importance", "here").startswith("parameter")
    # And out again.
    tuner(folder, "export", "optuna", "here", "again.db", "--optuna-schema", "3.0")
    again = optuna.load_study(study_name="here", storage=f"sqlite:///{folder}/again.db")
    for theirs, trial in zip(study.trials, again.trials):
        assert theirs.params == trial.params
        assert theirs.distributions == trial.distributions, (theirs.distributions, trial.distributions)
    subprocess.run([TUNER, "fsck"], cwd=folder, check=True, capture_output=True)


with tempfile.TemporaryDirectory() as name:
    check_export(pathlib.Path(name))
    check_import(pathlib.Path(name))
print("ok")
