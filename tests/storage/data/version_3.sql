-- A database as tuner wrote it with schema version 3, before what depends on a row went with it by triggers: a random
-- search of three trials and an LR range test of one part.
PRAGMA application_id = 1953853042;
PRAGMA user_version = 3;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE studies (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL,
  config_sha256 TEXT NOT NULL,
  plan TEXT NOT NULL,
  metric TEXT NOT NULL,
  goal TEXT NOT NULL CHECK (goal IN ('minimize', 'maximize')),
  seed INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  tuner_version TEXT NOT NULL,
  lease_token TEXT,
  lease_pid INTEGER,
  lease_boot_id TEXT,
  lease_start_ticks INTEGER,
  lease_since TEXT
);
INSERT INTO studies VALUES(1,'demo',replace('method: random\ntrials: 3\nobjective: rosenbrock\noptimizer: {plugin: sgd, lr: {min: 1e-5, max: 1e2, scale: log}}\ntraining: {steps: 20, log_every: 10}\n','\n',char(10)),'a489ffd7d56b8170b73aff467df1cfb2efee162a7c55b9525f2a5376a6227282',replace('{\n "early_stopping": null,\n "method": "random",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "dim": 2,\n   "dtype": "f64",\n   "start": null\n  },\n  "plugin": "rosenbrock",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": {\n    "max": 100.0,\n    "min": 1e-05,\n    "scale": "log"\n   },\n   "momentum": 0.0,\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "log_every": 10,\n  "steps": 20\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-26T14:37:07.664Z','1.0.0',NULL,NULL,NULL,NULL,NULL);
INSERT INTO studies VALUES(2,'run.lr_range',replace('objective: {plugin: noisy_quadratic, dim: 6, condition: 10}\noptimizer: {plugin: sgd, momentum: 0.5}\ntraining: {steps: 10, batch_size: 8}\nlr_range: {lr_min: 1e-2, lr_max: 10, steps: 5, seeds: 1, ladder: none, stability: none, probe: none, curvature: false}\n','\n',char(10)),'555c1b2f06b4eaebfb29760dac06b71c576d5da16a3e70eec4546ed273dde071',replace('{\n "early_stopping": null,\n "lr_range": {\n  "curvature": false,\n  "extend": false,\n  "ladder": null,\n  "lr_max": 10.0,\n  "lr_min": 0.01,\n  "probe": null,\n  "seeds": 1,\n  "smoothing": 0.9,\n  "stability": null,\n  "steps": 5,\n  "stop": 4.0\n },\n "method": "lr_range",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "condition": 10.0,\n   "dim": 6,\n   "dtype": "f64",\n   "eigenvalues": null,\n   "matrix_file": null,\n   "n_samples": 1000,\n   "n_test": 1000,\n   "n_valid": 1000,\n   "noise": 0.6,\n   "rotate": false,\n   "start": null,\n   "test_file": null,\n   "train_file": null,\n   "valid_file": null\n  },\n  "plugin": "noisy_quadratic",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": 0.001,\n   "momentum": 0.5,\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "batch_size": 8,\n  "steps": 10\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-26T14:37:07.783Z','1.0.0',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE trials (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  outcome TEXT NOT NULL
    CHECK (outcome IN ('completed', 'pruned', 'diverged', 'failed', 'timed_out', 'cancelled')),
  value,
  parameters TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  steps INTEGER NOT NULL,
  epochs REAL NOT NULL,
  loss_evaluations INTEGER NOT NULL,
  gradient_evaluations INTEGER NOT NULL,
  hvp_evaluations INTEGER NOT NULL,
  evaluations INTEGER GENERATED ALWAYS AS (loss_evaluations + gradient_evaluations + hvp_evaluations) VIRTUAL,
  wall_seconds REAL NOT NULL,
  error TEXT,
  best_value,
  last_value,
  nonfinite_gradients INTEGER NOT NULL,
  target_step INTEGER,
  target_seconds REAL,
  rank_key REAL,
  PRIMARY KEY (study_id, number)
);
INSERT INTO trials VALUES(1,0,'completed',0.73841239561150839865,'{"optimizer.lr": 0.005971138891660197}',1,1,'2026-11-26T14:37:07.696Z','2026-11-26T14:37:07.696Z',20,0.0,1,20,0,5.6356000000000000494e-05,NULL,0.73841239561150839865,0.73841239561150839865,0,NULL,NULL,0.73841239561150839865);
INSERT INTO trials VALUES(1,1,'diverged',NULL,'{"optimizer.lr": 0.15566872023678058}',1,1,'2026-11-26T14:37:07.697Z','2026-11-26T14:37:07.697Z',5,0.0,0,6,0,7.7803000000000000304e-05,'step 5: the loss is inf',24.199999999999995737,24.199999999999995737,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(1,2,'completed',4.0794623669583787162,'{"optimizer.lr": 0.0008041223548043515}',1,1,'2026-11-26T14:37:07.697Z','2026-11-26T14:37:07.697Z',20,0.0,1,20,0,7.1420000000000003989e-06,NULL,4.0794623669583787162,4.0794623669583787162,0,NULL,NULL,4.0794623669583787162);
INSERT INTO trials VALUES(2,0,'completed',NULL,'{"lr_range.part": "ramp", "lr_range.seed": 0}',1,1,'2026-11-26T14:37:07.820Z','2026-11-26T14:37:07.821Z',4,0.0,4,4,0,0.0010250829999999999837,NULL,NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE trial_parameters (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('null', 'boolean', 'integer', 'number', 'text', 'list')),
  value,
  PRIMARY KEY (study_id, number, name),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO trial_parameters VALUES(1,0,'optimizer.lr',0,'number',0.005971138891660197033);
INSERT INTO trial_parameters VALUES(1,1,'optimizer.lr',0,'number',0.15566872023678057779);
INSERT INTO trial_parameters VALUES(1,2,'optimizer.lr',0,'number',0.00080412235480435147703);
INSERT INTO trial_parameters VALUES(2,0,'lr_range.part',0,'text','ramp');
INSERT INTO trial_parameters VALUES(2,0,'lr_range.seed',1,'integer',0);
CREATE TABLE metrics (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value NOT NULL,
  PRIMARY KEY (study_id, number, name, step),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO metrics VALUES(1,0,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,0,'loss',10,0.93156498354351102708);
INSERT INTO metrics VALUES(1,0,'loss',20,0.73841239561150839865);
INSERT INTO metrics VALUES(1,0,'lr',0,0.005971138891660197033);
INSERT INTO metrics VALUES(1,0,'lr',10,0.005971138891660197033);
INSERT INTO metrics VALUES(1,1,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,1,'lr',0,0.15566872023678057779);
INSERT INTO metrics VALUES(1,2,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,2,'loss',10,4.1048673106533062338);
INSERT INTO metrics VALUES(1,2,'loss',20,4.0794623669583787162);
INSERT INTO metrics VALUES(1,2,'lr',0,0.00080412235480435147703);
INSERT INTO metrics VALUES(1,2,'lr',10,0.00080412235480435147703);
INSERT INTO metrics VALUES(2,0,'loss',1,15.624666709819406307);
INSERT INTO metrics VALUES(2,0,'loss',2,9.019987573952183979);
INSERT INTO metrics VALUES(2,0,'loss',3,38.17209452913400014);
INSERT INTO metrics VALUES(2,0,'loss',4,3729.1661861672055237);
INSERT INTO metrics VALUES(2,0,'loss_before',1,17.242286287873962891);
INSERT INTO metrics VALUES(2,0,'loss_before',2,20.099330361172256687);
INSERT INTO metrics VALUES(2,0,'loss_before',3,8.0556122622157086965);
INSERT INTO metrics VALUES(2,0,'loss_before',4,39.325380536125997821);
INSERT INTO metrics VALUES(2,0,'lr',1,0.010000000000000000208);
INSERT INTO metrics VALUES(2,0,'lr',2,0.056234132519034904507);
INSERT INTO metrics VALUES(2,0,'lr',3,0.31622776601683788566);
INSERT INTO metrics VALUES(2,0,'lr',4,1.7782794100389225366);
INSERT INTO metrics VALUES(2,0,'smoothed_loss',1,15.624666709819406307);
INSERT INTO metrics VALUES(2,0,'smoothed_loss',2,12.148519796205079046);
INSERT INTO metrics VALUES(2,0,'smoothed_loss',3,21.751314900606899982);
INSERT INTO metrics VALUES(2,0,'smoothed_loss',4,1099.8015827885392354);
CREATE TABLE plugins (
  plugin_key INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  path TEXT NOT NULL,
  abi_minor INTEGER NOT NULL,
  build_flags INTEGER NOT NULL,
  build TEXT NOT NULL,
  UNIQUE (kind, id, version, sha256, path, abi_minor, build_flags, build)
);
INSERT INTO plugins VALUES(1,'optimizer','sgd','1.0.0','022d60d79295509c44a7035e51b020a3731795559d2d8a8a6bda10fa9a85aa45','/opt/tuner/lib/tuner/plugins/sgd.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(2,'scheduler','constant','1.0.0','cac90a258e189f5388cba0cca2a5882be899fbf02fa0b62c730772914177786f','/opt/tuner/lib/tuner/plugins/constant.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(3,'objective','rosenbrock','1.0.0','91753304ed0fed3956fa664a63d9c10e9fe3aa4ccee12b16b7fecf347db7ec54','/opt/tuner/lib/tuner/plugins/rosenbrock.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(4,'objective','noisy_quadratic','1.0.0','9c7f42f08bad9fea79edc2dd681daad393b172af7282f24f8ee0cec9d70cdec6','/opt/tuner/lib/tuner/plugins/noisy_quadratic.so',0,0,'GCC 12.2.0');
CREATE TABLE trial_plugins (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  position INTEGER NOT NULL,
  plugin_key INTEGER NOT NULL REFERENCES plugins (plugin_key),
  PRIMARY KEY (study_id, number, position),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO trial_plugins VALUES(1,0,0,1);
INSERT INTO trial_plugins VALUES(1,0,1,2);
INSERT INTO trial_plugins VALUES(1,0,2,3);
INSERT INTO trial_plugins VALUES(1,1,0,1);
INSERT INTO trial_plugins VALUES(1,1,1,2);
INSERT INTO trial_plugins VALUES(1,1,2,3);
INSERT INTO trial_plugins VALUES(1,2,0,1);
INSERT INTO trial_plugins VALUES(1,2,1,2);
INSERT INTO trial_plugins VALUES(1,2,2,3);
INSERT INTO trial_plugins VALUES(2,0,0,1);
INSERT INTO trial_plugins VALUES(2,0,1,2);
INSERT INTO trial_plugins VALUES(2,0,2,4);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
);
INSERT INTO events VALUES(1,1,NULL,'2026-11-26T14:37:07.665Z','started','0 trials finished before');
INSERT INTO events VALUES(2,1,NULL,'2026-11-26T14:37:07.697Z','finished','3 trials finished');
INSERT INTO events VALUES(3,2,NULL,'2026-11-26T14:37:07.809Z','started','0 trials finished before');
INSERT INTO events VALUES(4,2,0,'2026-11-26T14:37:07.821Z','log','step 4: diverged at lr 1.778');
INSERT INTO events VALUES(5,2,NULL,'2026-11-26T14:37:07.825Z','finished','1 trials finished');
CREATE TABLE lr_suggestions (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  branch TEXT NOT NULL,
  name TEXT NOT NULL,
  value,
  low,
  high,
  rule TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (study_id, position),
  UNIQUE (study_id, branch, name)
) WITHOUT ROWID;
INSERT INTO lr_suggestions VALUES(2,0,'sgd','largest_stable',NULL,NULL,NULL,'restarted bisection','not measured: stability is none');
INSERT INTO lr_suggestions VALUES(2,1,'sgd','steepest',NULL,NULL,NULL,'steepest','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,2,'sgd','best_short_run',NULL,NULL,NULL,'least mean loss over the last quarter of 200 steps','not measured: ladder is none');
INSERT INTO lr_suggestions VALUES(2,3,'sgd','recommended',NULL,NULL,NULL,'lowest lr as good as best / 1.5','not measured: ladder is none');
INSERT INTO lr_suggestions VALUES(2,4,'sgd','divergence',0.056234132519034904507,0.056234132519034904507,0.056234132519034904507,'where the ramps'' smoothed loss is back near its start, or not finite','');
INSERT INTO lr_suggestions VALUES(2,5,'sgd','rule.divergence/3',NULL,NULL,NULL,'divergence/3','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,6,'sgd','rule.divergence/10',NULL,NULL,NULL,'divergence/10','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,7,'sgd','rule.minimum/10',NULL,NULL,NULL,'minimum/10','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,8,'sgd','rule.valley',NULL,NULL,NULL,'valley','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,9,'sgd','rule.slide',NULL,NULL,NULL,'slide','cannot tell: fewer than 5 finite losses');
INSERT INTO lr_suggestions VALUES(2,10,'sgd','rule.fastai.valley',NULL,NULL,NULL,'fastai.valley','cannot tell: too few points are left: the tool raises an error');
INSERT INTO lr_suggestions VALUES(2,11,'sgd','rule.fastai.minimum',NULL,NULL,NULL,'fastai.minimum','cannot tell: too few points are left: the tool raises an error');
INSERT INTO lr_suggestions VALUES(2,12,'sgd','rule.fastai.steep',NULL,NULL,NULL,'fastai.steep','cannot tell: too few points are left: the tool raises an error');
INSERT INTO lr_suggestions VALUES(2,13,'sgd','rule.fastai.slide',NULL,NULL,NULL,'fastai.slide','cannot tell: too few points are left: the tool raises an error');
INSERT INTO lr_suggestions VALUES(2,14,'sgd','rule.lightning',NULL,NULL,NULL,'lightning','cannot tell: too few points are left: the tool suggests nothing');
INSERT INTO lr_suggestions VALUES(2,15,'sgd','rule.lightning_before_2.5.3',NULL,NULL,NULL,'lightning_before_2.5.3','cannot tell: too few points are left: the tool suggests nothing');
INSERT INTO lr_suggestions VALUES(2,16,'sgd','rule.pytorch_lr_finder',NULL,NULL,NULL,'pytorch_lr_finder','cannot tell: too few points are left: the tool suggests nothing');
INSERT INTO lr_suggestions VALUES(2,17,'sgd','rule.keras_lr_finder',NULL,NULL,NULL,'keras_lr_finder','cannot tell: too few points are left: the tool raises an error');
CREATE TABLE ranks (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  rank_key REAL NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (study_id, rank_key, number)
) WITHOUT ROWID;
CREATE TABLE recent_ranks (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  rank_key REAL NOT NULL,
  PRIMARY KEY (study_id, number)
) WITHOUT ROWID;
INSERT INTO recent_ranks VALUES(1,0,0.73841239561150839865);
INSERT INTO recent_ranks VALUES(1,2,4.0794623669583787162);
CREATE TABLE outcome_counts (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  outcome TEXT NOT NULL,
  trials INTEGER NOT NULL,
  PRIMARY KEY (study_id, outcome)
) WITHOUT ROWID;
INSERT INTO outcome_counts VALUES(1,'completed',2);
INSERT INTO outcome_counts VALUES(1,'diverged',1);
INSERT INTO outcome_counts VALUES(2,'completed',1);
CREATE INDEX events_by_trial ON events (study_id, number);
CREATE VIEW runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error
FROM studies AS s JOIN trials AS t ON t.study_id = s.id;
CREATE VIEW learning_curves AS
SELECT s.name AS study, m.number AS number, m.step AS step, m.name AS name, m.value AS value
FROM studies AS s JOIN metrics AS m ON m.study_id = s.id;
CREATE VIEW learning_rates AS
SELECT s.name AS study, l.branch AS branch, l.name AS name, l.value AS value, l.low AS low, l.high AS high,
  l.rule AS rule, l.note AS note
FROM studies AS s JOIN lr_suggestions AS l ON l.study_id = s.id
ORDER BY s.name, l.position;
CREATE VIEW best_runs AS
SELECT study, number, outcome, value, parameters, seed, steps, evaluations, wall_seconds, started_at, finished_at, error
FROM (
  SELECT s.name AS study, r.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
    t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
    t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error, r.rank_key AS rank_key
  FROM studies AS s CROSS JOIN ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  UNION ALL
  SELECT s.name, r.number, t.outcome, t.value, t.parameters, t.seed, t.steps, t.evaluations, t.wall_seconds,
    t.started_at, t.finished_at, t.error, r.rank_key
  FROM studies AS s CROSS JOIN recent_ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  ORDER BY study, rank_key, number
);
COMMIT;
