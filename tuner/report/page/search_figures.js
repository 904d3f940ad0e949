'use strict';
// How the search went: values by trial with the best so far, importance, outcomes over time, durations.

const kMostPoints = 4000;

// [row, best value so far] where it changes, in order of number.
function bestSoFar(study, rows) {
  const steps = [];
  let best = null;
  for (const row of rows) {
    if (!study.isRanked(row) || (best !== null && !study.isBetter(study.values[row], best))) continue;
    best = study.values[row];
    steps.push([row, best]);
  }
  return steps;
}

// Of groups of trials in order of number: the middle and the tenths of their values.
function valueBands(study, rows, groups) {
  const bands = [];
  for (let g = 0; g < groups; ++g) {
    const part = rows.slice(Math.floor(rows.length * g / groups), Math.floor(rows.length * (g + 1) / groups));
    const values = part.map((row) => study.values[row]).filter(Number.isFinite).sort((a, b) => a - b);
    if (values.length === 0) continue;
    bands.push({ from: study.numbers[part[0]], to: study.numbers[part[part.length - 1]],
      low: quantile(values, 0.1), middle: quantile(values, 0.5), high: quantile(values, 0.9) });
  }
  return bands;
}

function historyPoints(study, rows) {
  return kOutcomes.map((outcome) => ({
    name: outcome, type: 'scatter', symbol: kOutcomeLooks[outcome].shape, symbolSize: rows.length > 1000 ? 4 : 7,
    itemStyle: { color: outcomeColor(outcome), opacity: 0.75 },
    data: rows.filter((row) => study.outcome(row) === outcome && Number.isFinite(study.values[row]))
      .map((row) => [study.numbers[row], study.values[row]]),
  })).filter((series) => series.data.length > 0);
}

function historyBands(bands) {
  const color = seriesColor(0);
  const middle = (band) => (band.from + band.to) / 2;
  const line = (name, key, more) => ({ name, type: 'line', symbol: 'none', data: bands.map((band) => [middle(band), band[key]]), ...more });
  return [
    line('90 % of values are below', 'high', { lineStyle: { color, width: 1, type: 'dashed' }, itemStyle: { color } }),
    line('median', 'middle', { lineStyle: { color, width: 2 }, itemStyle: { color } }),
    line('10 % of values are below', 'low', { lineStyle: { color, width: 1, type: 'dotted' }, itemStyle: { color } }),
  ];
}

// Rings around the trials that are selected.
function chosenSeries({ study, chosen, rows }) {
  const shown = new Set(rows);
  const list = [...chosen].map((number) => study.rowOf.get(number)).filter((row) => shown.has(row) && Number.isFinite(study.values[row]));
  if (list.length === 0) return [];
  return [{ name: 'selected', type: 'scatter', symbol: 'circle', symbolSize: 13, z: 6, itemStyle: { color: 'transparent', borderColor: colors().text, borderWidth: 1.5 },
    data: list.map((row) => [study.numbers[row], study.values[row]]) }];
}

function historyFigure(view) {
  let scale = 'auto';
  const figure = new Figure({
    select: (number) => view.toggle(number),
    id: 'history', title: 'History',
    help: 'The value of each trial in order of number, and the best of the completed ones so far.',
    controls: [choice('Scale', [['auto', 'automatic'], ['linear', 'linear'], ['log', 'logarithmic']], scale, (to) => { scale = to; figure.refresh(); })],
    draw: () => {
      const { study, rows } = view;
      const steps = bestSoFar(study, rows);
      const measured = rows.filter((row) => Number.isFinite(study.values[row]));
      if (measured.length === 0) return { told: 'No trial that is shown has a value.' };
      const many = measured.length > kMostPoints;
      const bands = many ? valueBands(study, measured, 100) : [];
      const range = valueScale(study, measured.map((row) => study.values[row]), scale);
      const last = rows.length > 0 ? study.numbers[rows[rows.length - 1]] : 0;
      const best = { name: 'best so far', type: 'line', step: 'end', showSymbol: steps.length < 100, symbolSize: 5, z: 5,
        lineStyle: { color: seriesColor(1), width: 2.5 }, itemStyle: { color: seriesColor(1) },
        data: [...steps.map(([row, value]) => [study.numbers[row], value]), ...(steps.length > 0 ? [[last, steps[steps.length - 1][1]]] : [])] };
      const said = steps.length === 0 ? 'No completed trial has a value.'
        : `The best value is ${short(steps[steps.length - 1][1])}, of trial ${study.numbers[steps[steps.length - 1][0]]}; it was improved ${plural(steps.length - 1, 'time')}.${range.told}`;
      return {
        told: said + (many ? ` The ${plural(measured.length, 'value')} stand as bands of 100 groups of trials.` : ''),
        option: {
          legend: legend(), tooltip: tooltip({ trigger: 'item', formatter: (at) => `${at.seriesName}\ntrial ${short(at.value[0])}: ${short(at.value[1])}` }),
          grid: grid(), xAxis: axis('trial', { min: 0 }),
          yAxis: yAxis(study.metric, range.axis),
          series: [...(many ? historyBands(bands) : historyPoints(study, measured)), best, ...chosenSeries(view)],
        },
        trialOf: ({ seriesType, value }) => (seriesType === 'scatter' ? value[0] : undefined),
        columns: ['trial', 'best so far'], rows: steps.map(([row, value]) => [study.numbers[row], value]),
      };
    },
  });
  return figure;
}

