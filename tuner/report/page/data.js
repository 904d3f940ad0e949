'use strict';
// The data of the page: typed columns out of deflated bytes. page_columns.cpp writes what is read here.

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflated(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// An array out of its planes of bytes.
function arrayOf(bytes, { type, at, count }) {
  const [Type, size] = { f64: [Float64Array, 8], i64: [BigInt64Array, 8], u32: [Uint32Array, 4], u8: [Uint8Array, 1] }[type];
  const whole = new Uint8Array(size * count);
  for (let plane = 0; plane < size; ++plane)
    for (let i = 0, from = at + plane * count, to = plane; i < count; ++i, ++from, to += size) whole[to] = bytes[from];
  return new Type(whole.buffer);
}

// What all trials have under one name.
class Column {
  // data: numbers, or places in choices. missing: 1 where a trial has nothing.
  constructor({ name, isParameter = false, isMetric = false, data, missing = null, choices = null }) {
    Object.assign(this, { name, isParameter, isMetric, data, missing, choices });
    this.isTime = name.endsWith('_at') && !isMetric;
    this.isInteger = data instanceof BigInt64Array;
    this.numbers = null;
  }
  isThere(row) {
    if (this.choices) return this.data[row] !== 0;
    return !this.missing || this.missing[row] === 0;
  }
  // Null, a boolean, a number, a text or a list.
  value(row) {
    if (!this.isThere(row)) return null;
    if (this.choices) return this.choices[this.data[row]].value;
    if (this.isTime) return timeText(Number(this.data[row]));
    return Number(this.data[row]);
  }
  // A number, or NaN.
  number(row) {
    if (!this.isThere(row)) return NaN;
    if (!this.choices) return Number(this.data[row]);
    const { value } = this.choices[this.data[row]];
    return typeof value === 'number' ? value : NaN;
  }
  // As to_display() has it.
  text(row) {
    if (!this.isThere(row)) return '';
    if (this.choices) {
      const { value, isReal } = this.choices[this.data[row]];
      return isReal ? sixDigits(value) : displayed(value);
    }
    if (this.isTime) return timeText(Number(this.data[row]));
    if (!this.isInteger) return sixDigits(this.data[row]);
    return (this.name === 'seed' ? BigInt.asUintN(64, this.data[row]) : this.data[row]).toString();
  }
  // All of them as numbers, for charts.
  asNumbers() {
    if (!this.numbers) this.numbers = Float64Array.from({ length: this.data.length }, (_, row) => this.number(row));
    return this.numbers;
  }
}

function readColumn({ name, parameter, data, missing, choices }, bytes) {
  const readChoice = (choice) => {
    const isReal = choice !== null && typeof choice === 'object' && !Array.isArray(choice);
    return isReal ? { value: Number(String(choice.n).replace('inf', 'Infinity')), isReal } : { value: choice, isReal };
  };
  return new Column({
    name, isParameter: parameter, data: arrayOf(bytes, data), missing: missing ? arrayOf(bytes, missing) : null,
    choices: choices ? choices.map(readChoice) : null,
  });
}

function columnOfMetric({ name, values }) {
  return new Column({ name, isMetric: true, data: values, missing: Uint8Array.from(values, (value) => (Number.isNaN(value) ? 1 : 0)) });
}

function displayed(value) {
  if (Array.isArray(value)) return `[${value.map(displayed).join(', ')}]`;
  return String(value);
}

class Study {
  constructor(description, bytes) {
    Object.assign(this, description);
    this.name = description.study.study;
    this.metric = description.study.metric;
    this.isBetter = description.study.goal === 'minimize' ? (a, b) => a < b : (a, b) => a > b;
    this.columns = new Map(description.columns.map((column) => [column.name, readColumn(column, bytes)]));
    this.further = description.further_metrics.map((metric) => ({ ...metric, values: arrayOf(bytes, metric.values) }));
    for (const metric of this.further)
      if (!this.columns.has(metric.name)) this.columns.set(metric.name, columnOfMetric(metric));
    this.parameterNames = description.parameters.map((parameter) => parameter.name);
    this.parameterOf = new Map(description.parameters.map((parameter) => [parameter.name, parameter]));
    const names = [...this.columns.keys()];
    this.shortName = new Map(shortNames(names).map((name, i) => [names[i], name]));
    this.count = this.columns.get('trial').data.length;
    this.numbers = this.columns.get('trial').asNumbers();
    this.rowOf = new Map(Array.from(this.numbers, (number, row) => [number, row]));
    this.values = this.columns.get('value').asNumbers();
    this.outcomes = this.columns.get('outcome');
    this.violations = this.columns.get('violation').asNumbers();
    this.choices = new Map();  // of parameters, as theme.js finds them
    this.readCurves(description.curves, bytes);
    if (description.pruning) this.readReports(description.pruning.reports, bytes);
    if (description.paths) this.readPaths(description.paths, bytes);
    if (description.front) this.readFront(description.front, bytes);
  }
  readFront({ metrics, goals, trials, values, count }, bytes) {
    this.front = { metrics, goals, count, trials: arrayOf(bytes, trials), values: values.map((where) => arrayOf(bytes, where)) };
  }
  readCurves({ list, steps, values }, bytes) {
    const [allSteps, allValues] = [arrayOf(bytes, steps), arrayOf(bytes, values)];
    this.curvesOf = new Map();  // by trial, then metric
    for (const { trial, metric, at, count, measured } of list) {
      if (!this.curvesOf.has(trial)) this.curvesOf.set(trial, new Map());
      this.curvesOf.get(trial).set(metric, {
        steps: allSteps.subarray(at, at + count), values: allValues.subarray(at, at + count), measured,
      });
    }
  }
  // This study as one of its metrics sees it: 0 is the study's own, further ones follow.
  by(index) {
    if (index === 0) return this;
    const { name, goal, values, importance } = this.further[index - 1];
    return Object.assign(Object.create(this), { metric: name, values, importance, study: { ...this.study, metric: name, goal } });
  }
  // Of the two weights.
  readPaths({ list, steps, x, y }, bytes) {
    const [allSteps, allX, allY] = [steps, x, y].map((where) => arrayOf(bytes, where));
    this.pathOf = new Map(list.map(({ trial, at, count, measured }) => [trial,
      { steps: allSteps.subarray(at, at + count), x: allX.subarray(at, at + count), y: allY.subarray(at, at + count), measured }]));
  }
  readReports(reports, bytes) {
    this.reports = Object.fromEntries(Object.entries(reports).map(([name, where]) => [name, arrayOf(bytes, where)]));
  }
  outcome(row) {
    return this.outcomes.value(row);
  }
  // Completed with a finite value, and no constraint is violated.
  isRanked(row) {
    return this.outcome(row) === 'completed' && Number.isFinite(this.values[row]) && !(this.violations[row] > 0);
  }
  // From the best on.
  ranked(rows) {
    const sign = this.study.goal === 'minimize' ? 1 : -1;
    return rows.filter((row) => this.isRanked(row)).sort((a, b) => sign * (this.values[a] - this.values[b]) || a - b);
  }
}

// The head with its studies, of a text that page_data() made.
async function readData(text) {
  const [head, ...arrays] = text.split('\n');
  const data = JSON.parse(head);
  data.studies = await Promise.all(data.studies.map(async (study, i) => new Study(study, await inflated(arrays[i]))));
  return data;
}
