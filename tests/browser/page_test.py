"""Pages of studies in a browser: they open without complaints, draw every chart, select, sort and filter, by mouse and by
keyboard, and take no text for markup.

Usage: page_test.py TUNER        exit code 77: there is no browser
"""
import json

from browser import Browser
from running import PATHS, PRUNED, RANGE, REPEATED, SEVERAL, SMALL, Folder

MARKUP = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"


def texts(page, selector):
    return page.value(f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => node.textContent)")


def rows(page):
    """The cells of the rows of the trials' table that are there."""
    return page.value("""[...document.querySelectorAll('#grid tbody tr:not(.space)')].map((row) =>
        [...row.cells].map((cell) => cell.textContent))""")


def write_filter(page, text):
    page.value("document.getElementById('where').focus()")
    page.value("document.getElementById('where').select()")
    page.call("Input.insertText", text=text) if text else page.click("#where-clear")


def draw_all(page):
    """Every chart comes to be seen; what each has drawn: pixels that are not empty, or the sentence in its place."""
    return page.value("""(async () => {
        const drawn = {};
        for (const figure of figures) {
            figure.node.scrollIntoView();
            for (let i = 0; i < 500 && (figure.isDirty || !figure.drawn); ++i) await new Promise((done) => setTimeout(done, 20));
            if (!figure.drawn) throw new Error(`${figure.node.id} was not drawn`);
            const canvas = figure.place.querySelector('canvas');
            if (!figure.drawn.option) { drawn[figure.node.id] = figure.told.textContent; continue; }
            figure.chart.getZr().flush();
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let count = 0;
            for (let i = 3; i < pixels.length; i += 4) count += pixels[i] > 0;
            drawn[figure.node.id] = count;
        }
        return drawn; })()""")


def check_foot(page):
    assert texts(page, "#foot pre")[0].startswith("\nstudy: small\nmethod: random")
    facts = dict(zip(texts(page, "#foot dt"), texts(page, "#foot dd")))
    assert facts["seed of the study"] == "1" and "processors, " in facts["machine of the trials"], facts
    plugins = page.value("[...document.querySelectorAll('#foot tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))")
    assert {"quadratic", "sgd", "adam", "rmsprop", "constant"} == {plugin[1] for plugin in plugins}
    assert all(len(plugin[3]) == 64 for plugin in plugins), plugins
    assert "Apache License" in texts(page, "#foot pre")[-1]


def check_table(page):
    assert page.value("document.querySelector('#grid table').getAttribute('aria-rowcount')") == "121"
    numbers = [row[1] for row in rows(page)]
    assert numbers[:4] == ["0", "1", "2", "3"] and len(numbers) < 60, "the rows are virtual"
    heading = "#grid thead th:nth-child(4) button"
    assert texts(page, heading) == ["value"]
    page.click(heading)
    ascending = [float(row[3]) for row in rows(page)]
    assert ascending == sorted(ascending)
    assert page.value("document.querySelector('#grid th:nth-child(4)').getAttribute('aria-sort')") == "ascending"
    page.click(heading)
    # What has no value is last, whatever the direction.
    descending = [float(row[3]) for row in rows(page)]
    assert descending == sorted(descending, reverse=True)
    page.value("(() => { const grid = document.getElementById('grid'); grid.scrollTop = grid.scrollHeight; })()")
    page.wait("document.querySelector('#grid tbody tr:nth-last-child(2)').getAttribute('aria-rowindex') === '121'")
    page.click("#grid thead th:nth-child(2) button")
    page.click("#columns summary")
    before = len(texts(page, "#grid thead th"))
    page.click("#columns label:last-child input")
    assert len(texts(page, "#grid thead th")) == before - 1
    page.click("#columns label:last-child input")
    page.click("#columns summary")


