'use strict';
// The parameters against the value: parallel coordinates, slices, contours of two.

const kStar = 'path://M50 0L61 35L98 35L68 57L79 91L50 70L21 91L32 57L2 35L39 35Z';

// The figures that are of one of the study's metrics: choosing it in one is choosing it in all.
const kOfParameters = ['importance', 'parallel', 'slices', 'contour'];

// Where the study has several metrics, a control to choose one.
function metricChoice(view) {
  const names = [view.study.metric, ...view.study.further.map(({ name }) => name)];
  if (names.length < 2) return [];
  return [choice('Metric', names.map((name, i) => [String(i), name]), String(view.metricIndex), (to) => view.chooseMetric(Number(to)))];
}

// From the most important on.
function parametersByImportance(study) {
  const share = new Map(study.importance.map(({ parameter, importance }) => [parameter, importance]));
  return [...study.parameterNames].sort((a, b) => (share.get(b) ?? 0) - (share.get(a) ?? 0));
}

// A number of few digits that is not above x, or not below it.
function roundedDown(x) {
  const near = Number(x.toPrecision(4));
  return near <= x ? near : Number((x - Math.abs(x) * 1e-3).toPrecision(4));
}
function roundedUp(x) {
  return -roundedDown(-x);
}

// What a brush on an axis means, as an expression. name: null for the value.
function expressionOf(study, name, [low, high]) {
  const word = name ?? 'value';
  if (name === null || !isChoice(study, name)) return `${word} >= ${roundedDown(low)} and ${word} <= ${roundedUp(high)}`;
  const inside = choicesOf(study, name).slice(Math.max(0, Math.ceil(low)), Math.floor(high) + 1);
  const column = study.columns.get(name);
  const written = (text) => (valueOfWord(text) === text || column.choices?.some((item) => item.value === text) ? `"${text}"` : text);
  return `${name} in [${inside.map(written).join(', ')}]`;
}

function parallelAxisOf(study, name, dim, rows) {
  const { text, line, accent, ground } = colors();
  const labels = { color: text, fontSize: 11, textBorderColor: ground, textBorderWidth: 3 };
  const more = { z: 10, dim, nameLocation: 'end', nameGap: 14, nameTextStyle: { color: text, fontSize: 12, width: 110, overflow: 'truncate' },
    axisLine: { lineStyle: { color: line, width: 1.5 } }, areaSelectStyle: { width: 18, color: accent, opacity: 0.25, borderColor: accent } };
  if (name !== null) {
    const { nameLocation, nameGap, splitLine, ...rest } = parameterAxis(study, name, rows, { nameRotate: 0 });
    return { ...rest, ...more, axisLabel: { ...rest.axisLabel, ...labels } };
  }
  const { axis: ends } = valueScale(study, rows.map((row) => study.values[row]));
  return { ...more, ...ends, name: study.metric, scale: true, axisLabel: { ...labels, ...numberLabels() } };
}

