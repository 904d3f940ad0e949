'use strict';
// What is computed of a study as a whole: LR range tests, replicates, what a pruner decided.

const kSuggestions = ['largest_stable', 'steepest', 'best_short_run', 'recommended'];

function lrRangeFigure(view) {
  let branch = 0;
  const place = element('span', { class: 'controls' });
  const figure = new Figure({
    id: 'lr-range', title: 'LR range test',
    help: 'The loss over the lr: of the ramps smoothed, of the LR grid as the runs ended. The lines that stand upright are what the test suggests, with their intervals.',
    controls: [place],
    draw: () => {
      const branches = view.study.lr_range;
      place.replaceChildren();
      if (branches.length === 0) return { told: 'The study is no LR range test.' };
      if (branch >= branches.length) branch = 0;
      if (branches.length > 1)
        place.replaceChildren(choice('Branch', branches.map(({ label }, i) => [String(i), label]), String(branch), (to) => { branch = Number(to); figure.refresh(); }));
      return lrRangeOption(view.study, branches[branch]);
    },
  });
  return figure;
}

function lrRangeOption(study, { label, ramps, grid: runs, suggestions }) {
  const usable = ([x, y]) => x > 0 && typeof y === 'number' && Number.isFinite(y);
  const first = ramps.map(({ loss }) => Math.abs(Number(loss[0]))).filter(Number.isFinite);
  // The end of a divergence must not press the rest into a line.
  const most = first.length > 0 ? 2 * Math.max(...first) : Infinity;
  const lines = ramps.map(({ name, lr, loss }, i) => ({
    name: `ramp, ${name}`, type: 'line', showSymbol: false, lineStyle: { color: seriesColor(0), width: 1.5, type: ['solid', 'dashed', 'dotted'][i % 3] }, itemStyle: { color: seriesColor(0) },
    data: lr.map((x, k) => [x, loss[k]]).filter((at) => usable(at) && at[1] <= most),
  }));
  const points = { name: 'LR grid', type: 'scatter', symbol: 'diamond', symbolSize: 8, itemStyle: { color: seriesColor(5) },
    data: runs.flatMap(({ lr, losses }) => losses.map((loss) => [lr, loss])).filter((at) => usable(at) && at[1] <= most) };
  const marks = suggestions.filter(({ name, value }) => kSuggestions.includes(name) && typeof value === 'number');
  const upright = marks.map(({ name, value, low, high }, i) => {
    const color = seriesColor(1 + i);
    return {
      name, type: 'line', data: [], itemStyle: { color }, lineStyle: { color },
      markLine: { symbol: 'none', animation: false, precision: 20, lineStyle: { color, width: 2, type: 'solid' }, label: { formatter: name, color: colors().text, fontSize: 11, position: 'end', distance: [0, 4 + 14 * i] }, data: [{ xAxis: value }] },
      markArea: typeof low === 'number' && typeof high === 'number' && high > low
        ? { silent: true, itemStyle: { color, opacity: 0.09 }, data: [[{ xAxis: low }, { xAxis: high }]] } : undefined,
    };
  });
  const recommended = marks.find(({ name }) => name === 'recommended');
  const all = [...lines, points].flatMap(({ data }) => data.map(([, y]) => y));
  return {
    told: `${label}: ${recommended ? `recommended is ${short(recommended.value)}` : 'nothing is recommended'}${recommended && typeof recommended.low === 'number' ? `, from ${short(recommended.low)} to ${short(recommended.high)}` : ''}.`,
    height: 440,
    option: {
      legend: legend({ top: 0 }), tooltip: tooltip({ trigger: 'item', formatter: (at) => (Array.isArray(at.value) ? `${at.seriesName}\nlr ${short(at.value[0])}: ${short(at.value[1])}` : at.seriesName) }),
      grid: grid({ top: 40 + 14 * marks.length }), xAxis: axis('lr', { type: 'log', axisLabel: numberLabels() }),
      yAxis: yAxis('loss', { type: logAxis(all) ? 'log' : 'value', axisLabel: numberLabels() }),
      series: [...lines, ...(points.data.length > 0 ? [points] : []), ...upright],
    },
    columns: ['suggestion', 'value', 'low', 'high', 'how', 'note'],
    rows: suggestions.map(({ name, value, low, high, rule, note }) => [name, value, low, high, rule, note]),
  };
}