function importanceFigure(view) {
  const place = element('span', { class: 'controls' });
  return new Figure({
    id: 'importance', title: 'Importance',
    help: 'How much of the result each parameter explains: how far its values among the best tenth of the trials are from ' +
      'those among all (PED-ANOVA), of all completed trials, as shares with the sum 1.',
    controls: [place],
    draw: () => {
      const study = view.byMetric;
      place.replaceChildren(...metricChoice(view));
      const shares = [...study.importance].sort((a, b) => b.importance - a.importance);
      if (shares.length === 0) return { told: 'There is nothing to weigh: it takes two completed trials and a parameter.' };
      const shown = shares.slice(0, 25);
      const names = shown.map(({ parameter }) => study.shortName.get(parameter));
      return {
        told: `${study.shortName.get(shares[0].parameter)} explains the most${view.metricIndex > 0 ? ` of ${study.metric}` : ''}, ${percent(shares[0].importance)}.`,
        height: 90 + 26 * shown.length,
        option: {
          tooltip: tooltip({ formatter: (at) => `${shown[at.dataIndex].parameter}: ${percent(shown[at.dataIndex].importance)}` }),
          grid: grid({ left: 16, top: 8, right: 60, containLabel: true, bottom: 36 }),
          xAxis: axis('share', { min: 0, scale: false, axisLabel: { formatter: percent } }),
          yAxis: axis('', { type: 'category', data: names, inverse: true, axisTick: { show: false }, axisLabel: { color: colors().text, fontSize: 12, width: 220, overflow: 'truncate' } }),
          series: [{ type: 'bar', barMaxWidth: 16, itemStyle: { color: seriesColor(0), borderRadius: [0, 3, 3, 0] },
            label: { show: true, position: 'right', color: colors().text, formatter: (at) => percent(at.value) },
            data: shown.map(({ importance }) => importance) }],
        },
        columns: ['parameter', 'importance'], rows: shares.map(({ parameter, importance }) => [parameter, importance]),
      };
    },
  });
}

// Each trial with a lane that is free from its start to its end.
function lanesOf(spans) {
  const ends = [];
  return spans.map((span) => {
    let lane = ends.findIndex((end) => end <= span.from);
    if (lane < 0) lane = ends.push(0) - 1;
    ends[lane] = span.to;
    return { ...span, lane };
  });
}

function spansOf(study, rows) {
  const started = study.columns.get('started_at').asNumbers();
  const finished = study.columns.get('finished_at').asNumbers();
  return rows.map((row) => ({ row, from: started[row], to: Math.max(finished[row], started[row]) }))
    .filter(({ from }) => Number.isFinite(from)).sort((a, b) => a.from - b.from);
}

// A bar for each trial, or of many how many ended when.
function timelineFigure(view) {
  return new Figure({
    id: 'timeline', title: 'Timeline',
    help: 'When each trial ran, from its start to its end, and how it ended. Trials of the same time stand in different lanes.',
    draw: () => {
      const { study, rows } = view;
      const spans = spansOf(study, rows);
      if (spans.length === 0) return { told: 'No trial is shown.' };
      const first = spans[0].from;
      const last = spans.reduce((end, span) => Math.max(end, span.to), first);
      const counts = kOutcomes.map((outcome) => [outcome, rows.filter((row) => study.outcome(row) === outcome).length]).filter(([, n]) => n > 0);
      const said = `${plural(spans.length, 'trial')} in ${duration((last - first) / 1000)}: ${counts.map(([outcome, n]) => `${n.toLocaleString('en')} ${outcome}`).join(', ')}.`;
      const lanes = spans.length <= 1500 ? lanesOf(spans) : null;
      const option = lanes && lanes.every(({ lane }) => lane < 64) ? laneOption(study, lanes) : countOption(study, spans, first, last);
      return {
        told: said, option, height: option.lanes ? Math.min(140 + 34 * option.lanes, 480) : 340,
        columns: ['trial', 'outcome', 'started', 'seconds'],
        rows: () => spans.map(({ row, from, to }) => [study.numbers[row], study.outcome(row), timeText(from), (to - from) / 1000]),
      };
    },
  });
}

