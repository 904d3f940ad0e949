-- A database as tuner wrote it with schema version 5: a grid of six trials that was stopped after four, a random search of
-- five trials that is finished, and an LR range test of two seeds that was stopped after eight parts.
PRAGMA application_id = 1953853042;
PRAGMA user_version = 5;
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
, search_version INTEGER NOT NULL DEFAULT 1);
INSERT INTO studies VALUES(1,'grid',replace('study: grid\nmethod: grid\nobjective: rosenbrock\noptimizer: {plugin: sgd, lr: {values: [0.003, 0.001]}, momentum: {values: [0, 0.5, 0.9]}}\ntraining: {steps: 20, log_every: 10}\n','\n',char(10)),'0ce6bd98ad332919c78ab603d9225611407fbe3f208d1880918e77b4b8d46a44',replace('{\n "early_stopping": null,\n "method": "grid",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "dim": 2,\n   "dtype": "f64",\n   "start": null\n  },\n  "plugin": "rosenbrock",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": {\n    "values": [\n     0.003,\n     0.001\n    ]\n   },\n   "momentum": {\n    "values": [\n     0.0,\n     0.5,\n     0.9\n    ]\n   },\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "order": [\n  "optimizer.lr",\n  "optimizer.momentum"\n ],\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "log_every": 10,\n  "steps": 20\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-26T17:59:28.041Z','1.0.0',NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO studies VALUES(2,'random',replace('study: random\nmethod: random\ntrials: 5\nobjective: rosenbrock\noptimizer: {plugin: sgd, lr: {min: 1e-5, max: 1e2, scale: log}}\ntraining: {steps: 20, log_every: 10}\n','\n',char(10)),'8a10558fd89b49ca494d76cd95d783be9df85c9ed5509ca1b107136454c88903',replace('{\n "early_stopping": null,\n "method": "random",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "dim": 2,\n   "dtype": "f64",\n   "start": null\n  },\n  "plugin": "rosenbrock",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": {\n    "max": 100.0,\n    "min": 1e-05,\n    "scale": "log"\n   },\n   "momentum": 0.0,\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "log_every": 10,\n  "steps": 20\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-26T17:59:28.109Z','1.0.0',NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO studies VALUES(3,'run.lr_range',replace('objective: {plugin: noisy_quadratic, dim: 6, condition: 10}\noptimizer: {plugin: sgd, momentum: 0.5}\ntraining: {steps: 10, batch_size: 8}\nlr_range: {lr_min: 1e-2, lr_max: 10, steps: 12, seeds: 2, ladder: {points: 3, steps: 8}, stability: none, probe: none}\n','\n',char(10)),'2ec92faa28fd3d6e7c6914c74b3ea5c0fa592698700ec5c9c50e137f8a70f705',replace('{\n "early_stopping": null,\n "lr_range": {\n  "curvature": true,\n  "extend": false,\n  "ladder": {\n   "points": 3,\n   "steps": 8\n  },\n  "lr_max": 10.0,\n  "lr_min": 0.01,\n  "probe": null,\n  "seeds": 2,\n  "smoothing": 0.9,\n  "stability": null,\n  "steps": 12,\n  "stop": 4.0\n },\n "method": "lr_range",\n "metric": {\n  "goal": "minimize",\n  "name": "loss"\n },\n "objective": {\n  "options": {\n   "condition": 10.0,\n   "dim": 6,\n   "dtype": "f64",\n   "eigenvalues": null,\n   "matrix_file": null,\n   "n_samples": 1000,\n   "n_test": 1000,\n   "n_valid": 1000,\n   "noise": 0.6,\n   "rotate": false,\n   "start": null,\n   "test_file": null,\n   "train_file": null,\n   "valid_file": null\n  },\n  "plugin": "noisy_quadratic",\n  "version": "1.0.0"\n },\n "optimizer": {\n  "options": {\n   "dampening": 0.0,\n   "lookahead": "shifted",\n   "lr": 0.001,\n   "momentum": 0.5,\n   "nesterov": false,\n   "velocity": "outside",\n   "weight_decay": 0.0\n  },\n  "plugin": "sgd",\n  "version": "1.0.0"\n },\n "schedule": {\n  "stages": [\n   {\n    "scheduler": {\n     "options": {},\n     "plugin": "constant",\n     "version": "1.0.0"\n    },\n    "steps": null\n   }\n  ]\n },\n "seed": 1,\n "training": {\n  "batch_size": 8,\n  "steps": 10\n }\n}','\n',char(10)),'loss','minimize',1,'2026-11-26T17:59:28.182Z','1.0.0',NULL,NULL,NULL,NULL,NULL,2);
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
INSERT INTO trials VALUES(1,0,'completed',2.1138872835939443994,'{"optimizer.lr": 0.003, "optimizer.momentum": 0.0}',1,1,'2026-11-26T17:59:28.053Z','2026-11-26T17:59:28.053Z',20,0.0,1,20,0,6.6466999999999999064e-05,NULL,2.1138872835939443994,2.1138872835939443994,0,NULL,NULL,2.1138872835939443994);
INSERT INTO trials VALUES(1,1,'completed',1.0250734785633750512,'{"optimizer.lr": 0.003, "optimizer.momentum": 0.5}',1,1,'2026-11-26T17:59:28.053Z','2026-11-26T17:59:28.054Z',20,0.0,1,20,0,3.056599999999999839e-05,NULL,1.0250734785633750512,1.0250734785633750512,0,NULL,NULL,1.0250734785633750512);
INSERT INTO trials VALUES(1,2,'completed',5.86180378935044466,'{"optimizer.lr": 0.003, "optimizer.momentum": 0.9}',1,1,'2026-11-26T17:59:28.054Z','2026-11-26T17:59:28.054Z',20,0.0,1,20,0,1.3597000000000000429e-05,NULL,5.86180378935044466,5.86180378935044466,0,NULL,NULL,5.86180378935044466);
INSERT INTO trials VALUES(1,3,'completed',4.0608091325503519186,'{"optimizer.lr": 0.001, "optimizer.momentum": 0.0}',1,1,'2026-11-26T17:59:28.054Z','2026-11-26T17:59:28.054Z',20,0.0,1,20,0,1.3007999999999999801e-05,NULL,4.0608091325503519186,4.0608091325503519186,0,NULL,NULL,4.0608091325503519186);
INSERT INTO trials VALUES(2,0,'completed',0.73841239561150839865,'{"optimizer.lr": 0.005971138891660197}',1,1,'2026-11-26T17:59:28.124Z','2026-11-26T17:59:28.124Z',20,0.0,1,20,0,6.0746999999999999617e-05,NULL,0.73841239561150839865,0.73841239561150839865,0,NULL,NULL,0.73841239561150839865);
INSERT INTO trials VALUES(2,1,'diverged',NULL,'{"optimizer.lr": 0.15566872023678058}',1,1,'2026-11-26T17:59:28.124Z','2026-11-26T17:59:28.124Z',5,0.0,0,6,0,8.793199999999999768e-05,'step 5: the loss is inf',24.199999999999995737,24.199999999999995737,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(2,2,'completed',4.0794623669583787162,'{"optimizer.lr": 0.0008041223548043515}',1,1,'2026-11-26T17:59:28.124Z','2026-11-26T17:59:28.124Z',20,0.0,1,20,0,1.4079000000000000218e-05,NULL,4.0794623669583787162,4.0794623669583787162,0,NULL,NULL,4.0794623669583787162);
INSERT INTO trials VALUES(2,3,'completed',5.4265895828839738612,'{"optimizer.lr": 5.465696455621842e-05}',1,1,'2026-11-26T17:59:28.129Z','2026-11-26T17:59:28.129Z',20,0.0,1,20,0,3.6961000000000000689e-05,NULL,5.4265895828839738612,5.4265895828839738612,0,NULL,NULL,5.4265895828839738612);
INSERT INTO trials VALUES(2,4,'diverged',NULL,'{"optimizer.lr": 6.795372846194358}',1,1,'2026-11-26T17:59:28.129Z','2026-11-26T17:59:28.129Z',4,0.0,0,5,0,3.5870000000000000462e-05,'step 4: the loss is inf',24.199999999999995737,24.199999999999995737,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(3,0,'completed',NULL,'{"lr_range.part": "ramp", "lr_range.seed": 0}',1,1,'2026-11-26T17:59:28.200Z','2026-11-26T17:59:28.202Z',9,0.0,9,9,0,0.0012749269999999999179,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(3,1,'completed',NULL,'{"lr_range.part": "ramp", "lr_range.seed": 1}',1,1,'2026-11-26T17:59:28.202Z','2026-11-26T17:59:28.202Z',10,0.0,10,10,0,7.2449999999999999209e-05,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(3,2,'completed',NULL,'{"lr_range.part": "curvature", "lr_range.seed": 0}',1,1,'2026-11-26T17:59:28.203Z','2026-11-26T17:59:28.203Z',0,0.0,0,0,6,0.00010059900000000000363,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO trials VALUES(3,3,'completed',6.2933137793281517247,'{"lr_range.part": "ladder", "lr_range.seed": 0, "lr_range.lr": 0.01}',1,1,'2026-11-26T17:59:28.203Z','2026-11-26T17:59:28.203Z',8,0.0,0,8,0,5.2283000000000000697e-05,NULL,6.2933137793281517247,6.2933137793281517247,0,NULL,NULL,6.2933137793281517247);
INSERT INTO trials VALUES(3,4,'completed',8.9881288276695823213,'{"lr_range.part": "ladder", "lr_range.seed": 1, "lr_range.lr": 0.01}',1,1,'2026-11-26T17:59:28.203Z','2026-11-26T17:59:28.203Z',8,0.0,0,8,0,3.9342999999999999229e-05,NULL,8.9881288276695823213,8.9881288276695823213,0,NULL,NULL,8.9881288276695823213);
INSERT INTO trials VALUES(3,5,'completed',13.843619454073696317,'{"lr_range.part": "ladder", "lr_range.seed": 0, "lr_range.lr": 0.28480358684358015}',1,1,'2026-11-26T17:59:28.203Z','2026-11-26T17:59:28.203Z',8,0.0,0,8,0,3.6794000000000000425e-05,NULL,13.843619454073696317,13.843619454073696317,0,NULL,NULL,13.843619454073696317);
INSERT INTO trials VALUES(3,6,'completed',21.188863515525376613,'{"lr_range.part": "ladder", "lr_range.seed": 1, "lr_range.lr": 0.28480358684358015}',1,1,'2026-11-26T17:59:28.203Z','2026-11-26T17:59:28.203Z',8,0.0,0,8,0,3.5671999999999999986e-05,NULL,21.188863515525376613,21.188863515525376613,0,NULL,NULL,21.188863515525376613);
INSERT INTO trials VALUES(3,7,'completed',8.1394423340572535441e+26,'{"lr_range.part": "ladder", "lr_range.seed": 0, "lr_range.lr": 8.111308307896872}',1,1,'2026-11-26T17:59:28.204Z','2026-11-26T17:59:28.204Z',8,0.0,0,8,0,4.5503999999999996655e-05,NULL,8.1394423340572535441e+26,8.1394423340572535441e+26,0,NULL,NULL,8.1394423340572535441e+26);
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
INSERT INTO trial_parameters VALUES(1,0,'optimizer.lr',0,'number',0.0030000000000000000624);
INSERT INTO trial_parameters VALUES(1,0,'optimizer.momentum',1,'number',0.0);
INSERT INTO trial_parameters VALUES(1,1,'optimizer.lr',0,'number',0.0030000000000000000624);
INSERT INTO trial_parameters VALUES(1,1,'optimizer.momentum',1,'number',0.5);
INSERT INTO trial_parameters VALUES(1,2,'optimizer.lr',0,'number',0.0030000000000000000624);
INSERT INTO trial_parameters VALUES(1,2,'optimizer.momentum',1,'number',0.9000000000000000222);
INSERT INTO trial_parameters VALUES(1,3,'optimizer.lr',0,'number',0.0010000000000000000208);
INSERT INTO trial_parameters VALUES(1,3,'optimizer.momentum',1,'number',0.0);
INSERT INTO trial_parameters VALUES(2,0,'optimizer.lr',0,'number',0.005971138891660197033);
INSERT INTO trial_parameters VALUES(2,1,'optimizer.lr',0,'number',0.15566872023678057779);
INSERT INTO trial_parameters VALUES(2,2,'optimizer.lr',0,'number',0.00080412235480435147703);
INSERT INTO trial_parameters VALUES(2,3,'optimizer.lr',0,'number',5.4656964556218418536e-05);
INSERT INTO trial_parameters VALUES(2,4,'optimizer.lr',0,'number',6.7953728461943576633);
INSERT INTO trial_parameters VALUES(3,0,'lr_range.part',0,'text','ramp');
INSERT INTO trial_parameters VALUES(3,0,'lr_range.seed',1,'integer',0);
INSERT INTO trial_parameters VALUES(3,1,'lr_range.part',0,'text','ramp');
INSERT INTO trial_parameters VALUES(3,1,'lr_range.seed',1,'integer',1);
INSERT INTO trial_parameters VALUES(3,2,'lr_range.part',0,'text','curvature');
INSERT INTO trial_parameters VALUES(3,2,'lr_range.seed',1,'integer',0);
INSERT INTO trial_parameters VALUES(3,3,'lr_range.lr',2,'number',0.010000000000000000208);
INSERT INTO trial_parameters VALUES(3,3,'lr_range.part',0,'text','ladder');
INSERT INTO trial_parameters VALUES(3,3,'lr_range.seed',1,'integer',0);
INSERT INTO trial_parameters VALUES(3,4,'lr_range.lr',2,'number',0.010000000000000000208);
INSERT INTO trial_parameters VALUES(3,4,'lr_range.part',0,'text','ladder');
INSERT INTO trial_parameters VALUES(3,4,'lr_range.seed',1,'integer',1);
INSERT INTO trial_parameters VALUES(3,5,'lr_range.lr',2,'number',0.28480358684358014764);
INSERT INTO trial_parameters VALUES(3,5,'lr_range.part',0,'text','ladder');
INSERT INTO trial_parameters VALUES(3,5,'lr_range.seed',1,'integer',0);
INSERT INTO trial_parameters VALUES(3,6,'lr_range.lr',2,'number',0.28480358684358014764);
INSERT INTO trial_parameters VALUES(3,6,'lr_range.part',0,'text','ladder');
INSERT INTO trial_parameters VALUES(3,6,'lr_range.seed',1,'integer',1);
INSERT INTO trial_parameters VALUES(3,7,'lr_range.lr',2,'number',8.1113083078968717387);
INSERT INTO trial_parameters VALUES(3,7,'lr_range.part',0,'text','ladder');
INSERT INTO trial_parameters VALUES(3,7,'lr_range.seed',1,'integer',0);
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
INSERT INTO metrics VALUES(1,0,'loss',10,2.2509582108366497088);
INSERT INTO metrics VALUES(1,0,'loss',20,2.1138872835939443994);
INSERT INTO metrics VALUES(1,0,'lr',0,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,0,'lr',10,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,1,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,1,'loss',10,1.8603644092361337758);
INSERT INTO metrics VALUES(1,1,'loss',20,1.0250734785633750512);
INSERT INTO metrics VALUES(1,1,'lr',0,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,1,'lr',10,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,2,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,2,'loss',10,6.0824613461536172209);
INSERT INTO metrics VALUES(1,2,'loss',20,5.86180378935044466);
INSERT INTO metrics VALUES(1,2,'lr',0,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,2,'lr',10,0.0030000000000000000624);
INSERT INTO metrics VALUES(1,3,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(1,3,'loss',10,4.0924736635950083041);
INSERT INTO metrics VALUES(1,3,'loss',20,4.0608091325503519186);
INSERT INTO metrics VALUES(1,3,'lr',0,0.0010000000000000000208);
INSERT INTO metrics VALUES(1,3,'lr',10,0.0010000000000000000208);
INSERT INTO metrics VALUES(2,0,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(2,0,'loss',10,0.93156498354351102708);
INSERT INTO metrics VALUES(2,0,'loss',20,0.73841239561150839865);
INSERT INTO metrics VALUES(2,0,'lr',0,0.005971138891660197033);
INSERT INTO metrics VALUES(2,0,'lr',10,0.005971138891660197033);
INSERT INTO metrics VALUES(2,1,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(2,1,'lr',0,0.15566872023678057779);
INSERT INTO metrics VALUES(2,2,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(2,2,'loss',10,4.1048673106533062338);
INSERT INTO metrics VALUES(2,2,'loss',20,4.0794623669583787162);
INSERT INTO metrics VALUES(2,2,'lr',0,0.00080412235480435147703);
INSERT INTO metrics VALUES(2,2,'lr',10,0.00080412235480435147703);
INSERT INTO metrics VALUES(2,3,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(2,3,'loss',10,8.9142245988674027046);
INSERT INTO metrics VALUES(2,3,'loss',20,5.4265895828839738612);
INSERT INTO metrics VALUES(2,3,'lr',0,5.4656964556218418536e-05);
INSERT INTO metrics VALUES(2,3,'lr',10,5.4656964556218418536e-05);
INSERT INTO metrics VALUES(2,4,'loss',0,24.199999999999995737);
INSERT INTO metrics VALUES(2,4,'lr',0,6.7953728461943576633);
INSERT INTO metrics VALUES(3,0,'loss',1,15.624666709819406307);
INSERT INTO metrics VALUES(3,0,'loss',2,15.208359847543883702);
INSERT INTO metrics VALUES(3,0,'loss',3,7.554198734073746202);
INSERT INTO metrics VALUES(3,0,'loss',4,5.6231904648307295957);
INSERT INTO metrics VALUES(3,0,'loss',5,6.2661195295304992214);
INSERT INTO metrics VALUES(3,0,'loss',6,6.3045933621915759559);
INSERT INTO metrics VALUES(3,0,'loss',7,8.102856797264735178);
INSERT INTO metrics VALUES(3,0,'loss',8,12.820758994796477737);
INSERT INTO metrics VALUES(3,0,'loss',9,410.8258484214445616);
INSERT INTO metrics VALUES(3,0,'loss_before',1,17.242286287873962891);
INSERT INTO metrics VALUES(3,0,'loss_before',2,20.099330361172256687);
INSERT INTO metrics VALUES(3,0,'loss_before',3,10.80627514687216184);
INSERT INTO metrics VALUES(3,0,'loss_before',4,6.5994986013625744902);
INSERT INTO metrics VALUES(3,0,'loss_before',5,5.5308350694053496354);
INSERT INTO metrics VALUES(3,0,'loss_before',6,9.5827952094388830772);
INSERT INTO metrics VALUES(3,0,'loss_before',7,7.3116445694179601488);
INSERT INTO metrics VALUES(3,0,'loss_before',8,5.3255887320218251446);
INSERT INTO metrics VALUES(3,0,'loss_before',9,12.597997303389746548);
INSERT INTO metrics VALUES(3,0,'lr',1,0.010000000000000000208);
INSERT INTO metrics VALUES(3,0,'lr',2,0.01873817422860384052);
INSERT INTO metrics VALUES(3,0,'lr',3,0.035111917342151313659);
INSERT INTO metrics VALUES(3,0,'lr',4,0.065793322465756795547);
INSERT INTO metrics VALUES(3,0,'lr',5,0.12328467394420662694);
INSERT INTO metrics VALUES(3,0,'lr',6,0.23101297000831605421);
INSERT INTO metrics VALUES(3,0,'lr',7,0.43287612810830583542);
INSERT INTO metrics VALUES(3,0,'lr',8,0.81113083078968717387);
INSERT INTO metrics VALUES(3,0,'lr',9,1.5199110829529340893);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',1,15.624666709819406307);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',2,15.40555783493755193);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',3,12.508377354914010481);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',4,10.506287535174761771);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',5,9.4708627578447170947);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',6,8.7951166094080974744);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',7,8.6624243152386046773);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',8,9.3925551790924437511);
INSERT INTO metrics VALUES(3,0,'smoothed_loss',9,74.924177774016641252);
INSERT INTO metrics VALUES(3,1,'loss',1,12.52420070702251742);
INSERT INTO metrics VALUES(3,1,'loss',2,13.516339744989021909);
INSERT INTO metrics VALUES(3,1,'loss',3,6.3928172006023613604);
INSERT INTO metrics VALUES(3,1,'loss',4,6.996925112681541492);
INSERT INTO metrics VALUES(3,1,'loss',5,5.3284990077418115106);
INSERT INTO metrics VALUES(3,1,'loss',6,6.5120853433084349148);
INSERT INTO metrics VALUES(3,1,'loss',7,6.2209926581463781403);
INSERT INTO metrics VALUES(3,1,'loss',8,12.449009070699869283);
INSERT INTO metrics VALUES(3,1,'loss',9,259.77209399520722855);
INSERT INTO metrics VALUES(3,1,'loss',10,58279.126612828200449);
INSERT INTO metrics VALUES(3,1,'loss_before',1,13.717342259185567598);
INSERT INTO metrics VALUES(3,1,'loss_before',2,17.723144079583050825);
INSERT INTO metrics VALUES(3,1,'loss_before',3,11.796951126944593468);
INSERT INTO metrics VALUES(3,1,'loss_before',4,10.063795360165007864);
INSERT INTO metrics VALUES(3,1,'loss_before',5,7.8041833004120144678);
INSERT INTO metrics VALUES(3,1,'loss_before',6,4.7696525017856998829);
INSERT INTO metrics VALUES(3,1,'loss_before',7,5.6244395591611056062);
INSERT INTO metrics VALUES(3,1,'loss_before',8,5.0868692402298645305);
INSERT INTO metrics VALUES(3,1,'loss_before',9,13.829877081068392641);
INSERT INTO metrics VALUES(3,1,'loss_before',10,259.38489414151217715);
INSERT INTO metrics VALUES(3,1,'lr',1,0.010000000000000000208);
INSERT INTO metrics VALUES(3,1,'lr',2,0.01873817422860384052);
INSERT INTO metrics VALUES(3,1,'lr',3,0.035111917342151313659);
INSERT INTO metrics VALUES(3,1,'lr',4,0.065793322465756795547);
INSERT INTO metrics VALUES(3,1,'lr',5,0.12328467394420662694);
INSERT INTO metrics VALUES(3,1,'lr',6,0.23101297000831605421);
INSERT INTO metrics VALUES(3,1,'lr',7,0.43287612810830583542);
INSERT INTO metrics VALUES(3,1,'lr',8,0.81113083078968717387);
INSERT INTO metrics VALUES(3,1,'lr',9,1.5199110829529340893);
INSERT INTO metrics VALUES(3,1,'lr',10,2.8480358684358026977);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',1,12.52420070702251742);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',2,13.04637914805751997);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',3,10.591190237557462694);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',4,9.546041902321663386);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',5,8.5161420477198586098);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',6,8.0884356746886236777);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',7,7.7304843769979934009);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',8,8.5589748127641023245);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',9,49.568038072544453598);
INSERT INTO metrics VALUES(3,1,'smoothed_loss',10,8989.7846929144125168);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',1,5.8045235742018332913);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',2,8.219527530890722744);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',3,9.8773296945833735094);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',4,9.9979327545744727245);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',5,9.9999809833455604035);
INSERT INTO metrics VALUES(3,2,'largest_eigenvalue',6,10.000000000000005328);
INSERT INTO metrics VALUES(3,2,'limit',6,0.29999999999999982236);
INSERT INTO metrics VALUES(3,3,'loss',0,17.242286287873962891);
INSERT INTO metrics VALUES(3,3,'loss',1,20.099330361172256687);
INSERT INTO metrics VALUES(3,3,'loss',2,12.136812097708686408);
INSERT INTO metrics VALUES(3,3,'loss',3,9.7427289328957193959);
INSERT INTO metrics VALUES(3,3,'loss',4,13.263591152232041992);
INSERT INTO metrics VALUES(3,3,'loss',5,7.4835684498887076188);
INSERT INTO metrics VALUES(3,3,'loss',6,6.3706509185030135711);
INSERT INTO metrics VALUES(3,3,'loss',7,6.2159766401532907664);
INSERT INTO metrics VALUES(3,4,'loss',0,13.717342259185567598);
INSERT INTO metrics VALUES(3,4,'loss',1,17.723144079583050825);
INSERT INTO metrics VALUES(3,4,'loss',2,13.627510648738098808);
INSERT INTO metrics VALUES(3,4,'loss',3,15.71447692823522857);
INSERT INTO metrics VALUES(3,4,'loss',4,8.024114059429502177);
INSERT INTO metrics VALUES(3,4,'loss',5,8.9083551339125630619);
INSERT INTO metrics VALUES(3,4,'loss',6,10.012842383889438479);
INSERT INTO metrics VALUES(3,4,'loss',7,7.9634152714497261627);
INSERT INTO metrics VALUES(3,5,'loss',0,17.242286287873962891);
INSERT INTO metrics VALUES(3,5,'loss',1,20.114112290084413814);
INSERT INTO metrics VALUES(3,5,'loss',2,7.4379881822891400489);
INSERT INTO metrics VALUES(3,5,'loss',3,5.47637233597738593);
INSERT INTO metrics VALUES(3,5,'loss',4,4.7364709520338150738);
INSERT INTO metrics VALUES(3,5,'loss',5,7.2171311147618988357);
INSERT INTO metrics VALUES(3,5,'loss',6,16.756058921264127548);
INSERT INTO metrics VALUES(3,5,'loss',7,10.931179986883265087);
INSERT INTO metrics VALUES(3,6,'loss',0,13.717342259185567598);
INSERT INTO metrics VALUES(3,6,'loss',1,13.012295111149189352);
INSERT INTO metrics VALUES(3,6,'loss',2,7.8050213101970591367);
INSERT INTO metrics VALUES(3,6,'loss',3,5.8455956864580773668);
INSERT INTO metrics VALUES(3,6,'loss',4,5.6181934410327700746);
INSERT INTO metrics VALUES(3,6,'loss',5,8.5586559134902095991);
INSERT INTO metrics VALUES(3,6,'loss',6,17.488687155888161584);
INSERT INTO metrics VALUES(3,6,'loss',7,24.889039875162591642);
INSERT INTO metrics VALUES(3,7,'loss',0,17.242286287873962891);
INSERT INTO metrics VALUES(3,7,'loss',1,40666.195238680273179);
INSERT INTO metrics VALUES(3,7,'loss',2,193980537.52595862745);
INSERT INTO metrics VALUES(3,7,'loss',3,1091477851986.5429687);
INSERT INTO metrics VALUES(3,7,'loss',4,6589135757700034.0);
INSERT INTO metrics VALUES(3,7,'loss',5,40957996783524601856.0);
INSERT INTO metrics VALUES(3,7,'loss',6,2.5759844134858551564e+23);
INSERT INTO metrics VALUES(3,7,'loss',7,1.6276308683701021265e+27);
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
INSERT INTO plugins VALUES(1,'optimizer','sgd','1.0.0','b3dec7b6c5c33cc0136d36e315e99df43d1337cf71b7c2f1253c4eb445b92d48','/opt/tuner/lib/tuner/plugins/sgd.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(2,'scheduler','constant','1.0.0','6a55d6383181f5ad9f6af4223185f2cef83ca720621623e143ae5328633206ec','/opt/tuner/lib/tuner/plugins/constant.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(3,'objective','rosenbrock','1.0.0','543633da84b8c8dd96153cddc7a8e761fa15bee7535082e06a20239cdee0e96f','/opt/tuner/lib/tuner/plugins/rosenbrock.so',0,0,'GCC 12.2.0');
INSERT INTO plugins VALUES(4,'objective','noisy_quadratic','1.0.0','711aa4f1f0e8d933b5d580a271e7086c03ee4545674c60ecc74e49290194dbb0','/opt/tuner/lib/tuner/plugins/noisy_quadratic.so',0,0,'GCC 12.2.0');
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
INSERT INTO trial_plugins VALUES(1,3,0,1);
INSERT INTO trial_plugins VALUES(1,3,1,2);
INSERT INTO trial_plugins VALUES(1,3,2,3);
INSERT INTO trial_plugins VALUES(2,0,0,1);
INSERT INTO trial_plugins VALUES(2,0,1,2);
INSERT INTO trial_plugins VALUES(2,0,2,3);
INSERT INTO trial_plugins VALUES(2,1,0,1);
INSERT INTO trial_plugins VALUES(2,1,1,2);
INSERT INTO trial_plugins VALUES(2,1,2,3);
INSERT INTO trial_plugins VALUES(2,2,0,1);
INSERT INTO trial_plugins VALUES(2,2,1,2);
INSERT INTO trial_plugins VALUES(2,2,2,3);
INSERT INTO trial_plugins VALUES(2,3,0,1);
INSERT INTO trial_plugins VALUES(2,3,1,2);
INSERT INTO trial_plugins VALUES(2,3,2,3);
INSERT INTO trial_plugins VALUES(2,4,0,1);
INSERT INTO trial_plugins VALUES(2,4,1,2);
INSERT INTO trial_plugins VALUES(2,4,2,3);
INSERT INTO trial_plugins VALUES(3,0,0,1);
INSERT INTO trial_plugins VALUES(3,0,1,2);
INSERT INTO trial_plugins VALUES(3,0,2,4);
INSERT INTO trial_plugins VALUES(3,1,0,1);
INSERT INTO trial_plugins VALUES(3,1,1,2);
INSERT INTO trial_plugins VALUES(3,1,2,4);
INSERT INTO trial_plugins VALUES(3,2,0,1);
INSERT INTO trial_plugins VALUES(3,2,1,2);
INSERT INTO trial_plugins VALUES(3,2,2,4);
INSERT INTO trial_plugins VALUES(3,3,0,1);
INSERT INTO trial_plugins VALUES(3,3,1,2);
INSERT INTO trial_plugins VALUES(3,3,2,4);
INSERT INTO trial_plugins VALUES(3,4,0,1);
INSERT INTO trial_plugins VALUES(3,4,1,2);
INSERT INTO trial_plugins VALUES(3,4,2,4);
INSERT INTO trial_plugins VALUES(3,5,0,1);
INSERT INTO trial_plugins VALUES(3,5,1,2);
INSERT INTO trial_plugins VALUES(3,5,2,4);
INSERT INTO trial_plugins VALUES(3,6,0,1);
INSERT INTO trial_plugins VALUES(3,6,1,2);
INSERT INTO trial_plugins VALUES(3,6,2,4);
INSERT INTO trial_plugins VALUES(3,7,0,1);
INSERT INTO trial_plugins VALUES(3,7,1,2);
INSERT INTO trial_plugins VALUES(3,7,2,4);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
);
INSERT INTO events VALUES(1,1,NULL,'2026-11-26T17:59:28.042Z','started','0 trials finished before');
INSERT INTO events VALUES(2,1,NULL,'2026-11-26T17:59:28.054Z','interrupted','4 trials finished');
INSERT INTO events VALUES(3,2,NULL,'2026-11-26T17:59:28.117Z','started','0 trials finished before');
INSERT INTO events VALUES(4,2,NULL,'2026-11-26T17:59:28.129Z','finished','5 trials finished');
INSERT INTO events VALUES(5,3,NULL,'2026-11-26T17:59:28.189Z','started','0 trials finished before');
INSERT INTO events VALUES(6,3,0,'2026-11-26T17:59:28.202Z','log','step 9: diverged at lr 1.52');
INSERT INTO events VALUES(7,3,1,'2026-11-26T17:59:28.202Z','log','step 10: diverged at lr 2.848');
INSERT INTO events VALUES(8,3,NULL,'2026-11-26T17:59:28.207Z','interrupted','8 trials finished');
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
INSERT INTO recent_ranks VALUES(1,0,2.1138872835939443994);
INSERT INTO recent_ranks VALUES(1,1,1.0250734785633750512);
INSERT INTO recent_ranks VALUES(1,2,5.86180378935044466);
INSERT INTO recent_ranks VALUES(1,3,4.0608091325503519186);
INSERT INTO recent_ranks VALUES(2,0,0.73841239561150839865);
INSERT INTO recent_ranks VALUES(2,2,4.0794623669583787162);
INSERT INTO recent_ranks VALUES(2,3,5.4265895828839738612);
INSERT INTO recent_ranks VALUES(3,3,6.2933137793281517247);
INSERT INTO recent_ranks VALUES(3,4,8.9881288276695823213);
INSERT INTO recent_ranks VALUES(3,5,13.843619454073696317);
INSERT INTO recent_ranks VALUES(3,6,21.188863515525376613);
INSERT INTO recent_ranks VALUES(3,7,8.1394423340572535441e+26);
CREATE TABLE outcome_counts (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  outcome TEXT NOT NULL,
  trials INTEGER NOT NULL,
  PRIMARY KEY (study_id, outcome)
) WITHOUT ROWID;
INSERT INTO outcome_counts VALUES(1,'completed',4);
INSERT INTO outcome_counts VALUES(2,'completed',3);
INSERT INTO outcome_counts VALUES(2,'diverged',2);
INSERT INTO outcome_counts VALUES(3,'completed',8);
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
CREATE TRIGGER trial_is_deleted AFTER DELETE ON trials BEGIN
  DELETE FROM trial_parameters WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM metrics WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM trial_plugins WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM events WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM ranks WHERE study_id = OLD.study_id AND rank_key = OLD.rank_key AND number = OLD.number;
  DELETE FROM recent_ranks WHERE study_id = OLD.study_id AND number = OLD.number;
  UPDATE outcome_counts SET trials = trials - 1 WHERE study_id = OLD.study_id AND outcome = OLD.outcome;
END;
CREATE TRIGGER study_is_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM trials WHERE study_id = OLD.id;
  DELETE FROM events WHERE study_id = OLD.id;
  DELETE FROM lr_suggestions WHERE study_id = OLD.id;
  DELETE FROM ranks WHERE study_id = OLD.id;
  DELETE FROM recent_ranks WHERE study_id = OLD.id;
  DELETE FROM outcome_counts WHERE study_id = OLD.id;
END;
CREATE TRIGGER used_plugin_stays BEFORE DELETE ON plugins
WHEN EXISTS (SELECT 1 FROM trial_plugins AS u WHERE u.plugin_key = OLD.plugin_key) BEGIN
  SELECT RAISE(ABORT, 'a trial used this build of a plugin: delete that first');
END;
COMMIT;
