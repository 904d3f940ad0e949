'use strict';
// A function of two weights, and the paths that optimizers took over it.

const kMostPaths = 12;

// Of each optimizer its best trial that is shown, from the best on.
function bestOfOptimizers(study, rows) {
  const column = study.columns.get('optimizer of the trial');
  const best = new Map();
  for (const row of study.ranked(rows)) {
    const name = column.text(row);
    if (!best.has(name) && study.pathOf.has(study.numbers[row])) best.set(name, study.numbers[row]);
  }
  return [...best.values()];
}

function pathFigure(view) {
  let which = 'best';
  const figure = new Figure({
    select: (number) => view.toggle(number),
    id: 'paths', title: 'Paths',
    help: 'The loss as a function of the two weights, and the weights of trials from their start, a circle, to their end, a diamond. Stars are minima that are known.',
    controls: [choice('Paths of', [['best', 'the best trial of each optimizer'], ['selected', 'the trials that are selected']], which,
      (to) => { which = to; figure.refresh(); })],
    draw: () => {
      const { study, chosen } = view;
      const wanted = which === 'best' ? bestOfOptimizers(study, view.rows) : [...chosen];
      const trials = wanted.filter((number) => study.pathOf.has(number));
      if (trials.length > 0) return pathOption(study, trials.slice(0, kMostPaths), trials.length);
      if (which === 'best') return { told: 'No completed trial that is shown has a path.' };
      return { told: chosen.size === 0 ? 'Select trials in the table: Space, or the box in front of a trial.' : 'The page has no path of a trial that is selected.' };
    },
  });
  return figure;
}

// Values as heights to draw: where they span decades, the logarithm of what they are above the least of them.
function heightsOf(values) {
  const finite = values.filter((x) => Number.isFinite(x)).sort((a, b) => a - b);
  if (finite.length === 0) return null;
  const [least, most] = [finite[0], finite[finite.length - 1]];
  const floor = quantile(finite, 0.005) - least;
  const isLog = floor > 0 && (quantile(finite, 0.95) - least) / floor > 100;
  const height = (x) => (isLog ? Math.log10(Math.max(x - least, floor)) : x);
  return { least, most, isLog, field: values.map((x) => height(Number.isFinite(x) ? x : most)), low: height(least), high: height(most) };
}

function surfaceSeries(surface, heights) {
  const kBands = 16;
  const [[left, right], [bottom, top]] = [surface.x, surface.y];
  const thresholds = Array.from({ length: kBands }, (_, i) => heights.low + ((heights.high - heights.low) * i) / kBands);
  // The first band is the ground: nothing of it is left open by rounding.
  thresholds[0] -= 1;
  return bandSeries(heights.field, surface.size, thresholds, scaleColor, (u, v) => [left + u * (right - left), bottom + v * (top - bottom)]);
}

// What is told of the function.
function wordsOfSurface(surface, heights) {
  if (!heights) return ` The function is not shown: ${surface.problem || 'it is finite nowhere here'}.`;
  return ` The function goes from ${short(heights.least)} to ${short(heights.most)} here, ` +
    (heights.isLog ? 'colors by the logarithm of what it is above its least value.' : 'colors by its value.');
}

function pathOption(study, trials, count) {
  const { surface } = study.paths;
  const heights = heightsOf(surface.values.map(numberFrom));
  const { text, ground } = colors();
  const optimizer = (number) => study.columns.get('optimizer of the trial').text(study.rowOf.get(number));
  const paths = trials.map((number) => ({ number, name: [optimizer(number), `trial ${number}`].filter(Boolean).join(', '), ...study.pathOf.get(number) }));
  const places = ({ number, steps, x, y }) => Array.from(steps, (step, k) => [x[k], y[k], step, number]);
  const outside = paths.flatMap(places).filter(([x, y]) => x < surface.x[0] || x > surface.x[1] || y < surface.y[0] || y > surface.y[1]).length;
  const styles = ['solid', 'dashed', 'dotted'];
  const look = (i) => ({ color: seriesColor(i), width: 2.2, type: styles[Math.floor(i / colors().series.length) % 3] });
  const lines = paths.flatMap((path, i) => [
    { name: `under ${path.name}`, type: 'line', data: places(path), showSymbol: false, silent: true, z: 2, lineStyle: { color: ground, width: 5, opacity: 0.75 } },
    { name: path.name, type: 'line', data: places(path), symbol: 'circle', symbolSize: 4, showSymbol: path.steps.length <= 60, z: 3, lineStyle: look(i), itemStyle: { color: seriesColor(i) }, emphasis: { focus: 'series' } },
  ]);
  const ends = (symbol, size, pick) => ({ type: 'scatter', symbol, symbolSize: size, z: 5,
    data: paths.map((path, i) => ({ value: pick(places(path)), itemStyle: { color: symbol === 'circle' ? ground : seriesColor(i), borderColor: symbol === 'circle' ? seriesColor(i) : ground, borderWidth: symbol === 'circle' ? 2.5 : 1.5 } })) });
  const stars = { type: 'scatter', data: surface.minima, symbol: kStar, symbolSize: 18, z: 4, silent: true, itemStyle: { color: '#ffffff', borderColor: '#000000', borderWidth: 1.5 } };
  const axisOf = ([min, max]) => ({ min, max, splitLine: { show: heights === null }, axisLabel: numberLabels({ showMinLabel: false, showMaxLabel: false }) });
  return {
    told: `${plural(paths.length, 'path')}${count > paths.length ? ` of ${count}` : ''}.${wordsOfSurface(surface, heights)}` +
      (outside > 0 ? ` ${plural(outside, 'place')} of the paths ${outside === 1 ? 'is' : 'are'} outside.` : ''),
    height: 520, trialOf: ({ value }) => value[3],
    option: {
      legend: legend({ type: 'scroll', left: 60, right: 24, data: paths.map(({ name }) => name), pageTextStyle: { color: text } }),
      tooltip: tooltip({ trigger: 'item', formatter: ({ value }) => `${paths.find(({ number }) => number === value[3])?.name}\nstep ${value[2]}\nweights.0: ${short(value[0])}\nweights.1: ${short(value[1])}` }),
      grid: grid(), xAxis: axis('weights.0', axisOf(surface.x)), yAxis: yAxis('weights.1', axisOf(surface.y)),
      series: [...(heights ? [surfaceSeries(surface, heights)] : []), ...lines, ends('circle', 9, (list) => list[0]), ends('diamond', 13, (list) => list[list.length - 1]), stars],
    },
    columns: ['trial', 'optimizer', 'step', 'weights.0', 'weights.1'],
    rows: () => paths.flatMap((path) => places(path).map(([x, y, step]) => [path.number, optimizer(path.number), step, x, y])),
  };
}