def check_keyboard(page):
    page.value("document.getElementById('trial-rows').focus({preventScroll: true})")
    current = "document.querySelector('#grid tr.current').id"
    page.key("Home")
    for _ in range(3):
        page.key("ArrowDown")
    assert page.value(current) == "trial-3"
    assert page.value("document.getElementById('trial-rows').getAttribute('aria-activedescendant')") == "trial-3"
    page.key("ArrowUp")
    page.key("PageDown")
    assert int(page.value(current).split("-")[1]) > 8
    page.key("End")
    assert page.value(current) == "trial-119"
    page.key("Home")
    page.key("ArrowDown")
    chosen = page.value("document.querySelectorAll('#grid input:checked').length")
    was = page.value("document.getElementById('trial-1').getAttribute('aria-selected')")
    page.key(" ", " ")
    assert page.value("document.getElementById('trial-1').getAttribute('aria-selected')") != was
    assert page.value("document.querySelectorAll('#grid input:checked').length") != chosen
    page.key("Enter")
    assert texts(page, "#trial-detail h3") == ["Trial 1"]
    # Everything that does something can be reached, and nothing takes the focus for good.
    page.value("document.body.focus(); document.activeElement.blur()")
    seen = set()
    for _ in range(80):
        page.key("Tab")
        seen.add(page.value("document.activeElement.id || document.activeElement.textContent.slice(0, 30)"))
    for name in ("where", "where-clear", "trial-rows", "theme", "Skip to the trials", "Select none", "Table"):
        assert name in seen, (name, seen)


def check_filter(page, folder):
    write_filter(page, "optimizer == sgd and lr > 0.001")
    page.wait("document.getElementById('where-state').textContent.includes(' of 120 trials')")
    expected = json.loads(folder.tuner("trials", "small", "--json", "--where", "optimizer == sgd and lr > 0.001"))
    assert page.value("document.getElementById('where-state').textContent") == f"{len(expected)} of 120 trials"
    assert {row[1] for row in rows(page)} <= {str(trial["trial"]) for trial in expected}
    write_filter(page, "lr >")
    page.wait("document.getElementById('where').getAttribute('aria-invalid') === 'true'")
    assert "at character 5: expected a value, found the end" in page.value("document.getElementById('where-state').textContent")
    write_filter(page, "")
    page.wait("document.getElementById('where-state').textContent === 'all 120 trials'")


def check_curves(page):
    page.value("document.getElementById('curves').scrollIntoView()")
    told = "document.getElementById('curves-told').textContent"
    [none] = [i for i, text in enumerate(texts(page, "#trials button")) if text == "Select none"]
    page.value(f"document.querySelectorAll('#trials button')[{none}].click()")
    page.wait(f"{told}.startsWith('Select trials')")
    page.value("document.querySelector('#trial-0 input, #grid tbody input').click()")
    page.wait(f"{told}.startsWith('loss of 1 trial.')")
    page.value("""(() => { const select = document.querySelector('#curves select'); select.value = 'lr';
        select.dispatchEvent(new Event('change')); })()""")
    page.wait(f"{told}.startsWith('lr of 1 trial.')")
    page.value("document.querySelector('#curves details').open = true")
    page.wait("document.querySelectorAll('#curves tbody tr').length > 5")
    assert texts(page, "#curves thead th") == ["trial", "step", "lr"]


def check_click(page):
    """A click on a trial in a chart selects it."""
    page.value("document.getElementById('history').scrollIntoView()")
    page.wait("document.querySelector('#history canvas') !== null")
    page.value("page.then((made) => made.table.choose([]))")
    x, y = page.value("""page.then((made) => {
        const { study } = made.view;
        const row = study.ranked(made.view.rows)[20];
        const { chart, place } = made.figures.find(({ node }) => node.id === 'history');
        const box = place.getBoundingClientRect();
        const [x, y] = chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [study.numbers[row], study.values[row]]);
        return [box.x + x, box.y + y]; })""")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.wait("document.querySelector('#trials .controls span').textContent.endsWith('1 selected')")


def check_brush(page):
    page.value("document.getElementById('parallel').scrollIntoView()")
    page.wait("document.querySelector('#parallel canvas') !== null")
    box = page.value("(() => { const box = document.querySelector('#parallel canvas').getBoundingClientRect(); return [box.right, box.top]; })()")
    x, top = box[0] - 76, box[1]  # the last axis, of the value
    for kind, y in (("mousePressed", 100), ("mouseMoved", 180), ("mouseMoved", 260), ("mouseReleased", 260)):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=top + y, button="left", buttons=1, clickCount=1)
    page.wait("!document.querySelector('#parallel button').disabled")
    page.click("#parallel button")
    page.wait("document.getElementById('where').value.startsWith('value >= ')")
    count = page.value("document.getElementById('where-state').textContent")
    assert 0 < int(count.split()[0]) < 120, count
    write_filter(page, "")