function parallelFigure(view) {
  let most = 100;
  let brushed = new Map();
  const place = element('span', { class: 'controls' });
  const apply = element('button', { type: 'button', disabled: true, onclick: () => {
    const { study } = view;
    const parts = [...brushed].map(([name, interval]) => expressionOf(study, name, interval));
    view.setFilter([view.expression.trim() === '' ? null : `(${view.expression})`, ...parts].filter(Boolean).join(' and '));
  } }, 'Show what is brushed alone');
  const figure = new Figure({
    id: 'parallel', title: 'Parallel coordinates',
    help: 'A line for each of the best trials. Drag along an axis to brush it; the expression above does the same from the keyboard.',
    controls: [choice('Best', [['25', '25'], ['100', '100'], ['500', '500'], ['2000', '2,000']], String(most), (to) => { most = Number(to); figure.refresh(); }), place, apply],
    draw: () => {
      const study = view.byMetric;
      place.replaceChildren(...metricChoice(view));
      const shown = study.ranked(view.rows).slice(0, most);
      const names = parametersByImportance(study).slice(0, 11);
      brushed = new Map();
      apply.disabled = true;
      if (shown.length === 0 || names.length === 0) return { told: 'It takes completed trials with a value, and parameters.' };
      const kept = study.parameterNames.filter((name) => names.includes(name));
      const axes = [...kept, null];
      const { clamp } = valueScale(study, shown.map((row) => study.values[row]));
      const data = shown.map((row, rank) => ({
        value: axes.map((name) => (name === null ? clamp(study.values[row]) : plotted(study, name, row) ?? '-')),
        lineStyle: { color: scaleColor(shown.length > 1 ? rank / (shown.length - 1) : 0) },
      })).reverse();
      return {
        told: `The best ${plural(shown.length, 'trial')}, dark for the best and light for the last of them${document.documentElement.dataset.theme === 'dark' ? ' (the other way round on dark ground)' : ''}.` +
          (study.parameterNames.length > kept.length ? ` The ${kept.length} most important of ${study.parameterNames.length} parameters.` : '') + (view.metricIndex > 0 ? ` A brush on ${study.metric} shows lines alone: the expression knows the first metric, as value.` : ''),
        height: 400,
        option: {
          parallel: { left: 60, right: 76, top: 56, bottom: 24, axisExpandable: false },
          parallelAxis: axes.map((name, dim) => parallelAxisOf(study, name, dim, shown)),
          series: [{ type: 'parallel', lineStyle: { width: shown.length > 300 ? 0.8 : 1.4, opacity: shown.length > 300 ? 0.4 : 0.7 },
            inactiveOpacity: 0.04, activeOpacity: 0.9, progressive: 0, data }],
        },
        ready: (chart) => listenToBrush(chart, axes, brushed, apply, view.metricIndex === 0),
        columns: ['trial', ...kept, study.metric],
        rows: () => shown.map((row) => [study.numbers[row], ...kept.map((name) => plotted(study, name, row) ?? ''), study.values[row]]),
      };
    },
  });
  return figure;
}

function listenToBrush(chart, axes, brushed, apply, knowsValue) {
  chart.off('axisareaselected');
  chart.on('axisareaselected', () => {
    brushed.clear();
    const options = chart.getModel().queryComponents({ mainType: 'parallelAxis' });
    for (const model of options) {
      const interval = model.activeIntervals[0];
      const name = axes[Number(model.get('dim'))];
      if (interval && (name !== null || knowsValue)) brushed.set(name, interval);
    }
    apply.disabled = brushed.size === 0;
  });
}

// Rows to draw: the best ones, and others drawn at random.
function pointsOf(study, rows, most) {
  const ranked = study.ranked(rows);
  if (ranked.length <= most) return ranked;
  const best = ranked.slice(0, Math.floor(most / 4));
  return [...drawn(ranked.slice(best.length), most - best.length), ...best];
}

function sliceFigure(view) {
  const kMostPanels = 12;
  const place = element('span', { class: 'controls' });
  return new Figure({
    select: (number) => view.toggle(number),
    id: 'slices', title: 'Slices', help: 'The value against each parameter, the most important first; the best tenth of the trials stands out.',
    controls: [place],
    draw: (width) => {
      const study = view.byMetric;
      place.replaceChildren(...metricChoice(view));
      const names = parametersByImportance(study).slice(0, kMostPanels);
      const ranked = study.ranked(view.rows);
      if (names.length === 0 || ranked.length === 0) return { told: 'It takes completed trials with a value, and parameters.' };
      const rows = pointsOf(study, view.rows, 2000);
      const good = new Set(ranked.slice(0, Math.max(1, Math.ceil(ranked.length / 10))));
      const columns = Math.min(names.length, width > 1000 ? 4 : width > 620 ? 3 : 2);
      const range = valueScale(study, rows.map((row) => study.values[row]));
      const [left, gap, top, panel, below] = [70, 26, 12, 190, 62];
      const each = (width - left - 16 - gap * (columns - 1)) / columns;
      const option = { tooltip: tooltip({ formatter: ({ value }) => `trial ${value[2]}\n${value[0]}: ${short(value[1])}` }), grid: [], xAxis: [], yAxis: [], series: [] };
      names.forEach((name, i) => {
        const [c, r] = [i % columns, Math.floor(i / columns)];
        option.grid.push({ left: left + c * (each + gap), top: top + r * (panel + below), width: each, height: panel });
        option.xAxis.push({ ...parameterAxis(study, name, rows, { gridIndex: i, nameGap: 26 }), splitNumber: 3 });
        option.yAxis.push(yAxis(c === 0 ? study.metric : '', { ...range.axis, gridIndex: i, nameGap: 52, axisLabel: numberLabels({ show: c === 0 }), splitNumber: 4 }));
        const points = (isGood) => rows.filter((row) => good.has(row) === isGood)
          .map((row) => [plotted(study, name, row), study.values[row], study.numbers[row]]).filter(([x]) => x !== null);
        const look = { type: 'scatter', xAxisIndex: i, yAxisIndex: i, symbolSize: rows.length > 500 ? 4 : 6 };
        option.series.push({ ...look, itemStyle: { color: seriesColor(0), opacity: 0.35 }, data: points(false) },
          { ...look, symbol: 'diamond', symbolSize: rows.length > 500 ? 6 : 8, itemStyle: { color: seriesColor(1), opacity: 0.85 }, data: points(true) });
      });
      return {
        told: `${plural(rows.length, 'trial')}${rows.length < ranked.length ? ` drawn of ${ranked.length.toLocaleString('en')}` : ''}; diamonds are the best tenth.${range.told}`,
        onWidth: true, trialOf: ({ value }) => value[2], height: top + Math.ceil(names.length / columns) * (panel + below), option,
        columns: ['trial', ...names, study.metric],
        rows: () => ranked.map((row) => [study.numbers[row], ...names.map((name) => plotted(study, name, row) ?? ''), study.values[row]]),
      };
    },
  });
}

