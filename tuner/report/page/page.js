'use strict';
// Puts the page together: which study and which trials are shown, and what follows of that.

class View {
  constructor(data) {
    this.data = data;
    this.ranking = data.ranking;
    this.expression = '';
    this.open(0);
  }
  open(index) {
    this.index = index;
    this.study = this.data.studies[index];
    this.rows = filteredRows(this.study, '');
    this.chosen = new Set();
    this.metricIndex = 0;
  }
  // The study by the metric that is chosen for the charts of parameters.
  get byMetric() {
    return this.study.by(this.metricIndex);
  }
  // Those of the figures that have something to say of this study.
  makers() {
    const { study, ranking, data } = this;
    const hasParameters = study.parameterNames.length > 0;
    const hasOptimizers = study.columns.get('optimizer of the trial').choices !== null;
    return [
      [study.lr_range.length > 0, lrRangeFigure],
      [study.front !== null, frontFigure],
      [true, historyFigure],
      [true, curveFigure],
      [study.paths !== null, pathFigure],
      [hasParameters, importanceFigure],
      [hasParameters, parallelFigure],
      [hasParameters, sliceFigure],
      [hasParameters, contourFigure],
      [study.study.repeats !== 1, replicateFigure],
      [study.pruning !== null, pruningFigure],
      [hasOptimizers, optimizerFigure],
      [ranking !== null, targetFigure],
      [ranking !== null, profileFigure],
      [data.studies.length > 1, studiesFigure],
      [true, timelineFigure],
      [true, durationFigure],
    ].filter(([isWanted]) => isWanted).map(([, make]) => make);
  }
  figureNames() {
    return this.makers().map((make) => make.name).join();
  }
}

class Page {
  constructor(view, notice) {
    this.view = view;
    this.notice = notice;
    view.setFilter = (expression) => this.setFilter(expression);
    view.chooseMetric = (index) => {
      view.metricIndex = index;
      for (const figure of this.figures.filter(({ node }) => kOfParameters.includes(node.id))) figure.refresh();
    };
    view.toggle = (number) => this.table.toggle(view.study.rowOf.get(number));
    this.where = document.getElementById('where');
    this.state = document.getElementById('where-state');
    let waiting = null;
    this.where.addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.filter(), 150);
    });
    document.getElementById('where-clear').addEventListener('click', () => this.setFilter(''));
    const choice = document.getElementById('study');
    choice.addEventListener('change', () => { this.view.open(Number(choice.value)); this.build(); });
    const colorsChoice = document.getElementById('theme');
    const repaint = () => { applyTheme(colorsChoice.value); this.refresh(); };
    colorsChoice.addEventListener('change', repaint);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
    addEventListener('beforeprint', () => { printing = true; this.table.paint(true); });
    addEventListener('afterprint', () => { printing = false; this.table.paint(true); });
    this.build();
  }
  writeHead() {
    const { study, data, index } = this.view;
    const { trials, completed, metric, goal, best_value: best, best_trial: trial, repeats, seed } = study.study;
    document.title = `${study.name} - tuner`;
    document.getElementById('title').textContent = study.name;
    document.getElementById('origin').textContent = `Study of tuner ${study.study.tuner_version}, created ${study.study.created_at}`;
    const select = document.getElementById('study');
    select.replaceChildren(...data.studies.map(({ name }, i) => element('option', { value: i, selected: i === index }, name)));
    document.getElementById('study-choice').hidden = data.studies.length < 2;
    const seconds = study.columns.get('seconds').asNumbers().reduce((sum, x) => sum + (Number.isFinite(x) ? x : 0), 0);
    const facts = [
      ['Best value', best === null ? 'none yet' : short(numberFrom(best)), trial === null ? '' : repeats !== 1 ? `mean of a configuration, trial ${trial} first` : `trial ${trial}`],
      ['Metric', metric, goal], ['Trials', trials.toLocaleString('en'), `${completed.toLocaleString('en')} completed`],
      ['Parameters', String(study.parameterNames.length), repeats > 1 ? `${repeats} replicates` : repeats === 0 ? 'replicates as proposed' : ''],
      ['Time of all trials', duration(seconds), ''], ['Seed', String(seed), ''],
    ];
    document.getElementById('facts').replaceChildren(...facts.map(([name, text, more]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, text, more ? element('small', {}, ` ${more}`) : null))));
  }
  // Everything anew, for another study or for new data.
  build() {
    for (const figure of this.figures ?? []) figure.dispose();
    const { view } = this;
    this.writeHead();
    this.table = new TrialTable(view.study, (chosen) => {
      view.chosen = chosen;
      for (const figure of this.followers) figure.refresh();
    });
    this.names = view.figureNames();
    this.figures = view.makers().map((make) => make(view));
    this.followers = this.figures.filter(({ node }) => ['curves', 'history', 'paths'].includes(node.id));
    document.getElementById('main').replaceChildren(this.table.node, ...this.figures.map(({ node }) => node));
    document.getElementById('foot').replaceChildren(...footOf(view.data, view.study, this.notice));
    const parts = [['trials', 'Trials'], ...this.figures.map(({ node, title }) => [node.id, title]), ['foot', 'Configuration']];
    document.getElementById('contents').replaceChildren(...parts.map(([id, title]) => element('a', { href: `#${id}` }, title)));
    this.filter();
    this.table.choose(this.table.bestRows(5));
  }
  setFilter(expression) {
    this.where.value = expression;
    this.filter();
  }
  filter() {
    const { view } = this;
    try {
      view.rows = filteredRows(view.study, this.where.value);
      view.expression = this.where.value;
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.where.setAttribute('aria-invalid', 'true');
      this.state.className = 'wrong';
      this.state.textContent = `The expression is wrong: ${error.message}. The trials are those of the last one that was right.`;
      return;
    }
    this.where.removeAttribute('aria-invalid');
    this.state.className = '';
    this.state.textContent = view.expression.trim() === '' ? `all ${plural(view.study.count, 'trial')}` : `${view.rows.length.toLocaleString('en')} of ${plural(view.study.count, 'trial')}`;
    this.refresh();
  }
  refresh() {
    this.table.show(this.view.rows);
    for (const figure of this.figures) figure.refresh();
  }
  // New data for the same studies: what was chosen stays, and so does the place that is looked at.
  renew(data) {
    const { view, table } = this;
    const { chosen, metricIndex } = view;
    view.data = data;
    view.ranking = data.ranking;
    view.open(Math.min(view.index, data.studies.length - 1));
    const kept = view.study.parameterNames.join() === table.study.parameterNames.join();
    if (!kept || view.figureNames() !== this.names) return this.build();
    this.writeHead();
    table.study = view.study;
    view.chosen = chosen;
    view.metricIndex = metricIndex;
    this.filter();
    document.getElementById('foot').replaceChildren(...footOf(view.data, view.study, this.notice));
  }
}