def check_small(folder, page):
    folder.sweep(SMALL)
    folder.sql("UPDATE trials SET outcome = 'failed', value = NULL, rank_key = NULL, error = ? WHERE number = 4", MARKUP)
    for table in ("ranks", "recent_ranks"):
        folder.sql(f"DELETE FROM {table} WHERE number = 4")
    page.open(folder.report("small"))
    assert page.value("document.getElementById('title').textContent") == "small"
    check_foot(page)
    drawn = draw_all(page)
    names = {"history", "curves", "importance", "parallel", "slices", "contour", "optimizers", "target", "profiles", "timeline",
             "durations"}
    assert set(drawn) == names, drawn
    empty = {name: what for name, what in drawn.items() if isinstance(what, str) or what < 1000}
    assert not empty, empty
    for check in (check_table, check_keyboard):
        check(page)
    check_filter(page, folder)
    check_curves(page)
    check_brush(page)
    check_click(page)
    assert not page.complaints, page.complaints


def check_tables_and_words(page):
    """Behind every chart is a table, and a description for who does not see it."""
    lacking = page.value("""(() => { const lacking = [];
        for (const figure of figures.filter((it) => it.drawn.option)) {
            figure.details.open = true;
            figure.fillTable();
            if (figure.node.querySelectorAll('tbody tr').length === 0) lacking.push(`${figure.node.id}: rows`);
            if (!figure.place.getAttribute('aria-label')?.includes(figure.title)) lacking.push(`${figure.node.id}: label`);
            if (figure.place.getAttribute('role') !== 'img') lacking.push(`${figure.node.id}: role`);
        }
        return lacking; })()""")
    assert not lacking, lacking


def check_colors_and_print(page):
    background = "getComputedStyle(document.body).backgroundColor"
    page.scheme("light")
    assert page.value(background) == "rgb(255, 255, 255)"
    page.scheme("dark")
    page.wait(f"{background} !== 'rgb(255, 255, 255)'")
    page.value("(() => { const select = document.getElementById('theme'); select.value = 'light'; select.dispatchEvent(new Event('change')); })()")
    page.wait(f"{background} === 'rgb(255, 255, 255)'")
    page.value("(() => { const select = document.getElementById('theme'); select.value = 'auto'; select.dispatchEvent(new Event('change')); })()")
    assert len(page.call("Page.printToPDF", printBackground=True)["data"]) > 100_000
    assert page.value("document.documentElement.dataset.theme") == "dark"
    page.scheme("light")


def check_several(folder, page):
    folder.sweep(REPEATED)
    folder.sweep(PRUNED)
    folder.sweep(SEVERAL)
    folder.tuner("lr-range", "--config", str(folder.path / "range.yaml"), "--quiet")
    page.open(folder.report("repeated", "pruned", "range", "two", file="several.html"))
    assert texts(page, "#study option") == ["repeated", "pruned", "range", "two"]
    for index, (name, figure) in enumerate((("repeated", "replicates"), ("pruned", "pruning"), ("range", "lr-range"), ("two", "front"))):
        page.value(f"(() => {{ const select = document.getElementById('study'); select.value = '{index}'; select.dispatchEvent(new Event('change')); }})()")
        assert page.value("document.getElementById('title').textContent") == name
        drawn = draw_all(page)
        for drawing in (figure, "studies"):
            assert not isinstance(drawn[drawing], str) and drawn[drawing] > 1000, (name, drawn)
        check_tables_and_words(page)
    check_front(folder, page)
    check_metric_columns(folder, page)
    check_metrics(page)
    check_colors_and_print(page)
    assert not page.complaints, page.complaints


def check_metric_columns(folder, page):
    """Of a study with several metrics each is a column of the table, with what the terminal has."""
    listed = folder.tuner("trials", "two", "--limit", "0", "--columns", "trial,value,b,c", "--sort", "-b", "--format", "csv").splitlines()
    assert texts(page, "#grid th button")[:5] == ["trial ▴", "outcome", "value", "b", "c"]
    page.value("[...document.querySelectorAll('#grid th button')].find((button) => button.title === 'b').click()")
    page.value("[...document.querySelectorAll('#grid th button')].find((button) => button.title === 'b').click()")
    shown = texts(page, "#grid tbody tr[aria-rowindex='2'] td")
    best = [float(cell) for cell in listed[1].split(",")]
    assert [float(shown[i]) for i in (1, 3, 4, 5)] == [float(f"{number:.6g}") for number in best], (shown, best)


