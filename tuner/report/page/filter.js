'use strict';
// Expressions such as `value < 0.1 and optimizer == adam and lr in [0.01, 0.1]`: the grammar and the meaning of
// filter.hpp. tests/browser/filter_cases.txt has what both must agree on.

class FilterError extends Error {}

const kMostDepth = 100;
const kSigns = ['==', '!=', '<=', '>=', '<', '>', '=', '~'];

class FilterReader {
  constructor(text, study) {
    this.text = text;
    this.study = study;
    this.at = 0;
    this.depth = 0;
  }
  read() {
    const test = this.readAny();
    this.skipBlanks();
    if (this.at < this.text.length) this.refuse("'and', 'or' or the end");
    return test;
  }
  refuse(due) {
    const rest = this.at < this.text.length ? `'${this.text.slice(this.at, this.at + 20)}'` : 'the end';
    throw new FilterError(`at character ${this.at + 1}: expected ${due}, found ${rest}`);
  }
  skipBlanks() {
    while (this.at < this.text.length && ' \t\n'.includes(this.text[this.at])) ++this.at;
  }
  // The word that comes next, which is not taken.
  nextWord() {
    this.skipBlanks();
    return /^[A-Za-z0-9_.+-]*/.exec(this.text.slice(this.at))[0];
  }
  takeWord(word) {
    if (this.nextWord() !== word) return false;
    this.at += word.length;
    return true;
  }
  take(sign) {
    this.skipBlanks();
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  readAny() {
    return this.readList('or', () => this.readAll(), (tests) => (row) => tests.some((test) => test(row)));
  }
  readAll() {
    return this.readList('and', () => this.readFactor(), (tests) => (row) => tests.every((test) => test(row)));
  }
  readList(word, read, join) {
    const first = read();
    if (this.nextWord() !== word) return first;
    const tests = [first];
    while (this.takeWord(word)) tests.push(read());
    return join(tests);
  }
  readFactor() {
    if (++this.depth > kMostDepth) this.refuse('an expression that is not so deep');
    const test = this.readSimple();
    --this.depth;
    return test;
  }
  readSimple() {
    if (this.takeWord('not')) {
      const test = this.readFactor();
      return (row) => !test(row);
    }
    if (this.take('(')) {
      const test = this.readAny();
      if (!this.take(')')) this.refuse("')'");
      return test;
    }
    const name = this.nextWord();
    if (name === '' || name === 'and' || name === 'or') this.refuse('a column, a parameter or a metric');
    this.at += name.length;
    return this.readComparison(cellsNamed(this.study, name));
  }
  readComparison(cell) {
    if (this.takeWord('in')) {
      if (!this.take('[')) this.refuse("'['");
      const values = [];
      do values.push(this.readValue()); while (this.take(','));
      if (!this.take(']')) this.refuse("',' or ']'");
      return testOfCell(cell, (value) => values.some((other) => areEqual(value, other)));
    }
    const sign = kSigns.find((candidate) => this.take(candidate));
    if (sign === undefined) this.refuse('a comparison: ==, !=, <, <=, >, >=, ~ or in');
    return comparison(sign, cell, this.readValue());
  }
  readValue() {
    this.skipBlanks();
    const quote = this.text[this.at];
    if (quote === '"' || quote === "'") {
      const end = this.text.indexOf(quote, this.at + 1);
      if (end < 0) this.refuse('a string that ends with a quote');
      const text = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      return text;
    }
    const word = this.nextWord();
    if (word === '') this.refuse('a value');
    this.at += word.length;
    return valueOfWord(word);
  }
}

function valueOfWord(word) {
  if (word === 'null') return null;
  if (word === 'true' || word === 'false') return word === 'true';
  if (/^-?nan$/i.test(word)) return NaN;
  if (/^-?inf(inity)?$/i.test(word)) return word.startsWith('-') ? -Infinity : Infinity;
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) return word;
  const number = Number(word);
  // One that a double cannot hold stays a word.
  const isLost = !Number.isFinite(number) || (number === 0 && /[1-9]/.test(word.replace(/e.*/i, '')));
  return isLost ? word : number;
}

// What a trial has under a name: a column, a parameter, the first one of the trial's whose last words it is, or a metric.
function cellsNamed(study, name) {
  const column = study.columns.get(name);
  if (column && !column.isParameter && !column.isMetric && name !== 'optimizer of the trial') return ofColumn(column);
  const parameters = study.parameterNames.filter((parameter) => parameter === name || parameter.endsWith(`.${name}`));
  if (parameters.length === 0) return ofMetric(study, name);
  parameters.sort((a, b) => (b === name) - (a === name));
  const candidates = parameters.map((parameter) => study.columns.get(parameter));
  if (candidates.length === 1) return ofColumn(candidates[0]);
  const there = (row) => candidates.find((candidate) => candidate.isThere(row));
  return { value: (row) => there(row)?.value(row) ?? null, text: (row) => there(row)?.text(row) ?? '' };
}

// Of one that the study minimizes or maximizes.
function ofMetric(study, name) {
  const column = study.columns.get(name === study.metric ? 'value' : name);
  if (!column) throw new FilterError(`'${name}' is no column, no parameter and no metric of the study`);
  return ofColumn(column);
}

function ofColumn(column) {
  return { value: (row) => column.value(row), text: (row) => column.text(row), hasSeveral: column.name === 'tag' && !column.isParameter };
}

// Of the tags of a trial a comparison holds where it holds for one of them; `all`: for each of them.
function testOfCell(cell, holds, all = false) {
  if (!cell.hasSeveral) return (row) => holds(cell.value(row), () => cell.text(row));
  return (row) => {
    const tags = cell.value(row) ?? [null];
    const holdsFor = (tag) => holds(tag, () => tag);
    return all ? tags.every(holdsFor) : tags.some(holdsFor);
  };
}

function areEqual(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a === b || (Number.isNaN(a) && Number.isNaN(b));
  return a === b;
}

// By their bytes in UTF-8, which is by their code points.
function compareTexts(a, b) {
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < x.length && i < y.length; ++i)
    if (x[i] !== y[i]) return x[i].codePointAt(0) - y[i].codePointAt(0);
  return x.length - y.length;
}

// Null where they are not two numbers or two texts; NaN is neither below nor above anything.
function order(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : a === b ? 0 : null;
  return typeof a === 'string' && typeof b === 'string' ? compareTexts(a, b) : null;
}

function comparison(sign, cell, other) {
  if (sign === '==' || sign === '=') return testOfCell(cell, (value) => areEqual(value, other));
  if (sign === '!=') return testOfCell(cell, (value) => !areEqual(value, other), true);
  if (sign === '~') {
    const part = typeof other === 'number' ? sixDigits(other) : displayed(other);
    return testOfCell(cell, (value, text) => value !== null && text().includes(part));
  }
  const holds = { '<': (o) => o < 0, '<=': (o) => o <= 0, '>': (o) => o > 0, '>=': (o) => o >= 0 }[sign];
  return testOfCell(cell, (value) => {
    const o = order(value, other);
    return o !== null && holds(o);
  });
}

// The rows of the study that match, all of them where there is no expression. Throws FilterError.
function filteredRows(study, expression) {
  const rows = Array.from({ length: study.count }, (_, row) => row);
  if (expression.trim() === '') return rows;
  return rows.filter(new FilterReader(expression, study).read());
}
