"""What adam with and without bias correction does on a variational autoencoder: the table and the findings."""
from experiment_findings import Finding, differ, lr, number, table, value
from experiment_results import Mean, paired, verdict

BETA1, BETA2, RATES = (0.0, 0.9), (0.99, 0.999, 0.9999), (0.0001, 0.001, 0.01)
WORDS = {False: "off", True: "on"}


def end(trials):
    """The mean of train_loss, unless a trial diverges."""
    lost = sum(trial["outcome"] == "diverged" for trial in trials)
    return f"{lost} of {len(trials)} diverge" if lost else Mean(map(value, trials)).text(1)


def vae(studies):
    study, rows = studies["vae"], []

    def of(beta1, beta2, corrected, rate):
        [(_, trials)] = study.configurations(beta1=beta1, beta2=beta2, bias_correction=corrected, lr=rate)
        return trials

    def diverged(beta2, corrected):
        """How many runs do, seed by seed."""
        runs = [of(beta1, beta2, corrected, rate) for beta1 in BETA1 for rate in RATES]
        return [sum(trial["outcome"] == "diverged" for trial in seed) for seed in zip(*runs, strict=True)]

    best = {
        (beta1, beta2, corrected): study.best(beta1=beta1, beta2=beta2, bias_correction=corrected)
        for beta1 in BETA1
        for beta2 in BETA2
        for corrected in (False, True)
    }
    for (beta1, beta2, corrected), (parameters, _) in best.items():
        ends = [end(of(beta1, beta2, corrected, rate)) for rate in RATES]
        rows.append([number(beta1), number(beta2), WORDS[corrected], *ends, lr(parameters)])
    near, far = diverged(0.9999, False), diverged(0.99, False)
    many = len(BETA1) * len(RATES)
    findings = []
    for name, text, others in (
        ("correction", "beta2 0.9999, without correction minus with it", diverged(0.9999, True)),
        ("beta2", "without correction, beta2 0.9999 minus 0.99", far),
    ):
        difference = paired(near, others)
        findings.append(
            Finding(
                f"vae.diverges.{name}",
                "E9, C7",
                verdict(difference, +1),
                "that without bias correction training fails where beta2 is near 1: runs of a variational autoencoder that "
                f"diverge, of {many} a seed (beta1 0 and 0.9, lr 0.0001 to 0.01), {text}: {difference.interval(2)}, "
                f"{difference.n} seeds",
            )
        )
    for beta1, beta2 in ((0.9, 0.99), (0.9, 0.9999), (0.0, 0.9999)):
        findings.append(
            differ(
                f"vae.end.{beta1:g}.{beta2:g}",
                "E9, C7" if beta2 > 0.99 else "E9",
                "that it ends worse without: train_loss of a variational autoencoder in the third epoch, beta1 "
                f"{beta1:g}, beta2 {beta2:g}, each at its best lr",
                ("without correction", best[beta1, beta2, False]),
                ("with it", best[beta1, beta2, True]),
                expected=+1,
                digits=2,
            )
        )
    return [table(["beta1", "beta2", "correction", *(f"lr {rate:g}" for rate in RATES), "best lr"], rows)], findings