def check_front(folder, page):
    """The page's front is that of `tuner best`."""
    front = folder.tuner("best", "two", "--limit", "0", "--format", "csv").splitlines()[1:]
    assert texts(page, "#front .told") == [f"{len(front)} configurations of 40 are on the front."]
    shown = page.value("figures.find(({ node }) => node.id === 'front').drawn.rows.map((row) => row[0])")
    assert shown == [int(line.split(",")[0]) for line in front]
    page.value("(() => { document.getElementById('front').scrollIntoView(); const select = document.querySelector('#front select'); select.value = '2'; select.dispatchEvent(new Event('change')); })()")
    page.wait("figures.find(({ node }) => node.id === 'front').drawn.option.xAxis.name === 'c'")


def see_all(page):
    """Every chart is drawn anew."""
    page.value("""(async () => { for (const figure of figures) {
        figure.node.scrollIntoView();
        for (let i = 0; i < 500 && figure.isDirty; ++i) await new Promise((done) => setTimeout(done, 20));
    } })()""")


def check_metrics(page):
    """Each metric can be chosen for the charts of parameters, and the choice holds in all of them."""
    figure = "figures.find(({{ node }}) => node.id === '{}')"
    choose = "(() => {{ document.getElementById('{0}').scrollIntoView(); const select = [...document.querySelectorAll('#{0} select')].find((it) => it.textContent === 'abc'); select.value = '{1}'; select.dispatchEvent(new Event('change')); }})()"
    importance = "Object.fromEntries(figures.find(({ node }) => node.id === 'importance').drawn.rows)"
    see_all(page)
    first = page.value(importance)
    assert first["x"] > 0.9, first  # a is x
    page.value(choose.format("importance", 2))
    see_all(page)
    assert page.value(importance)["y"] > 0.9  # c is y
    assert texts(page, "#importance .told")[0].startswith("y explains the most of c, ")
    for name in ("parallel", "slices", "contour"):
        assert page.value(f"[...document.querySelectorAll('#{name} select')].find((it) => it.textContent === 'abc').value") == "2", name
    assert page.value(figure.format("slices") + ".drawn.columns.at(-1)") == "c"
    # The best ones of b are those of the greatest values.
    page.value(choose.format("parallel", 1))
    see_all(page)
    values = page.value(figure.format("parallel") + ".drawn.rows().map((row) => row.at(-1))")
    assert len(values) == 40 and values == sorted(values, reverse=True), values
    assert page.value(figure.format("contour") + ".drawn.rows().map((row) => row.at(-1))")[0] == values[0]


def check_paths(folder, page):
    """The paths of optimizers over their function: those of the best trials at first, from their starts to their ends."""
    folder.sweep(PATHS)
    page.open(folder.report("paths", file="paths.html"))
    drawn = draw_all(page)
    assert drawn["paths"] > 100_000, drawn
    check_tables_and_words(page)
    figure = "figures.find(({ node }) => node.id === 'paths')"
    series = page.value(f"{figure}.drawn.option.series.map(({{ type, name, data }}) => [type, name ?? '', data.length])")
    assert series[0][0] == "custom" and series[0][2] > 8, series
    lines = [name for kind, name, _ in series if kind == "line" and not name.startswith("under ")]
    best = [json.loads(folder.tuner("trials", "paths", "--json", "--where", f"optimizer == {name}", "--sort", "value", "--limit", "1"))[0]
            for name in ("sgd", "adam", "rmsprop")]
    best.sort(key=lambda trial: trial["value"])
    assert lines == [f"{trial['parameters']['optimizer']}, trial {trial['trial']}" for trial in best], lines
    told = texts(page, "#paths-told")[0]
    assert told.startswith("3 paths. The function goes from ") and "colors by the logarithm" in told, told
    stars = page.value(f"{figure}.drawn.option.series.at(-1).data")
    assert stars == [[1, 1]], stars
    # The points are those of `tuner curve`.
    rows = page.value(f"{figure}.drawn.rows()")
    number = best[0]["trial"]
    for column, name in ((3, "weights.0"), (4, "weights.1")):
        points = folder.tuner("curve", f"paths/{number}", name, "--format", "csv").splitlines()[1:]
        assert [[row[2], row[column]] for row in rows if row[0] == number] == [[int(step), float(value)] for step, value in
            (point.split(",") for point in points)], name
    # Those that are selected.
    page.value("document.getElementById('paths').scrollIntoView()")
    page.value("page.then((made) => made.table.choose([]))")
    page.value("(() => { const select = document.querySelector('#paths select'); select.value = 'selected'; select.dispatchEvent(new Event('change')); })()")
    page.wait("document.getElementById('paths-told').textContent.startsWith('Select trials')")
    page.value("page.then((made) => made.table.toggle(1))")
    page.wait("document.getElementById('paths-told').textContent.startsWith('1 path.')")
    assert not page.complaints, page.complaints
    check_paths_alone(folder, page)


