"""A stand-in for the W&B client that needs no account and no network: what a script logs goes to tuner.

tuner puts it on the path of programs whose sweep file is one of W&B's or says `wandb: offline`. It has init, config, log,
summary, define_metric, finish and Settings. Anything else of the client does nothing, and says so once.
"""

import atexit as _atexit
import json as _json
import math as _math
import numbers as _numbers
import os as _os
import sys as _sys
import types as _types
from importlib.abc import Loader as _Loader
from importlib.abc import MetaPathFinder as _MetaPathFinder
from importlib.machinery import ModuleSpec as _ModuleSpec

__version__ = "0.19.0+tuner.offline"
__path__ = []  # submodules come from _Submodules

_warned = set()


def _warn(text):
    if text in _warned:
        return
    _warned.add(text)
    _sys.stderr.write("wandb (offline stand-in): %s\n" % text)


# ---- what there is not


class _Nothing:
    """Takes every call, attribute and item, and does nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        # A decorator without arguments leaves its function alone.
        if len(args) == 1 and not kwargs and isinstance(args[0], _types.FunctionType):
            return args[0]
        return _Nothing()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing()

    def __setitem__(self, key, value):
        pass

    def __getitem__(self, key):
        return _Nothing()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def _nothing(path):
    name = path.rpartition(".")[2]
    if name.startswith("__"):
        raise AttributeError(path)
    _warn("%s is not part of it and does nothing" % path)
    # What is capitalized is a class: a script may ask isinstance() or derive from it.
    return type(name, (_Nothing,), {"__module__": path.rpartition(".")[0]}) if name[:1].isupper() else _Nothing()


def __getattr__(name):
    return _nothing("wandb." + name)


class _Submodules(_MetaPathFinder, _Loader):
    """`from wandb.anything import Something`."""

    def find_spec(self, fullname, path=None, target=None):
        return _ModuleSpec(fullname, self, is_package=True) if fullname.startswith("wandb.") else None

    def create_module(self, spec):
        module = _types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = lambda name: _nothing("%s.%s" % (spec.name, name))
        return module

    def exec_module(self, module):
        pass


_sys.meta_path.append(_Submodules())


# ---- config


def _parameters():
    path = _os.environ.get("TUNER_PARAMETERS")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        return _json.load(file)


def _as_dict(what):
    if what is None:
        return {}
    if isinstance(what, Config):
        return what.as_dict()
    if hasattr(what, "items"):
        return dict(what.items())
    if hasattr(what, "__dict__"):  # argparse.Namespace
        return dict(vars(what))
    raise TypeError("wandb.config takes a dict or a namespace, not a %s" % type(what).__name__)


class Config:
    """The configuration of a run. What the sweep chose stays: a script's own value for it is ignored."""

    def __init__(self):
        self.__dict__["_items"] = {}
        self.__dict__["_sweep"] = set()

    def _set(self, name, value):
        if name in self._sweep:
            if self._items[name] != value:
                _warn("config '%s' is the sweep's and stays %r; the script's value is ignored" % (name, self._items[name]))
            return
        self._items[name] = value

    def _lock_sweep(self, values):
        self._items.update(values)
        self._sweep.update(values)

    def update(self, d, allow_val_change=None):
        for name, value in _as_dict(d).items():
            self._set(name, value)

    def setdefaults(self, d):
        for name, value in _as_dict(d).items():
            self._items.setdefault(name, value)
        return dict(self._items)

    def get(self, name, default=None):
        return self._items.get(name, default)

    def keys(self):
        return self._items.keys()

    def values(self):
        return self._items.values()

    def items(self):
        return self._items.items()

    def as_dict(self):
        return dict(self._items)

    def __getattr__(self, name):
        try:
            return self.__dict__["_items"][name]
        except KeyError:
            raise AttributeError("config has no '%s'" % name) from None

    def __setattr__(self, name, value):
        self._set(name, value)

    def __getitem__(self, name):
        return self._items[name]

    def __setitem__(self, name, value):
        self._set(name, value)

    def __contains__(self, name):
        return name in self._items

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __repr__(self):
        return repr(self._items)


class Settings:
    """Takes every setting; none of them matters offline."""

    def __init__(self, **settings):
        self.__dict__.update(settings)


# ---- metrics


def _flat(values, prefix=""):
    for name, value in values.items():
        if hasattr(value, "items"):
            yield from _flat(value, "%s%s." % (prefix, name))
        else:
            yield prefix + str(name), value


def _number(value):
    """None for what is no number: images, tables, strings."""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, bytes, _Nothing)) or value is None:
        return None
    if isinstance(value, _numbers.Number) or hasattr(value, "item") or hasattr(value, "__float__"):
        try:
            return float(value)
        except (TypeError, ValueError):
            return None
    return None


