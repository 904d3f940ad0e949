"""The stand-in for W&B's client, by the calls that training scripts make."""

import unittest

from running import run

INIT = "import wandb\nrun = wandb.init(project='p', config={'lr': 1, 'own': 2})\n"


def offline(script, parameters=None, **more):
    return run(script, parameters, offline=True, **more)


class Configs(unittest.TestCase):
    def test_the_sweep_wins(self):
        ran = offline(
            INIT
            + "print(wandb.config.lr, wandb.config['own'], run.config.get('none', 7), 'lr' in wandb.config, "
            "sorted(dict(wandb.config)))",
            {"lr": 0.5},
        )
        self.assertEqual(ran.output, "0.5 2 7 True ['lr', 'own']\n", ran.errors)
        self.assertEqual(ran.errors.count("config 'lr' is the sweep's and stays 0.5"), 1)

    def test_takes_a_namespace_and_updates(self):
        ran = offline(
            """
            import argparse, wandb
            with wandb.init(config=argparse.Namespace(a=1, b=2)) as run:
                wandb.config.update({'b': 3, 'c': 4}, allow_val_change=True)
                wandb.config.d = 5
                wandb.config.setdefaults({'a': 9, 'e': 6})
                print(wandb.config.as_dict())
            """,
            {"nested": {"lr": 0.1}},
        )
        self.assertEqual(ran.output, "{'nested': {'lr': 0.1}, 'a': 1, 'b': 3, 'c': 4, 'd': 5, 'e': 6}\n", ran.errors)

    def test_an_unknown_key_is_an_attribute_error(self):
        ran = offline(INIT + "print(hasattr(wandb.config, 'x'), getattr(wandb.config, 'y', 3))")
        self.assertEqual(ran.output, "False 3\n", ran.errors)


class Logs(unittest.TestCase):
    def test_steps_count_by_themselves(self):
        ran = offline(INIT + "wandb.log({'loss': 1})\nrun.log({'loss': 0.5, 'val': {'acc': 0.1}})\nprint(run.step)")
        self.assertEqual(
            ran.lines, [{"step": 0, "loss": 1}, {"step": 1, "loss": 0.5, "val.acc": 0.1}], ran.errors
        )
        self.assertEqual(ran.output, "2\n")

    def test_steps_may_be_given(self):
        ran = offline(
            INIT
            + "wandb.log({'a': 1}, step=5)\nwandb.log({'b': 2}, step=5)\nwandb.log({'a': 3}, step=4)\nwandb.log({'a': 4})"
        )
        self.assertEqual(
            ran.lines, [{"step": 5, "a": 1}, {"step": 5, "b": 2}, {"step": 5, "a": 4}], ran.errors
        )
        self.assertIn("log() at step 4 after step 5 is ignored", ran.errors)

    def test_commit_joins_calls(self):
        ran = offline(INIT + "wandb.log({'a': 1}, commit=False)\nwandb.log({'b': 2})\nwandb.log({'a': 3})")
        self.assertEqual([line["step"] for line in ran.lines], [0, 0, 1], ran.errors)

    def test_what_is_no_number_is_left_out(self):
        ran = offline(INIT + "wandb.log({'loss': 1, 'text': 'x', 'image': wandb.Image([1]), 'none': None})")
        self.assertEqual(ran.lines, [{"step": 0, "loss": 1}], ran.errors)
        self.assertIn("wandb.Image is not part of it and does nothing", ran.errors)

    def test_before_init_it_is_an_error(self):
        ran = offline("import wandb\nwandb.log({'a': 1})")
        self.assertEqual(ran.code, 1)
        self.assertIn("You must call wandb.init() before wandb.log()", ran.errors)

    def test_without_tuner_it_prints(self):
        ran = offline(INIT + "wandb.log({'a': 1})", around=False)
        self.assertEqual(ran.output, '{"step": 0, "a": 1}\n', ran.errors)


class Summaries(unittest.TestCase):
    def test_are_the_last_values(self):
        ran = offline(INIT + "wandb.log({'a': 1})\nwandb.log({'a': 2})\nprint(run.summary['a'], wandb.summary.a)")
        self.assertEqual(ran.output, "2 2\n", ran.errors)
        self.assertEqual(len(ran.lines), 2, "nothing that tuner has not had")

    def test_what_the_script_sets_is_reported_at_the_end(self):
        ran = offline(INIT + "wandb.log({'acc': 0.5})\nwandb.log({'acc': 0.4})\nrun.summary['acc'] = 0.5\nwandb.finish()")
        self.assertEqual(ran.lines[-1], {"step": 2, "acc": 0.5}, ran.errors)

    def test_define_metric_says_which_value_counts(self):
        ran = offline(
            INIT
            + """
wandb.define_metric('loss', summary='min')
wandb.define_metric('acc', summary='best', goal='maximize')
wandb.define_metric('mean', summary='mean')
for i, loss in enumerate([3, 1, 2]):
    wandb.log({'loss': loss, 'acc': -loss, 'mean': loss})
"""
        )
        self.assertEqual(ran.lines[-1], {"step": 3, "loss": 1, "acc": -1}, ran.errors)

    def test_a_script_that_ends_without_finish_reports_it_too(self):
        ran = offline(INIT + "run.summary.update({'best': 3})")
        self.assertEqual(ran.lines, [{"step": 0, "best": 3}], ran.errors)


class EverythingElse(unittest.TestCase):
    def test_does_nothing_and_says_so_once(self):
        ran = offline(
            INIT
            + """
wandb.watch(object(), log='all')
wandb.watch(object())
wandb.run.log_artifact(wandb.Artifact('a', type='model'))
table = wandb.Table(columns=['a'])
table.add_data(1)
wandb.plot.line(table, 'x', 'y')
print(wandb.run.id, wandb.run.sweep_id, wandb.run.name)
""",
            environment={"WANDB_RUN_ID": "r1", "WANDB_SWEEP_ID": "s1"},
        )
        self.assertEqual((ran.code, ran.output), (0, "r1 s1 r1\n"), ran.errors)
        self.assertEqual(ran.errors.count("wandb.watch is not part of it"), 1)

    def test_submodules_import(self):
        ran = offline(
            """
            from wandb.keras import WandbCallback
            from wandb.sdk.lib import RunDisabled
            import wandb
            class Mine(WandbCallback):
                pass
            print(isinstance(Mine(), WandbCallback), isinstance(3, RunDisabled))
            """
        )
        self.assertEqual(ran.output, "True False\n", ran.errors)

    def test_settings_and_all_arguments_of_init(self):
        ran = offline(
            "import wandb\nwandb.init(entity='e', name='n', tags=['t'], notes='', group='g', job_type='j', "
            "mode='online', save_code=True, settings=wandb.Settings(start_method='fork'))\nprint(wandb.run.name)"
        )
        self.assertEqual((ran.output, ran.errors), ("n\n", ""))


if __name__ == "__main__":
    unittest.main()