def check_paths_alone(folder, page):
    """Where the build of the objective is not that of the trials, the paths stand alone, and the section says why."""
    folder.sql("UPDATE plugins SET sha256 = ?, path = ? WHERE id = 'rosenbrock'", "0" * 64, "/nowhere/rosenbrock.so")
    page.open(folder.report("paths", file="paths.html"))
    assert draw_all(page)["paths"] > 1000
    assert texts(page, "#paths-told")[0].startswith("3 paths. The function is not shown: the plugin of objective 'rosenbrock', "
                                                     "/nowhere/rosenbrock.so, is not there.")
    folder.sweep(PATHS.replace("study: paths", "study: searched").replace("objective: rosenbrock", "objective: {plugin: beale, dtype: {values: [f32, f64]}}"))
    page.open(folder.report("searched", file="searched.html"))
    assert draw_all(page)["paths"] > 1000
    assert "The function is not shown: the objective differs between the trials." in texts(page, "#paths-told")[0]
    assert not page.complaints, page.complaints


def check_empty(folder, page):
    """A study that has begun, and one whose trials all failed."""
    folder.sweep(SMALL.replace("study: small", "study: empty"))
    folder.sql("UPDATE trials SET outcome = 'failed', value = NULL, rank_key = NULL WHERE study_id = (SELECT id FROM studies WHERE name = 'empty')")
    for table in ("ranks", "recent_ranks"):
        folder.sql(f"DELETE FROM {table} WHERE study_id = (SELECT id FROM studies WHERE name = 'empty')")
    page.open(folder.report("empty", file="failed.html"))
    drawn = draw_all(page)
    assert isinstance(drawn["history"], str) and drawn["timeline"] > 1000, drawn
    folder.sql("DELETE FROM trials WHERE study_id = (SELECT id FROM studies WHERE name = 'empty')")
    page.open(folder.report("empty", file="empty.html"))
    assert all(isinstance(what, str) for what in draw_all(page).values())
    assert rows(page) == [] and page.value("document.getElementById('where-state').textContent") == "all 0 trials"
    page.value("document.getElementById('trial-rows').focus()")
    page.key("ArrowDown")
    page.key("Enter")
    assert not page.complaints, page.complaints


def check_markup(folder, page):
    for column, table in (("name", "studies"), ("config", "studies"), ("metric", "studies")):
        folder.sql(f"UPDATE {table} SET {column} = ? WHERE name = 'small' OR name = ?", MARKUP, MARKUP)
    folder.sql("UPDATE metrics SET name = ? WHERE name = 'loss' AND study_id = (SELECT id FROM studies WHERE name = ?)", MARKUP, MARKUP)
    import hashlib
    folder.sql("UPDATE studies SET config_sha256 = ? WHERE name = ?", hashlib.sha256(MARKUP.encode()).hexdigest(), MARKUP)
    for table in ("trials", "trial_parameters"):
        column = "parameters" if table == "trials" else "name"
        folder.sql(f"UPDATE {table} SET {column} = replace({column}, 'beta1', ?)", MARKUP.replace('"', "'"))
    page.open(folder.report(MARKUP, file="markup.html"))
    draw_all(page)
    check_tables_and_words(page)
    assert page.value("document.getElementById('title').textContent") == MARKUP
    assert page.value("document.title") == f"{MARKUP} - tuner"
    assert page.value("document.querySelectorAll('img').length") == 0
    assert page.value("document.querySelectorAll('script').length") == 3, "the notice, the charts and the page's own"
    page.value("page.then((made) => made.table.showTrial(4))")
    assert MARKUP in texts(page, "#trial-detail dd")
    assert page.value("document.querySelectorAll('img').length") == 0
    assert not page.complaints, page.complaints


def main():
    with Folder() as folder, Browser() as page:
        (folder.path / "range.yaml").write_text(RANGE)
        check_small(folder, page)
        check_several(folder, page)
        check_paths(folder, page)
        check_empty(folder, page)
        check_markup(folder, page)


main()