class Summary:
    """The last value of every metric, or what define_metric or the script makes of it."""

    def __init__(self):
        self.__dict__["_items"] = {}
        self.__dict__["_kinds"] = {}
        self.__dict__["_own"] = set()  # names that the script has set itself
        self.__dict__["_counts"] = {}

    def _log(self, name, value):
        if name in self._own:
            return
        kind = self._kinds.get(name, "last")
        before = self._items.get(name)
        if kind == "none":
            return
        if kind == "first" and before is not None:
            return
        if kind in ("min", "max") and before is not None:
            if _math.isnan(value) or (value > before if kind == "min" else value < before):
                return
        if kind == "mean":
            count = self._counts.get(name, 0)
            self._counts[name] = count + 1
            value = value if count == 0 else before + (value - before) / (count + 1)
        self._items[name] = value

    def update(self, values):
        for name, value in _flat(_as_dict(values)):
            self[name] = value

    def get(self, name, default=None):
        return self._items.get(name, default)

    def keys(self):
        return self._items.keys()

    def items(self):
        return self._items.items()

    def __getitem__(self, name):
        return self._items[name]

    def __setitem__(self, name, value):
        self._own.add(name)
        self._items[name] = value

    def __getattr__(self, name):
        try:
            return self.__dict__["_items"][name]
        except KeyError:
            raise AttributeError("summary has no '%s'" % name) from None

    def __setattr__(self, name, value):
        self[name] = value

    def __contains__(self, name):
        return name in self._items

    def __repr__(self):
        return repr(self._items)


def _write(line):
    descriptor = _os.environ.get("TUNER_METRICS_FD")
    data = (_json.dumps(line) + "\n").encode()
    if not descriptor:
        _sys.stdout.write(data.decode())
        _sys.stdout.flush()
        return
    while data:
        data = data[_os.write(int(descriptor), data) :]


class Run:
    def __init__(self, project=None, name=None, dir=None, tags=None, notes=None, group=None, job_type=None):
        self.id = _os.environ.get("WANDB_RUN_ID", "offline")
        self.sweep_id = _os.environ.get("WANDB_SWEEP_ID")
        self.project = project
        self.name = name or self.id
        self.dir = dir or _os.environ.get("WANDB_DIR") or _os.getcwd()
        self.tags = tuple(tags or ())
        self.notes = notes
        self.group = group
        self.job_type = job_type
        self.entity = None
        self.url = None
        self.mode = "offline"
        self.disabled = False
        self.offline = True
        self.resumed = _os.environ.get("TUNER_RESUMED") == "1"
        self.config = Config()
        self.summary = Summary()
        self._step = 0  # of the next log() without one
        self._reported = {}  # the value of each metric that tuner had last
        self._over = False

    @property
    def step(self):
        return self._step

    def log(self, data, step=None, commit=None, sync=None):
        """A step is complete where commit is true: by default where `step` is not given. Every call is reported at
        once."""
        if self._over:
            _warn("log() after finish() is ignored")
            return
        if step is not None:
            step = int(step)
            if step < self._step:
                _warn("log() at step %d after step %d is ignored, as W&B does" % (step, self._step))
                return
            self._step = step
        line = {}
        for name, value in _flat(_as_dict(data)):
            number = _number(value)
            if number is None:
                continue
            line[name] = number
            self.summary._log(name, number)
        if line:
            self._reported.update(line)
            _write(dict([("step", self._step)], **line))
        if commit or (commit is None and step is None):
            self._step += 1

    def define_metric(self, name, step_metric=None, step_sync=None, hidden=None, summary=None, goal=None, overwrite=None):
        """summary: which value counts as the run's. The other arguments are for W&B's charts."""
        for kind in (summary or "").split(","):
            if kind == "best":
                kind = "max" if goal == "maximize" else "min"
            if kind in ("min", "max", "mean", "first", "last", "none"):
                self.summary._kinds[str(name)] = kind
        return _Nothing()

    def finish(self, exit_code=None, quiet=None):
        """Reports what the summary has that was not the last value logged."""
        if self._over:
            return
        self._over = True
        last = {}
        for name, value in _flat(self.summary._items):
            number = _number(value)
            if number is not None and not _same(number, self._reported.get(name)):
                last[name] = number
        if last:
            _write(dict([("step", self._step)], **last))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        finish()
        return False

    def __getattr__(self, name):
        return _nothing("wandb.run." + name)


def _same(a, b):
    return b is not None and (a == b or (a != a and b != b))


run = None
config = Config()
summary = Summary()


def init(project=None, entity=None, config=None, name=None, dir=None, tags=None, notes=None, group=None, job_type=None,
         reinit=None, mode=None, settings=None, **others):
    """Begins the run. In a sweep its parameters win over those of `config`, and project and entity do not matter."""
    global run, summary
    if run is not None and not run._over and not reinit:
        run.config.update(config)
        return run
    finish()
    run = Run(project, name, dir, tags, notes, group, job_type)
    run.config._lock_sweep(_parameters())
    run.config.update(config)
    globals()["config"] = run.config
    summary = run.summary
    return run


def _begun(what):
    if run is None:
        raise RuntimeError("You must call wandb.init() before wandb.%s()" % what)
    return run


def log(data, step=None, commit=None, sync=None):
    _begun("log").log(data, step, commit, sync)


def define_metric(name, *args, **kwargs):
    return _begun("define_metric").define_metric(name, *args, **kwargs)


def finish(exit_code=None, quiet=None):
    if run is not None:
        run.finish(exit_code, quiet)


_atexit.register(finish)
