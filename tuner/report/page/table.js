'use strict';
// The table of trials. Rows that are not to be seen are not there: a row above and one below are as high as they would
// be together.

const kRowHeight = 30;
const kPrintedRows = 30;

class TrialTable {
  // select(numbers): called with the set of selected trials when it changes.
  constructor(study, select) {
    this.study = study;
    this.select = select;
    this.chosen = new Set();
    this.sort = { name: 'trial', descending: false };
    this.current = 0;
    this.rows = [];
    const replicated = study.study.repeats !== 1 ? ['configuration', 'replicate'] : [];
    const metrics = [...study.columns.values()].filter((column) => column.isMetric).map((column) => column.name);
    this.shown = ['trial', ...replicated, 'outcome', 'value', ...metrics, 'seconds', 'steps', ...study.parameterNames.slice(0, 12)];
    this.head = element('thead');
    this.body = element('tbody');
    this.table = element('table', { id: 'trial-rows', role: 'grid', tabindex: '0', 'aria-multiselectable': 'true', 'aria-label': 'Trials',
      'aria-describedby': 'grid-help', onkeydown: (event) => this.press(event) }, this.head, this.body);
    this.grid = element('div', { id: 'grid', class: 'scroller', onscroll: () => this.paint() }, this.table);
    this.count = element('span', { role: 'status' });
    this.detail = element('div', { id: 'trial-detail' });
    this.node = element('section', { id: 'trials', 'aria-labelledby': 'trials-title' },
      element('div', { class: 'top' }, element('h2', { id: 'trials-title' }, 'Trials'),
        element('div', { class: 'controls' }, this.count,
          element('button', { type: 'button', onclick: () => this.choose(this.bestRows(5)) }, 'Select the best 5'),
          element('button', { type: 'button', onclick: () => this.choose([]) }, 'Select none'))),
      element('p', { class: 'help', id: 'grid-help' }, 'Click a heading to sort by it. Arrow keys, Page Up, Page Down, Home and End go ' +
        'from row to row, Space selects a trial for the learning curves, Enter shows all of it.'),
      this.columnChoice(), this.grid, this.detail);
    this.painted = {};
    this.writeHead();
  }
  columnChoice() {
    const names = [...this.study.columns.keys()].filter((name) => name !== 'optimizer of the trial');
    const boxes = names.map((name) => check(name, this.shown.includes(name), (isOn) => {
      this.shown = names.filter((other) => (other === name ? isOn : this.shown.includes(other)));
      this.writeHead();
      this.paint(true);
    }));
    return element('details', { id: 'columns' }, element('summary', {}, 'Columns'), element('div', { class: 'columns' }, boxes));
  }
  writeHead() {
    const cells = this.shown.map((name) => {
      const sorted = this.sort.name === name;
      const direction = this.sort.descending ? 'descending' : 'ascending';
      const mark = sorted ? (this.sort.descending ? ' ▾' : ' ▴') : '';
      return element('th', { scope: 'col', class: this.isRight(name) ? 'right' : false, 'aria-sort': sorted ? direction : 'none' },
        element('button', { type: 'button', title: name, onclick: () => this.sortBy(name) }, this.study.shortName.get(name) + mark));
    });
    this.head.replaceChildren(element('tr', {}, element('th', { scope: 'col' }, 'curve'), cells));
    this.table.setAttribute('aria-colcount', this.shown.length + 1);
  }
  isRight(name) {
    const column = this.study.columns.get(name);
    return column.choices === null && !column.isTime;
  }
  sortBy(name) {
    this.sort = { name, descending: this.sort.name === name && !this.sort.descending };
    const focused = this.shown.indexOf(name);
    this.writeHead();
    this.head.querySelectorAll('button')[focused]?.focus();
    this.show(this.filtered);
  }
  show(rows) {
    this.filtered = rows;
    this.rows = this.sorted(rows);
    this.current = Math.min(this.current, Math.max(this.rows.length - 1, 0));
    this.count.textContent = `${plural(this.rows.length, 'trial')}, ${this.chosen.size} selected`;
    this.table.setAttribute('aria-rowcount', this.rows.length + 1);
    this.grid.scrollTop = 0;
    this.paint(true);
  }
  // What is missing comes last in both directions.
  sorted(rows) {
    const { name, descending } = this.sort;
    const column = this.study.columns.get(name);
    const sign = descending ? -1 : 1;
    const there = rows.filter((row) => column.isThere(row) && column.value(row) !== null);
    const missing = rows.filter((row) => !column.isThere(row) || column.value(row) === null);
    if (column.choices) {
      // The choices are few: they are put in order once.
      const order = column.choices.map((item, i) => i).sort((a, b) => compareCells(column.choices[a].value, column.choices[b].value));
      const place = [];
      order.forEach((item, i) => { place[item] = i; });
      there.sort((a, b) => sign * (place[column.data[a]] - place[column.data[b]]) || a - b);
    } else {
      const numbers = column.asNumbers();
      there.sort((a, b) => sign * compareCells(numbers[a], numbers[b]) || a - b);
    }
    return [...there, ...missing];
  }
  paint(all = false) {
    const first = printing ? 0 : Math.max(0, Math.floor(this.grid.scrollTop / kRowHeight) - 10);
    const last = printing ? Math.min(this.rows.length, kPrintedRows) : Math.min(this.rows.length, first + Math.ceil(this.grid.clientHeight / kRowHeight) + 20);
    if (!all && this.painted.first === first && this.painted.last === last) return;
    this.painted = { first, last };
    const space = (count) => element('tr', { class: 'space', 'aria-hidden': 'true' }, element('td', { colspan: this.shown.length + 1 }));
    const above = space();
    const below = space();
    above.firstChild.style.height = `${first * kRowHeight}px`;
    below.firstChild.style.height = printing ? '0' : `${(this.rows.length - last) * kRowHeight}px`;
    const lines = this.rows.slice(first, last).map((row, i) => this.line(row, first + i));
    this.body.replaceChildren(above, ...lines, below);
    this.markCurrent();
  }
  line(row, index) {
    const number = this.study.numbers[row];
    const isChosen = this.chosen.has(number);
    const box = element('input', { type: 'checkbox', tabindex: '-1', checked: isChosen, 'aria-label': `curve of trial ${number}`,
      onclick: (event) => { event.stopPropagation(); this.go(index); this.toggle(row); } });
    return element('tr', { id: `trial-${number}`, 'aria-rowindex': index + 2, 'aria-selected': String(isChosen), class: isChosen ? 'chosen' : '',
      onclick: () => { this.go(index); this.showTrial(row); } },
    element('td', {}, box), this.shown.map((name) => this.cell(name, row)));
  }
  cell(name, row) {
    const text = this.study.columns.get(name).text(row);
    const td = element('td', { class: this.isRight(name) ? 'right' : false, title: text.length > 30 ? text : false });
    td.append(name === 'outcome' ? outcomeMark(text) : text);
    return td;
  }
  go(index) {
    this.current = Math.min(Math.max(index, 0), this.rows.length - 1);
    this.markCurrent();
  }
  markCurrent() {
    this.body.querySelector('.current')?.classList.remove('current');
    const number = this.study.numbers[this.rows[this.current]];
    const line = this.rows.length > 0 ? this.body.querySelector(`#trial-${number}`) : null;
    line?.classList.add('current');
    if (line) this.table.setAttribute('aria-activedescendant', line.id);
    else this.table.removeAttribute('aria-activedescendant');
  }
  press(event) {
    if (event.target !== this.table || this.rows.length === 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / kRowHeight) - 2);
    const to = { ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: this.current + page,
      PageUp: this.current - page, Home: 0, End: this.rows.length - 1 }[event.key];
    if (to !== undefined) {
      this.go(to);
      this.scrollToCurrent();
    } else if (event.key === ' ') {
      this.toggle(this.rows[this.current]);
    } else if (event.key === 'Enter') {
      this.showTrial(this.rows[this.current]);
    } else {
      return;
    }
    event.preventDefault();
  }
  scrollToCurrent() {
    const head = this.head.offsetHeight;
    const top = this.current * kRowHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    const room = this.grid.clientHeight - head - kRowHeight;
    if (top > this.grid.scrollTop + room) this.grid.scrollTop = top - room;
    this.paint();
    this.markCurrent();
  }
  bestRows(count) {
    return this.study.ranked(this.filtered).slice(0, count);
  }
  choose(rows) {
    this.chosen = new Set(rows.map((row) => this.study.numbers[row]));
    this.changed();
  }
  toggle(row) {
    const number = this.study.numbers[row];
    if (!this.chosen.delete(number)) this.chosen.add(number);
    this.changed();
  }
  changed() {
    this.count.textContent = `${plural(this.rows.length, 'trial')}, ${this.chosen.size} selected`;
    this.paint(true);
    this.select(this.chosen);
  }
  showTrial(row) {
    const facts = [...this.study.columns.values()].filter((column) => column.isThere(row)).flatMap((column) => [
      element('dt', {}, column.name), element('dd', {}, column.name === 'outcome' ? outcomeMark(column.text(row)) : column.text(row))]);
    this.detail.replaceChildren(element('h3', {}, `Trial ${this.study.numbers[row]}`), element('dl', { class: 'trial-facts' }, facts));
  }
}

// Numbers, NaN, then texts.
function compareCells(a, b) {
  const rank = (value) => (typeof value === 'number' ? (Number.isNaN(value) ? 1 : 0) : 2);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 0) return a - b;
  return rank(a) === 2 ? compareTexts(displayed(a), displayed(b)) : 0;
}

function outcomeMark(outcome) {
  const mark = element('span', { class: 'outcome', 'data-shape': kOutcomeLooks[outcome]?.shape }, outcome);
  if (kOutcomeLooks[outcome]) mark.style.setProperty('--mark', outcomeColor(outcome));
  return mark;
}

let printing = false;