function replicateFigure(view) {
  return new Figure({
    id: 'replicates', title: 'Replicates',
    help: 'The best configurations by the mean of their trials, with a 95 % interval of the mean; the dots are the trials. Below ten trials the interval is Student\'s t, from ten on a bootstrap-t.',
    draw: () => {
      const { study } = view;
      const list = study.replicates.filter(({ mean }) => mean !== null).slice(0, 40);
      if (list.length === 0) return { told: study.study.repeats !== 1 ? 'No configuration has a value yet.' : 'The study has one trial of each configuration: `repeats` makes several.' };
      const names = list.map(({ configuration }) => String(configuration));
      const bar = (params, api) => {
        const [x, low] = api.coord([api.value(0), api.value(1)]);
        const [, high] = api.coord([api.value(0), api.value(2)]);
        const [, mean] = api.coord([api.value(0), api.value(3)]);
        const style = { stroke: seriesColor(1), lineWidth: 2, fill: null };
        const line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
        return { type: 'group', children: [line(x, low, x, high), line(x - 5, low, x + 5, low), line(x - 5, high, x + 5, high), line(x - 8, mean, x + 8, mean)] };
      };
      const methods = [...new Set(list.map(({ method }) => method).filter(Boolean))];
      return {
        told: `Configuration ${names[0]} is the best: mean ${short(list[0].mean)}${list[0].low === null ? '' : `, ${short(list[0].low)} to ${short(list[0].high)}`} (n = ${list[0].values.length}${methods.length > 0 ? `, ${methods.join(' and ')}` : ''}).`,
        option: {
          legend: legend({ data: ['mean with its interval', 'trial'] }), tooltip: tooltip({ formatter: ({ seriesName, value }) => `configuration ${names[value[0]]}\n${seriesName}: ${short(value[3] ?? value[1])}` }),
          grid: grid(), xAxis: axis('configuration, from the best on', { type: 'category', data: names }), yAxis: yAxis(study.metric, { axisLabel: numberLabels() }),
          series: [
            { name: 'trial', type: 'scatter', symbolSize: 6, itemStyle: { color: seriesColor(0), opacity: 0.6 }, data: list.flatMap(({ values }, i) => values.map((value) => [i, value])) },
            { name: 'mean with its interval', type: 'custom', itemStyle: { color: seriesColor(1) }, renderItem: bar, encode: { x: 0, y: [1, 2, 3] }, z: 5,
              data: list.map(({ mean, low, high }, i) => [i, low ?? mean, high ?? mean, mean]) },
          ],
        },
        columns: ['configuration', 'n', 'mean', 'low', 'high', 'interval'],
        rows: list.map(({ configuration, values, mean, low, high, method }) => [configuration, values.length, mean, low, high, method]),
      };
    },
  });
}

// What a pruner may do, with the number of it in the reports, and the look of it.
const kDecisions = [
  { name: 'went on', key: 'continued', code: 0, series: 0, symbol: 'circle', opacity: 0.5 },
  { name: 'went on after a pause', key: 'resumed', code: null, series: 2, symbol: 'circle', opacity: 1 },
  { name: 'paused', key: 'paused', code: 2, series: 4, symbol: 'rect', opacity: 0.8 },
  { name: 'stopped', key: 'stopped', code: 1, series: 1, symbol: 'triangle', opacity: 0.9 },
];

function pruningFigure(view) {
  return new Figure({
    id: 'pruning', title: 'Rungs and prunings',
    help: 'Where the pruner was asked: what the trials had reported there, and what became of them.',
    draw: () => {
      const { steps } = view.study.pruning;
      const sum = (key) => steps.reduce((all, rung) => all + rung[key], 0);
      const seen = kDecisions.filter(({ key }) => sum(key) > 0);
      return {
        told: `The pruner was asked at ${plural(steps.length, 'step')}: ${plural(sum('stopped'), 'trial')} stopped${sum('resumed') + sum('paused') > 0 ? `, ${sum('resumed')} went on after a pause, ${sum('paused')} still paused` : ''}.`,
        height: 520, option: pruningOption(view.study, seen),
        columns: ['step', ...seen.map(({ name }) => name)], rows: steps.map((rung) => [rung.step, ...seen.map(({ key }) => rung[key])]),
      };
    },
  });
}

function pruningOption(study, seen) {
  const { steps } = study.pruning;
  const { trials, steps: at, values, decisions } = study.reports;
  const points = (code) => Array.from(trials, (_, i) => [String(at[i]), values[i], trials[i]]).filter(([, y], i) => decisions[i] === code && Number.isFinite(y));
  const names = steps.map(({ step }) => String(step));
  const range = valueScale(study, Array.from(values));
  return {
    legend: legend(),
    tooltip: tooltip({ trigger: 'item', formatter: (it) => (Array.isArray(it.value) ? `trial ${it.value[2]}, step ${it.value[0]}\n${it.seriesName}: ${short(it.value[1])}` : `step ${it.name}\n${it.seriesName}: ${it.value}`) }),
    grid: [grid({ height: 230 }), grid({ top: 318, height: 142, bottom: undefined })],
    xAxis: [axis('', { type: 'category', data: names, gridIndex: 0, axisLabel: { show: false } }), axis('step', { type: 'category', data: names, gridIndex: 1 })],
    yAxis: [yAxis(`${study.metric} that was reported`, { gridIndex: 0, ...range.axis }), yAxis('trials', { gridIndex: 1, scale: false, minInterval: 1 })],
    series: [
      ...seen.filter(({ code }) => code !== null).map(({ name, code, series, symbol, opacity }) => ({
        name, type: 'scatter', xAxisIndex: 0, yAxisIndex: 0, symbol, symbolSize: 6, itemStyle: { color: seriesColor(series), opacity }, data: points(code) })),
      ...seen.map(({ name, key, series }) => ({
        name, type: 'bar', xAxisIndex: 1, yAxisIndex: 1, stack: 'all', barMaxWidth: 40, itemStyle: { color: seriesColor(series) }, data: steps.map((rung) => rung[key]) })),
    ],
  };
}
