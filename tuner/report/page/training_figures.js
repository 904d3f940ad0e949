'use strict';
// What happened inside of trials: learning curves, optimizers against each other, LR range tests.

// The metrics that any trial with curves has, the study's own first, then losses, then lr.
function metricsOf(study) {
  const names = new Set();
  for (const metrics of study.curvesOf.values()) for (const name of metrics.keys()) names.add(name);
  const rank = (name) => (name === study.metric ? 0 : name.includes('loss') ? 1 : name === 'lr' || name.endsWith('.lr') ? 3 : 2);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function curveFigure(view) {
  let metric = null;
  let isLog = null;  // null: as the values are
  const place = element('span', { class: 'controls' });
  const figure = new Figure({
    id: 'curves', title: 'Learning curves',
    help: 'A metric over the steps, of the trials that are selected in the table; of the best 100 trials and of 100 drawn at random the page has the curves.',
    controls: [place],
    draw: () => {
      const { study, chosen } = view;
      const metrics = metricsOf(study);
      place.replaceChildren();
      if (metrics.length === 0) return { told: 'No trial has measured a metric.' };
      if (!metrics.includes(metric)) metric = metrics[0];
      const trials = [...chosen].filter((number) => study.curvesOf.get(number)?.has(metric));
      const absent = [...chosen].filter((number) => !study.curvesOf.has(number));
      const values = trials.flatMap((number) => Array.from(study.curvesOf.get(number).get(metric).values));
      const log = isLog ?? logAxis(values);
      place.replaceChildren(choice('Metric', metrics.map((name) => [name, name]), metric, (to) => { metric = to; isLog = null; figure.refresh(); }),
        check('logarithmic', log, (to) => { isLog = to; figure.refresh(); }));
      const lacks = absent.length > 0 ? ` The page has no curves of ${absent.slice(0, 8).map((n) => `trial ${n}`).join(', ')}${absent.length > 8 ? ', ...' : ''}: tuner curve shows them.` : '';
      if (trials.length === 0) return { told: (chosen.size === 0 ? 'Select trials in the table: Space, or the box in front of a trial.' : `No trial that is selected has ${metric}.`) + lacks };
      return curvesOption(study, metric, trials, log, lacks);
    },
  });
  return figure;
}

function curvesOption(study, metric, trials, isLog, lacks) {
  const shown = trials.slice(0, 40);
  const kStyles = ['solid', 'dashed', 'dotted'];
  const usable = (y) => Number.isFinite(y) && (!isLog || y > 0);
  const many = shown.length > 12;
  const series = shown.map((number, i) => {
    const { steps, values } = study.curvesOf.get(number).get(metric);
    return {
      name: `trial ${number}`, type: 'line', showSymbol: steps.length < 2, symbolSize: 5, connectNulls: false,
      lineStyle: { color: seriesColor(i), width: many ? 1.2 : 2, type: kStyles[Math.floor(i / colors().series.length) % 3] },
      itemStyle: { color: seriesColor(i) }, emphasis: { focus: 'series' },
      data: Array.from(steps, (step, k) => [step, usable(values[k]) ? values[k] : null]),
    };
  });
  const thinned = shown.some((number) => { const curve = study.curvesOf.get(number).get(metric); return curve.measured > curve.steps.length; });
  return {
    told: `${metric} of ${plural(shown.length, 'trial')}${trials.length > shown.length ? ` of ${trials.length} that are selected` : ''}.` +
      (thinned ? ' Long curves are thinned, and keep their extremes.' : '') + lacks,
    height: 400,
    option: {
      legend: legend({ type: 'scroll', left: 60, right: 24, pageTextStyle: { color: colors().muted } }),
      tooltip: tooltip({ trigger: 'item', formatter: ({ seriesName, value }) => `${seriesName}\nstep ${value[0]}: ${short(value[1])}` }),
      grid: grid(), xAxis: axis('step', { min: 0, scale: false }), yAxis: yAxis(metric, { type: isLog ? 'log' : 'value', axisLabel: numberLabels() }), series,
    },
    columns: ['trial', 'step', metric],
    rows: () => shown.flatMap((number) => { const { steps, values } = study.curvesOf.get(number).get(metric); return Array.from(steps, (step, k) => [number, step, values[k]]); }),
  };
}

function optimizerFigure(view) {
  return new Figure({
    id: 'optimizers', title: 'Optimizers',
    help: 'The values of the completed trials of each optimizer: the middle half as a box with the median, lines to the last values within 1.5 times its height, and every trial beyond as a dot.',
    draw: () => {
      const { study, rows } = view;
      const column = study.columns.get('optimizer of the trial');
      const groups = new Map();
      for (const row of rows) if (study.isRanked(row) && column.isThere(row)) {
        const name = column.text(row);
        if (!groups.has(name)) groups.set(name, []);
        groups.get(name).push(study.values[row]);
      }
      if (groups.size === 0) return { told: 'No completed trial that is shown has an optimizer.' };
      const sign = study.study.goal === 'minimize' ? 1 : -1;
      const list = [...groups].map(([name, values]) => ({ name, values: values.sort((a, b) => a - b) }));
      list.sort((a, b) => sign * (quantile(a.values, 0.5) - quantile(b.values, 0.5)));
      return boxesOption(study, list, 'optimizer');
    },
  });
}

// The studies of the page that have the metric of this one.
function studiesFigure(view) {
  return new Figure({
    id: 'studies', title: 'Studies',
    help: 'The values of the completed trials of each study of this page that has the same metric and goal, as boxes with the median.',
    draw: () => {
      const { study, data } = view;
      const alike = data.studies.filter((other) => other.metric === study.metric && other.study.goal === study.study.goal);
      const list = alike.map((other) => ({ name: other.name, values: Array.from(other.values).filter((_, row) => other.isRanked(row)).sort((a, b) => a - b) }))
        .filter(({ values }) => values.length > 0);
      if (list.length === 0) return { told: 'No trial has a value yet.' };
      const sign = study.study.goal === 'minimize' ? 1 : -1;
      list.sort((a, b) => sign * (quantile(a.values, 0.5) - quantile(b.values, 0.5)));
      return boxesOption(study, list, 'study');
    },
  });
}

function boxesOption(study, list, what) {
  const range = valueScale(study, list.flatMap(({ values }) => values));
  const boxes = list.map(({ values }) => {
    const [q1, q2, q3] = [0.25, 0.5, 0.75].map((q) => quantile(values, q));
    const reach = 1.5 * (q3 - q1);
    const inside = values.filter((x) => x >= q1 - reach && x <= q3 + reach);
    return [inside[0], q1, q2, q3, inside[inside.length - 1]];
  });
  const outside = list.flatMap(({ values }, i) => drawn(values.filter((x) => x < boxes[i][0] || x > boxes[i][4]), 200).map((x) => [x, i]));
  return {
    told: `${list[0].name} has the best median, ${short(quantile(list[0].values, 0.5))}.${range.told}`,
    height: 100 + 44 * list.length,
    option: {
      tooltip: tooltip({ formatter: ({ seriesType, dataIndex, value }) => (seriesType === 'boxplot'
        ? `${list[dataIndex].name}: ${plural(list[dataIndex].values.length, 'trial')}\nmedian ${short(boxes[dataIndex][2])}\nmiddle half ${short(boxes[dataIndex][1])} to ${short(boxes[dataIndex][3])}` : `${list[value[1]].name}: ${short(value[0])}`) }),
      grid: grid({ left: 16, top: 12, containLabel: true, bottom: 40 }),
      xAxis: axis(study.metric, range.axis),
      yAxis: axis('', { type: 'category', data: list.map(({ name }) => name), inverse: true, axisTick: { show: false }, axisLabel: { color: colors().text, fontSize: 12 } }),
      series: [
        { type: 'boxplot', data: boxes.map((box) => box.map(range.clamp)), boxWidth: [8, 22], itemStyle: { color: colors().raised, borderColor: seriesColor(0), borderWidth: 1.5 } },
        { type: 'scatter', data: outside, symbolSize: 4, itemStyle: { color: seriesColor(0), opacity: 0.5 } },
      ],
    },
    columns: [what, 'trials', 'best', 'lower quarter', 'median', 'upper quarter', 'worst'],
    rows: list.map(({ name, values }) => {
      const ends = [values[0], values[values.length - 1]];
      if (study.study.goal !== 'minimize') ends.reverse();
      return [name, values.length, ends[0], quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75), ends[1]];
    }),
  };
}