function laneOption(study, lanes) {
  const most = Math.max(...lanes.map(({ lane }) => lane)) + 1;
  const drawBar = (params, api) => {
    const [x, y] = api.coord([api.value(0), api.value(2)]);
    const [end] = api.coord([api.value(1), api.value(2)]);
    const height = Math.min(Math.max(api.size([0, 1])[1] * 0.7, 1), 26);
    return { type: 'rect', shape: { x, y: y - height / 2, width: Math.max(end - x, 1.5), height }, style: { fill: api.visual('color') } };
  };
  return {
    lanes: most, legend: legend(), grid: grid({ left: 60 }),
    tooltip: tooltip({ formatter: ({ seriesName, value }) => `trial ${value[3]}: ${seriesName}\n${timeText(value[0])}\n${duration((value[1] - value[0]) / 1000)}` }),
    xAxis: axis('time, UTC', { type: 'time', axisLabel: timeLabels() }),
    yAxis: yAxis('lane', { min: -0.5, max: most - 0.5, nameGap: 36, minInterval: 1, inverse: true, splitLine: { show: false }, axisLabel: { formatter: (x) => (Number.isInteger(x) ? String(x + 1) : '') } }),
    series: kOutcomes.map((outcome) => ({
      name: outcome, type: 'custom', renderItem: drawBar, itemStyle: { color: outcomeColor(outcome) }, encode: { x: [0, 1], y: 2 },
      data: lanes.filter(({ row }) => study.outcome(row) === outcome).map(({ row, from, to, lane }) => [from, to, lane, study.numbers[row]]),
    })).filter((series) => series.data.length > 0),
  };
}

// The clock of the place where the trials ran is not known: times are UTC, as everywhere.
function timeLabels() {
  return { formatter: (at) => { const text = timeText(at); return text.slice(17, 23) === '00.000' ? (text.slice(11, 16) === '00:00' ? text.slice(0, 10) : text.slice(11, 16)) : text.slice(11, text.slice(20, 23) === '000' ? 19 : 23); } };
}

function countOption(study, spans, first, last) {
  const bins = 80;
  const width = Math.max(last - first, 1) / bins;
  const counts = new Map(kOutcomes.map((outcome) => [outcome, new Array(bins).fill(0)]));
  for (const { row, to } of spans) ++counts.get(study.outcome(row))[Math.min(Math.floor((to - first) / width), bins - 1)];
  return {
    legend: legend(), grid: grid(), tooltip: tooltip({ trigger: 'axis', axisPointer: { type: 'shadow' } }),
    xAxis: axis('end of the trial, UTC', { type: 'category', data: Array.from({ length: bins }, (_, i) => timeText(first + (i + 0.5) * width).slice(0, 19).replace('T', ' ')), axisLabel: { formatter: (text) => text.slice(11) } }),
    yAxis: yAxis('trials', { scale: false, minInterval: 1 }),
    series: [...counts].filter(([, list]) => list.some((n) => n > 0)).map(([outcome, list]) => ({
      name: outcome, type: 'bar', stack: 'all', barCategoryGap: '8%', itemStyle: { color: outcomeColor(outcome) }, data: list })),
  };
}

function durationFigure(view) {
  return new Figure({
    id: 'durations', title: 'Durations', help: 'How long the trials took, by how they ended.',
    draw: () => {
      const { study, rows } = view;
      const seconds = study.columns.get('seconds').asNumbers();
      const timed = rows.filter((row) => seconds[row] > 0);
      if (timed.length === 0) return { told: 'No trial that is shown has a duration.' };
      const logs = timed.map((row) => Math.log10(seconds[row]));
      const low = logs.reduce((a, b) => Math.min(a, b));
      const high = logs.reduce((a, b) => Math.max(a, b));
      const bins = Math.min(30, Math.max(6, Math.ceil(Math.sqrt(timed.length))));
      const width = Math.max(high - low, 1e-9) / bins;
      const labels = Array.from({ length: bins }, (_, i) => duration(10 ** (low + (i + 0.5) * width)));
      const counts = new Map(kOutcomes.map((outcome) => [outcome, new Array(bins).fill(0)]));
      timed.forEach((row, i) => ++counts.get(study.outcome(row))[Math.min(Math.floor((logs[i] - low) / width), bins - 1)]);
      const sorted = timed.map((row) => seconds[row]).sort((a, b) => a - b);
      const present = [...counts].filter(([, list]) => list.some((n) => n > 0));
      return {
        told: `Half of them took less than ${duration(quantile(sorted, 0.5))}, the longest ${duration(sorted[sorted.length - 1])}; together ${duration(sorted.reduce((a, b) => a + b, 0))}.`,
        option: {
          legend: legend(), grid: grid(), tooltip: tooltip({ trigger: 'axis', axisPointer: { type: 'shadow' } }),
          xAxis: axis('duration', { type: 'category', data: labels }), yAxis: yAxis('trials', { scale: false, minInterval: 1 }),
          series: present.map(([outcome, list]) => ({ name: outcome, type: 'bar', stack: 'all', barCategoryGap: '8%', itemStyle: { color: outcomeColor(outcome) }, data: list })),
        },
        columns: ['duration', ...present.map(([outcome]) => outcome)], rows: labels.map((label, i) => [label, ...present.map(([, list]) => list[i])]),
      };
    },
  });
}