// Values on a grid over the unit square: of each place the mean of the nearest trials, the nearer the heavier.
function surfaceOf(points, size) {
  const field = new Float64Array(size * size);
  for (let j = 0; j < size; ++j)
    for (let i = 0; i < size; ++i) {
      const [x, y] = [i / (size - 1), j / (size - 1)];
      let [sum, weights] = [0, 0];
      for (const point of points) {
        const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
        const weight = 1 / (distance * distance + 1e-6);
        sum += weight * point.z;
        weights += weight;
      }
      field[j * size + i] = sum / weights;
    }
  return field;
}

// Where a parameter's value is between the least and the greatest, on its scale, and back.
function unitScale(study, name, rows) {
  const isLog = study.parameterOf.get(name).log;
  const column = study.columns.get(name);
  const to = (x) => (isLog ? Math.log(x) : x);
  const numbers = rows.map((row) => to(column.number(row)));
  const ends = parameterEnds(study, name, rows);
  const low = ends.min === undefined ? numbers.reduce((a, b) => Math.min(a, b), Infinity) : to(ends.min);
  const high = ends.max === undefined ? numbers.reduce((a, b) => Math.max(a, b), -Infinity) : to(ends.max);
  const size = high - low || 1;
  const back = (u) => (isLog ? Math.exp(low + u * size) : low + u * size);
  const rounded = (x) => Number(x.toPrecision(12));
  return { isLog, unit: (row) => (to(column.number(row)) - low) / size, back, low: rounded(back(0)), high: rounded(back(1)) };
}

// The two most important ones that trials have together.
function commonPair(study, names) {
  const there = (name) => (row) => study.columns.get(name).isThere(row);
  const rows = Array.from({ length: study.count }, (_, row) => row);
  for (let i = 0; i < names.length; ++i)
    for (let j = 0; j < i; ++j) if (rows.filter(there(names[i])).some(there(names[j]))) return [names[j], names[i]];
  return names.slice(0, 2);
}

function contourFigure(view) {
  let pair = null;
  const place = element('span', { class: 'controls' });
  const figure = new Figure({
    select: (number) => view.toggle(number),
    id: 'contour', title: 'Contour of two parameters',
    help: 'The value over two parameters, smoothed between the trials: the mean of those nearby, the nearer the heavier. The dots are the trials.',
    controls: [place],
    draw: () => {
      const study = view.byMetric;
      const numeric = parametersByImportance(study).filter((name) => !isChoice(study, name));
      place.replaceChildren();
      if (numeric.length < 2) return { told: 'It takes two parameters that are ranges of numbers.' };
      if (!pair || pair.some((name) => !numeric.includes(name))) pair = commonPair(study, numeric);
      const options = numeric.map((name) => [name, study.shortName.get(name)]);
      place.replaceChildren(...metricChoice(view), choice('Across', options, pair[0], (to) => { pair = [to, pair[1]]; figure.refresh(); }),
        choice('Up', options, pair[1], (to) => { pair = [pair[0], to]; figure.refresh(); }));
      if (pair[0] === pair[1]) return { told: 'Choose two different parameters.' };
      const rows = pointsOf(study, view.rows, 1000).filter((row) => pair.every((name) => Number.isFinite(study.columns.get(name).number(row))));
      if (rows.length < 4) return { told: 'It takes four completed trials that have both parameters.' };
      return contourOf(study, pair, rows);
    },
  });
  return figure;
}

