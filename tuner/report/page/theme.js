'use strict';
// Colors and axes, the same in all charts, taken from the style of the page.

const kOutcomes = ['completed', 'pruned', 'diverged', 'failed', 'timed_out', 'cancelled', 'paused'];
// Of each outcome the place of its color among the series, and a shape, for those who do not tell the colors apart.
const kOutcomeLooks = {
  completed: { series: 0, shape: 'circle' },
  pruned: { series: 4, shape: 'rect' },
  diverged: { series: 1, shape: 'triangle' },
  failed: { series: 3, shape: 'diamond' },
  timed_out: { series: 5, shape: 'rect' },
  cancelled: { series: 7, shape: 'circle' },
  paused: { series: 6, shape: 'diamond' },
};

const theme = { read: null };

function colors() {
  if (theme.read) return theme.read;
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  theme.read = {
    text: of('--text'), muted: of('--muted'), line: of('--line'), grid: of('--grid'), accent: of('--accent'),
    ground: of('--surface'), raised: of('--raised'), warning: of('--warning'),
    series: of('--series').split(' '), scale: of('--scale').split(' '),
  };
  return theme.read;
}

function seriesColor(i) {
  const { series } = colors();
  return series[i % series.length];
}

function outcomeColor(outcome) {
  return seriesColor(kOutcomeLooks[outcome].series);
}