// Follows the server that the page came from.
class Follower {
  constructor(page) {
    this.page = page;
    this.version = null;
    this.state = element('p', { id: 'live', role: 'status' }, 'live');
    document.querySelector('.heading').append(this.state);
    const events = new EventSource(`events${location.search}`);
    events.addEventListener('changed', (event) => this.changed(event.data));
    events.addEventListener('open', () => this.say('live'));
    events.addEventListener('error', () => this.say('The server does not answer. What you see is the last that it said; the page asks again.'));
  }
  say(text) {
    this.state.textContent = text;
  }
  async changed(version) {
    // The first one is what the page was made of, or what came since.
    const isFirst = this.version === null;
    this.version = version;
    if (isFirst && version === '1') return;
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      let done = null;
      while (done !== this.version) {
        done = this.version;
        const answer = await fetch(`data${location.search}`, { cache: 'no-store' });
        if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
        this.page.renew(await readData(await answer.text()));
        this.say(`live, as of ${this.page.view.data.made_at}`);
      }
    } catch (error) {
      this.say(`The data could not be read: ${error.message}.`);
    } finally {
      this.isBusy = false;
    }
  }
}

async function start() {
  applyTheme('auto');
  const data = await readData(document.getElementById('data').textContent);
  document.getElementById('data').remove();
  const page = new Page(new View(data), document.getElementById('notice').textContent);
  if (document.body.dataset.mode === 'live') new Follower(page);
  document.body.dataset.state = 'ready';
  return page;
}

const page = start();
page.catch((error) => {
  document.getElementById('main').replaceChildren(element('p', { role: 'alert' },
    `The page cannot be shown: ${error.message}. It takes a browser of 2023 or later, and the whole file: make it again with tuner report.`));
  document.body.dataset.state = 'failed';
  throw error;
});