function targetFigure(view) {
  let problem = 0;
  const place = element('span', { class: 'controls' });
  const figure = new Figure({
    id: 'target', title: 'To the target',
    help: 'The least that a trial of each optimizer needed to reach the target, under the same number of trials for each; the target is the median of their best values.',
    controls: [place],
    draw: () => {
      const { ranking } = view;
      place.replaceChildren();
      if (!ranking) return { told: 'No trial of these studies has an optimizer.' };
      if (problem >= ranking.problems.length) problem = 0;
      if (ranking.problems.length > 1)
        place.replaceChildren(choice('Problem', ranking.problems.map(({ name }, i) => [String(i), name]), String(problem), (to) => { problem = Number(to); figure.refresh(); }));
      const { name, metric, target } = ranking.problems[problem];
      const list = ranking.optimizers.filter(({ results }) => results[problem]).map(({ optimizer, results }) => ({ optimizer, ...results[problem] }));
      const reached = list.filter(({ steps }) => Number.isFinite(numberFrom(steps)));
      const said = `${name}: ${plural(reached.length, 'optimizer')} of ${list.length} reached ${metric} ${short(numberFrom(target))}.`;
      if (reached.length === 0) return { told: said };
      return {
        told: said, height: 110 + 30 * list.length, option: targetOption(list),
        columns: ['optimizer', 'trials', 'best', 'steps', 'evaluations', 'seconds'],
        rows: list.map(({ optimizer, trials, best, steps, evaluations, seconds }) => [optimizer, trials, best, steps, evaluations, seconds].map((cell) => (cell === 'inf' ? 'never' : cell))),
      };
    },
  });
  return figure;
}

