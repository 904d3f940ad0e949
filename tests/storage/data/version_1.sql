-- A database as tuner wrote it with schema version 1, before LR range tests: one study of two trials.
PRAGMA application_id = 1953853042;
PRAGMA user_version = 1;
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
INSERT INTO studies VALUES(1,'demo',replace('method: grid\nobjective: rosenbrock\noptimizer: {plugin: sgd, lr: {values: [1e-3, 1]}}\ntraining: {steps: 3}\n','\n',char(10)),'63d2bc060e27acaf5ca2c8433fa189ab7425bfdb770cd59c74a119bb755ce5ab',replace('{\n "early_stopping": null,\n "method": "grid",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "dim": 2,\n   "dtype": "f64",\n   "start": null\n  },\n  "plugin": "rosenbrock",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": {\n    "values": [\n     0.001,\n     1.0\n    ]\n   },\n   "momentum": 0.0,\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "order": [\n  "optimizer.lr"\n ],\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "steps": 3\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-22T06:05:25.223Z','1.0.0',NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO trials VALUES(1,0,'completed',4.1145521503383770678,'{"optimizer.lr": 0.001}',1,1,'2026-11-22T06:05:25.236Z','2026-11-22T06:05:25.236Z',3,0.0,1,3,0,7.3919999999999996993e-05,NULL,4.1145521503383770678,4.1145521503383770678,0,NULL,NULL,4.1145521503383770678);
INSERT INTO trials VALUES(1,1,'completed',3.5233203625492119184e+127,'{"optimizer.lr": 1.0}',1,1,'2026-11-22T06:05:25.236Z','2026-11-22T06:05:25.236Z',3,0.0,1,3,0,1.6914999999999999832e-05,NULL,24.199999999999995737,3.5233203625492119184e+127,0,NULL,NULL,3.5233203625492119184e+127);
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
INSERT INTO trial_parameters VALUES(1,0,'optimizer.lr',0,'number',0.0010000000000000000208);
INSERT INTO trial_parameters VALUES(1,1,'optimizer.lr',0,'number',1.0);
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
INSERT INTO metrics VALUES(1,0,'loss',1,5.3529115800089641652);
INSERT INTO metrics VALUES(1,0,'loss',2,4.1177898570679722922);
INSERT INTO metrics VALUES(1,0,'loss',3,4.1145521503383770678);
INSERT INTO metrics VALUES(1,0,'lr',0,0.0010000000000000000208);
INSERT INTO metrics VALUES(1,0,'lr',1,0.0010000000000000000208);
INSERT INTO metrics VALUES(1,0,'lr',2,0.0010000000000000000208);
INSERT INTO metrics VALUES(1,1,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,1,'loss',1,210482437168.519989);
INSERT INTO metrics VALUES(1,1,'loss',2,2.3964629707346318404e+40);
INSERT INTO metrics VALUES(1,1,'loss',3,3.5233203625492119184e+127);
INSERT INTO metrics VALUES(1,1,'lr',0,1.0);
INSERT INTO metrics VALUES(1,1,'lr',1,1.0);
INSERT INTO metrics VALUES(1,1,'lr',2,1.0);
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
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
);
INSERT INTO events VALUES(1,1,NULL,'2026-11-22T06:05:25.224Z','started','0 trials finished before');
INSERT INTO events VALUES(2,1,NULL,'2026-11-22T06:05:25.237Z','finished','2 trials finished');
CREATE INDEX trials_ranked ON trials (study_id, outcome, rank_key, number);
CREATE INDEX events_by_trial ON events (study_id, number);
CREATE VIEW runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error
FROM studies AS s JOIN trials AS t ON t.study_id = s.id;
CREATE VIEW best_runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error
FROM studies AS s JOIN trials AS t ON t.study_id = s.id
WHERE t.outcome = 'completed' AND t.rank_key IS NOT NULL
ORDER BY s.name, t.rank_key, t.number;
CREATE VIEW learning_curves AS
SELECT s.name AS study, m.number AS number, m.step AS step, m.name AS name, m.value AS value
FROM studies AS s JOIN metrics AS m ON m.study_id = s.id;
COMMIT;