// Between colors of a scale, at 0 to 1.
function scaleColor(share) {
  const { scale } = colors();
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1);
  const low = Math.min(Math.floor(at), scale.length - 2);
  const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [a, b] = [parts(scale[low]), parts(scale[low + 1])];
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * (at - low))).join(',')})`;
}

function axis(name, more = {}) {
  const { muted, line, grid, text } = colors();
  return {
    type: 'value', name, nameLocation: 'middle', nameGap: 30, scale: true,
    nameTextStyle: { color: text, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: line } }, axisTick: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: grid } }, minorTick: { show: false },
    ...more,
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true, ...(more.axisLabel ?? {}) },
  };
}

function yAxis(name, more = {}) {
  return axis(name, { nameGap: 54, ...more });
}

// Numbers on an axis.
function numberLabels(more = {}) {
  return { formatter: (x) => short(Number(x)), ...more };
}

function logAxis(values) {
  const finite = values.filter((x) => Number.isFinite(x));
  if (finite.length < 2) return false;
  let [low, high] = [Infinity, -Infinity];
  for (const x of finite) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return low > 0 && high / low > 100;
}

function roundedTo(x, step, round) {
  return Number((round(x / step) * step).toPrecision(12));
}

// The axis that tells values of the metric apart: logarithmic where they span decades, and without those that are far
// worse than nine tenths of them. beyond: how many these are; clamp(x): x, or the end of the axis.
function valueScale(study, values, wanted = 'auto') {
  const sorted = values.filter((x) => Number.isFinite(x)).sort((a, b) => a - b);
  const isPositive = sorted.length > 0 && sorted[0] > 0;
  const spread = (to) => {
    const [low, high] = [to(sorted[0]), to(sorted[sorted.length - 1])];
    const minimize = study.study.goal === 'minimize';
    const [best, worst, most] = minimize ? [low, high, to(quantile(sorted, 0.9))] : [high, low, to(quantile(sorted, 0.1))];
    const isFar = sorted.length > 9 && Math.abs(worst - most) > 2 * Math.abs(most - best) && most !== best;
    const room = Math.sign(most - best) * Math.min(0.3 * Math.abs(most - best), to === Math.log10 ? 2 : Infinity);
    const end = isFar ? most + room : worst;
    return minimize ? { low, high: end, isFar } : { low: end, high, isFar };
  };
  const logs = isPositive ? spread(Math.log10) : null;
  const isLog = isPositive && (wanted === 'log' || (wanted === 'auto' && logs.high - logs.low > 2));
  const { low, high, isFar } = isLog ? logs : sorted.length > 0 ? spread((x) => x) : { low: 0, high: 1, isFar: false };
  let [min, max, interval] = [undefined, undefined, undefined];
  if (isLog) {
    const step = [1, 2, 5, 10, 20, 50].find((decades) => (high - low) / decades <= 7) ?? 100;
    if (high - low > 1) [min, max, interval] = [10 ** (step * Math.floor(low / step)), 10 ** (step * Math.ceil(high / step)), step];
  } else if (isFar) {
    const step = 10 ** Math.floor(Math.log10(high - low)) / 2;
    [min, max] = [roundedTo(low, step, Math.floor), roundedTo(high, step, Math.ceil)];
  }
  const clamp = (x) => Math.min(Math.max(x, min ?? -Infinity), max ?? Infinity);
  const beyond = sorted.filter((x) => clamp(x) !== x).length;
  return { isLog, clamp, beyond, axis: { type: isLog ? 'log' : 'value', min, max, interval, axisLabel: numberLabels() },
    told: beyond > 0 ? ` The axis leaves out ${plural(beyond, 'value')} far from the others.` : '' };
}

// An axis for what a parameter may be.
function parameterAxis(study, name, rows, more = {}) {
  const parameter = study.parameterOf.get(name);
  const column = study.columns.get(name);
  if (isChoice(study, name)) {
    return axis(study.shortName.get(name), {
      type: 'category', data: choicesOf(study, name), boundaryGap: true, ...more,
      axisLabel: { ...(more.axisLabel ?? {}), interval: 0, width: 90, overflow: 'truncate' },
    });
  }
  const values = rows.map((row) => column.number(row));
  const isLog = parameter.log && values.every((x) => !(x <= 0));
  return axis(study.shortName.get(name), {
    type: isLog ? 'log' : 'value', ...parameterEnds(study, name, rows), ...more,
    axisLabel: numberLabels({ alignMinLabel: 'left', alignMaxLabel: 'right', ...(more.axisLabel ?? {}) }),
  });
}

// The ends of its range, where the plan says them and no trial is outside; else none.
function parameterEnds(study, name, rows) {
  const { low, high } = study.parameterOf.get(name);
  const column = study.columns.get(name);
  const isInside = typeof low === 'number' && typeof high === 'number' && rows.every((row) => {
    const x = column.number(row);
    return Number.isNaN(x) || (x >= low && x <= high);
  });
  return isInside ? { min: low, max: high } : {};
}

// Does a chart show it by its choices?
function isChoice(study, name) {
  return study.columns.get(name).choices !== null || (study.parameterOf.get(name)?.choices.length ?? 0) > 0;
}

// The texts of its choices that trials have, numbers in their order.
function choicesOf(study, name) {
  if (!study.choices.has(name)) study.choices.set(name, seenChoices(study, name));
  return study.choices.get(name);
}

function seenChoices(study, name) {
  const column = study.columns.get(name);
  const rows = new Map();
  for (let row = 0; row < study.count; ++row)
    if (column.isThere(row)) {
      const key = column.choices ? column.data[row] : column.text(row);
      if (!rows.has(key)) rows.set(key, row);
    }
  const list = [...rows.values()];
  list.sort((a, b) => column.number(a) - column.number(b) || 0);
  return [...new Set(list.map((row) => column.text(row)))];
}

// What a trial has of a parameter, as a chart wants it: a number or a choice's text; null: nothing.
function plotted(study, name, row) {
  const column = study.columns.get(name);
  if (!column.isThere(row)) return null;
  if (isChoice(study, name)) return column.text(row);
  const number = column.number(row);
  return Number.isFinite(number) ? number : null;
}

function tooltip(more = {}) {
  const { raised, text, line } = colors();
  // Drawn, not made of elements: no text of a study can be markup there.
  return {
    renderMode: 'richText', confine: true, backgroundColor: raised, borderColor: line,
    textStyle: { color: text, fontSize: 12 }, ...more,
  };
}

function legend(more = {}) {
  const { text, muted } = colors();
  return {
    type: 'plain', top: 0, left: 'center', itemWidth: 16, itemHeight: 9, itemGap: 14, inactiveColor: muted,
    textStyle: { color: text, fontSize: 12 }, ...more,
  };
}

function grid(more = {}) {
  return { left: 76, right: 24, top: 40, bottom: 48, containLabel: false, ...more };
}

function applyTheme(choice) {
  const dark = choice === 'dark' || (choice === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  theme.read = null;
}
