'use strict';
// A chart with its title, its controls, what it says in words, and the table behind it.

const figures = [];
const kMostTableRows = 500;

const whenSeen = new IntersectionObserver((entries) => {
  for (const entry of entries) figureOf.get(entry.target)?.see(entry.isIntersecting);
}, { rootMargin: '300px' });
const whenResized = new ResizeObserver((entries) => {
  for (const entry of entries) figureOf.get(entry.target)?.resize();
});
const figureOf = new WeakMap();

class Figure {
  // draw(): {option, told, columns, rows, height, ready, trialOf}: what ECharts draws, one or two sentences that say what
  // is to be seen, and the table; without an option `told` says why there is no chart. ready(chart): once it is drawn.
  // trialOf(mark): the number of the trial of what was clicked, which select(number) then gets.
  constructor({ id, title, help, controls = [], draw, select = null }) {
    this.select = select;
    this.draw = draw;
    this.isDirty = true;
    this.isSeen = false;
    this.told = element('p', { class: 'told', id: `${id}-told` });
    this.place = element('div', { class: 'chart', 'aria-describedby': `${id}-told` });
    this.controls = element('div', { class: 'controls' }, controls);
    this.scroller = element('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': `Table: ${title}` });
    this.details = element('details', { ontoggle: () => this.fillTable() }, element('summary', {}, 'Table'), this.scroller);
    this.node = element('section', { id, 'aria-labelledby': `${id}-title` },
      element('div', { class: 'top' }, element('h2', { id: `${id}-title` }, title), this.controls),
      element('p', { class: 'help' }, help), this.told, this.place, this.details);
    this.title = title;
    figures.push(this);
    figureOf.set(this.node, this).set(this.place, this);
    whenSeen.observe(this.node);
    whenResized.observe(this.place);
  }
  // What nobody looks at is drawn when somebody does.
  refresh() {
    this.isDirty = true;
    if (this.isSeen) this.render();
  }
  see(isSeen) {
    this.isSeen = isSeen;
    if (isSeen && this.isDirty) this.render();
  }
  resize() {
    if (!this.chart || this.place.clientWidth === 0) return;
    this.chart.resize();
    if (this.drawn?.onWidth) this.refresh();
  }
  render() {
    this.isDirty = false;
    const drawn = this.draw(this.place.clientWidth || 800);
    this.drawn = drawn;
    this.told.textContent = drawn.told;
    this.told.className = drawn.option ? 'told' : 'empty';
    this.place.hidden = !drawn.option;
    this.details.hidden = !drawn.option || !drawn.columns;
    if (this.details.open) this.fillTable();
    if (!drawn.option) return;
    this.place.style.height = drawn.height ? `${drawn.height}px` : '';
    if (!this.chart) this.begin();
    this.chart.resize();
    this.chart.setOption({
      animation: false, backgroundColor: 'transparent', textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      aria: { enabled: true, label: { description: `${this.title}. ${drawn.told} The table below the chart has the numbers.` } },
      ...drawn.option,
    }, true);
    drawn.ready?.(this.chart);
  }
  begin() {
    this.chart = tunerCharts.init(this.place, null, { renderer: 'canvas' });
    this.chart.on('click', (mark) => {
      const number = this.drawn.trialOf?.(mark);
      if (number !== undefined) this.select?.(number);
    });
  }
  fillTable() {
    if (!this.details.open || !this.drawn?.columns) return;
    const all = typeof this.drawn.rows === 'function' ? this.drawn.rows() : this.drawn.rows;
    this.scroller.replaceChildren(plainTable(this.title, this.drawn.columns, all));
  }
  dispose() {
    whenSeen.unobserve(this.node);
    whenResized.unobserve(this.place);
    this.chart?.dispose();
    figures.splice(figures.indexOf(this), 1);
  }
}

// Cells: texts, or numbers, which stand at the right.
function plainTable(caption, columns, rows) {
  const isRight = columns.map((_, c) => rows.some((row) => typeof row[c] === 'number'));
  const cell = (value, c) => element('td', { class: isRight[c] ? 'right' : false },
    typeof value === 'number' ? sixDigits(value) : String(value ?? ''));
  const more = rows.length - kMostTableRows;
  return element('table', { 'aria-label': caption },
    element('thead', {}, element('tr', {}, columns.map((name, c) =>
      element('th', { scope: 'col', class: isRight[c] ? 'right' : false }, name)))),
    element('tbody', {}, rows.slice(0, kMostTableRows).map((row) => element('tr', {}, row.map(cell))),
      more > 0 ? element('tr', {}, element('td', { colspan: columns.length }, `and ${plural(more, 'row')} more`)) : null));
}

function choice(label, options, chosen, change) {
  const select = element('select', { onchange: () => change(select.value) },
    options.map(([value, text]) => element('option', { value, selected: value === chosen }, text)));
  return element('label', {}, `${label} `, select);
}

function check(label, isChecked, change) {
  const box = element('input', { type: 'checkbox', checked: isChecked, onchange: () => change(box.checked) });
  return element('label', {}, box, ` ${label}`);
}

addEventListener('beforeprint', () => {
  const before = document.documentElement.dataset.theme;
  applyTheme('light');
  for (const figure of figures) figure.render();
  addEventListener('afterprint', () => {
    applyTheme(before);
    for (const figure of figures) figure.refresh();
  }, { once: true });
});
