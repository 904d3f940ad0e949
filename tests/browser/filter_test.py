"""The filter of the page and `tuner trials --where` agree on every expression of filter_cases.txt: on the trials that
match, or on what is wrong.

Usage: filter_test.py TUNER        exit code 77: there is no browser
"""
import json
import pathlib

from browser import Browser
from running import ODD, SEVERAL, Folder


def of_tuner(folder, expression, study="odd"):
    """Numbers of trials, or the message."""
    done = folder.tuner("trials", study, "--limit", "0", "--json", "--where", expression, may_fail=True)
    if done.returncode == 0:
        return [trial["trial"] for trial in json.loads(done.stdout)]
    first = done.stderr.splitlines()[0]
    assert first.startswith("error[usage.bad_option]: --where"), first
    return first


def of_page(page, expression):
    return page.value(f"""(() => {{
        try {{ return filteredRows(study, {json.dumps(expression)}).map((row) => study.numbers[row]); }}
        catch (error) {{ if (error instanceof FilterError) return error.message; throw error; }} }})()""")


def same_refusal(tuner, page):
    """tuner quotes the expression in front, and cuts what is long and escapes what is not ASCII."""
    return isinstance(tuner, str) and isinstance(page, str) and tuner.endswith(page)


def main():
    cases = (pathlib.Path(__file__).parent / "filter_cases.txt").read_text().splitlines()
    with Folder() as folder:
        folder.sweep(ODD)
        # What no program can report.
        for number, value in ((0, "nan"), (1, float("inf")), (2, float("-inf")), (3, None), (4, -0.0)):
            folder.sql("UPDATE trials SET value = ? WHERE number = ?", value, number)
        folder.sql("UPDATE trials SET outcome = 'failed', value = NULL, error = 'exit code 3' WHERE number IN (5, 6)")
        for table in ("ranks", "recent_ranks"):
            folder.sql(f"DELETE FROM {table} WHERE number IN (0, 1, 2, 3, 4, 5, 6)")
        folder.sql("UPDATE trials SET rank_key = NULL WHERE number < 7")
        folder.sql("UPDATE trials SET seed = -5 WHERE number = 7")
        for number, tag in ((8, "good"), (9, "good"), (9, "paper"), (10, "paper"), (11, "2026")):
            folder.tuner("tag", f"odd/{number}", tag)
        with Browser() as page:
            page.open(folder.report("odd"))
            page.value("page.then((made) => { globalThis.study = made.view.study; return 0; })")
            wrong, matched = [], 0
            for expression in cases:
                if expression.strip() == "":
                    continue  # of tuner a mistake, of the page all trials
                tuner, shown = of_tuner(folder, expression), of_page(page, expression)
                matched += isinstance(tuner, list) and 0 < len(tuner) < 150
                if tuner != shown and not same_refusal(tuner, shown):
                    wrong.append(f"{expression}\n  tuner: {tuner}\n  page:  {shown}")
            # Every trial's cells are what tuner prints.
            rows = json.loads(folder.tuner("trials", "odd", "--limit", "0", "--json"))
            for name in ("value", "seed", "started_at", "error"):
                texts = page.value(f"Array.from({{length: study.count}}, (_, row) => study.columns.get('{name}').value(row))")
                for row, text in zip(rows, texts):
                    if row[name] != text and not (name == "value" and isinstance(row[name], str)) and name != "seed":
                        wrong.append(f"{name} of {row['trial']}: {row[name]} and {text}")
            seeds = page.value("Array.from({length: study.count}, (_, row) => study.columns.get('seed').text(row))")
            if seeds != [str(row["seed"]) for row in rows]:
                wrong.append("the seeds differ")
            # The metrics of a study that has several.
            folder.sweep(SEVERAL)
            page.open(folder.report("two", file="two.html"))
            page.value("page.then((made) => { globalThis.study = made.view.study; return 0; })")
            for expression in ("a < 0.5", "b > 0.9 and c <= 0.5", "not (c >= 0.25)", "b ~ 0.9", "c == null", "d > 0"):
                tuner, shown = of_tuner(folder, expression, "two"), of_page(page, expression)
                if tuner != shown and not same_refusal(tuner, shown):
                    wrong.append(f"{expression}\n  tuner: {tuner}\n  page:  {shown}")
                assert expression in ("c == null", "d > 0") or 0 < len(tuner) < 40, (expression, tuner)
            assert not page.complaints, page.complaints
    assert matched > 60, matched
    assert not wrong, "\n".join(wrong)
    print(f"{len(cases)} expressions, {matched} of which match some trials")


main()