// The bands between thresholds of a field of size times size values; color(share): of a band, 0 for the lowest; at(u, v):
// what stands on the axes at a place of the unit square.
function bandSeries(field, size, thresholds, color, at) {
  const bands = tunerCharts.contours().size([size, size]).thresholds(thresholds)(Array.from(field));
  const rings = bands.flatMap((band, i) => band.coordinates.map((polygon) => ({
    fill: color(i / (thresholds.length - 1)),
    list: polygon.map((ring) => ring.map(([u, v]) => at((u - 0.5) / (size - 1), (v - 0.5) / (size - 1)))),
  })));
  const renderItem = (params, api) => {
    const { fill, list } = rings[params.dataIndex];
    const { x: left, y: top, width, height } = params.coordSys;
    const clip = ([px, py]) => [Math.min(Math.max(px, left), left + width), Math.min(Math.max(py, top), top + height)];
    const path = list.map((ring) => `M${ring.map((place) => clip(api.coord(place)).join(' ')).join('L')}Z`).join('');
    return { type: 'path', shape: { pathData: path }, style: { fill, fillRule: 'evenodd' }, silent: true, z2: params.dataIndex };
  };
  return { type: 'custom', renderItem, data: rings.map((_, i) => [...at(0, 0), i]), clip: true, silent: true, z: 1 };
}

function contourOf(study, [across, up], rows) {
  const kSize = 60;
  const [x, y] = [unitScale(study, across, rows), unitScale(study, up, rows)];
  const { isLog, clamp } = valueScale(study, rows.map((row) => study.values[row]));
  const level = (value) => (isLog ? Math.log10(clamp(value)) : clamp(value));
  const field = surfaceOf(rows.map((row) => ({ x: x.unit(row), y: y.unit(row), z: level(study.values[row]) })), kSize);
  const [low, high] = [Math.min(...field), Math.max(...field)];
  const thresholds = Array.from({ length: 12 }, (_, i) => low + ((high - low) * i) / 12);
  const minimize = study.study.goal === 'minimize';
  const end = (scale) => ({ type: scale.isLog ? 'log' : 'value', min: scale.low, max: scale.high, axisLabel: numberLabels({ alignMinLabel: 'left', alignMaxLabel: 'right' }), splitLine: { show: false } });
  const best = study.ranked(rows)[0];
  const dot = (row) => [study.columns.get(across).number(row), study.columns.get(up).number(row), study.values[row], study.numbers[row]];
  return {
    told: `${study.metric} from ${short(isLog ? 10 ** low : low)} to ${short(isLog ? 10 ** high : high)}${isLog ? ', colors by its logarithm' : ''}; the star is the best trial, ${study.numbers[best]}.`,
    height: 440, trialOf: ({ value }) => value[3],
    option: {
      tooltip: tooltip({ formatter: ({ value }) => `trial ${value[3]}\n${study.shortName.get(across)}: ${short(value[0])}\n${study.shortName.get(up)}: ${short(value[1])}\n${study.metric}: ${short(value[2])}` }),
      grid: grid({ top: 16 }), xAxis: axis(study.shortName.get(across), end(x)), yAxis: yAxis(study.shortName.get(up), { ...end(y), axisLabel: numberLabels() }),
      series: [
        bandSeries(field, kSize, thresholds, (share) => scaleColor(minimize ? share : 1 - share), (u, v) => [x.back(u), y.back(v)]),
        { type: 'scatter', data: rows.map(dot), symbolSize: 5, z: 3, itemStyle: { color: '#ffffff', borderColor: '#000000', borderWidth: 1, opacity: 0.75 } },
        { type: 'scatter', data: [dot(best)], symbol: kStar, symbolSize: 18, z: 4, itemStyle: { color: '#ffffff', borderColor: '#000000', borderWidth: 1.5 } },
      ],
    },
    columns: ['trial', across, up, study.metric], rows: () => study.ranked(rows).map((row) => [study.numbers[row], ...dot(row).slice(0, 3)]),
  };
}