function targetOption(list) {
  const kWhat = [['steps', short], ['seconds', duration]];
  const names = list.map(({ optimizer }) => optimizer);
  const bars = (key, i, text) => ({
    type: 'bar', xAxisIndex: i, yAxisIndex: i, barMaxWidth: 16, itemStyle: { color: seriesColor(i), borderRadius: [0, 3, 3, 0] },
    label: { show: true, position: 'right', color: colors().text, formatter: ({ dataIndex }) => (Number.isFinite(numberFrom(list[dataIndex][key])) ? text(list[dataIndex][key]) : 'never') },
    data: list.map((item) => (Number.isFinite(numberFrom(item[key])) ? item[key] : 0)),
  });
  return {
    grid: [grid({ left: 130, right: '52%', top: 8, bottom: 44 }), grid({ left: '54%', right: 70, top: 8, bottom: 44 })],
    xAxis: kWhat.map(([key], i) => axis(`${key} to the target`, { gridIndex: i, scale: false, splitNumber: 3, axisLabel: { formatter: i === 1 ? duration : short } })),
    yAxis: kWhat.map((_, i) => axis('', { gridIndex: i, type: 'category', data: names, inverse: true, axisTick: { show: false }, axisLabel: { show: i === 0, color: colors().text, fontSize: 12, width: 112, overflow: 'truncate' } })),
    series: kWhat.map(([key, text], i) => bars(key, i, text)),
  };
}

function profileFigure(view) {
  let cost = 'evaluations';
  const figure = new Figure({
    id: 'profiles', title: 'Performance profiles',
    help: 'The share of the problems that an optimizer solves within tau times what the best one needs (Dolan, More 2002); its area is the score of AlgoPerf.',
    controls: [choice('By', [['evaluations', 'evaluations'], ['seconds', 'seconds']], cost, (to) => { cost = to; figure.refresh(); })],
    draw: () => {
      const { ranking } = view;
      if (!ranking) return { told: 'No trial of these studies has an optimizer.' };
      const score = ({ score_by_evaluations: e, score_by_seconds: s }) => (cost === 'evaluations' ? e : s);
      const best = ranking.optimizers.reduce((a, b) => (score(b) > score(a) ? b : a));
      return {
        told: `${plural(ranking.problems.length, 'problem')}. The best score is ${best.optimizer}'s, ${short(score(best))}.`,
        option: {
          legend: legend({ type: 'scroll' }), tooltip: tooltip({ trigger: 'item', formatter: ({ seriesName, value }) => `${seriesName}\ntau ${short(value[0])}: ${percent(value[1])}` }),
          grid: grid(), xAxis: axis(`tau: times the ${cost} of the best`, { min: 1, max: 4 }),
          yAxis: yAxis('share of the problems', { min: 0, max: 1, axisLabel: { formatter: percent } }),
          series: ranking.optimizers.map(({ optimizer }, i) => ({
            name: optimizer, type: 'line', step: 'end', showSymbol: false, lineStyle: { color: seriesColor(i), width: 2, type: ['solid', 'dashed', 'dotted'][Math.floor(i / 8) % 3] }, itemStyle: { color: seriesColor(i) },
            data: ranking.profiles[cost][i].map((share, k) => [ranking.taus[k], share]),
          })),
        },
        columns: ['optimizer', 'score by evaluations', 'score by seconds'],
        rows: ranking.optimizers.map(({ optimizer, score_by_evaluations: e, score_by_seconds: s }) => [optimizer, e, s]),
      };
    },
  });
  return figure;
}
