'use strict';
// A study with several metrics: what no other configuration dominates, and the others.

const kMostDominated = 4000;

function frontFigure(view) {
  const { front } = view.study;
  const names = front.metrics.map((name, i) => [String(i), `${name} (${front.goals[i]})`]);
  let [across, up] = [0, 1];
  const figure = new Figure({
    select: (number) => view.toggle(number),
    id: 'front', title: 'Front',
    help: 'The configurations that no other one is at least as good as in all metrics and better in one, beside the others.',
    controls: [choice('Across', names, String(across), (to) => { across = Number(to); figure.refresh(); }),
      choice('Up', names, String(up), (to) => { up = Number(to); figure.refresh(); })],
    draw: () => {
      const shown = new Set(view.rows.map((row) => view.study.numbers[row]));
      const at = [...front.trials.keys()].filter((i) => shown.has(front.trials[i]));
      const best = at.filter((i) => i < front.count);
      const others = drawn(at.filter((i) => i >= front.count), kMostDominated);
      if (at.length === 0) return { told: 'No configuration that is shown has a value of every metric.' };
      const point = (i) => [front.values[across][i], front.values[up][i], front.trials[i]];
      const series = (name, list, more) => ({ name, type: 'scatter', data: list.map(point), ...more });
      return {
        told: `${plural(best.length, 'configuration')} of ${short(at.length)} ${best.length === 1 ? 'is' : 'are'} on the front.`,
        option: {
          legend: legend(), grid: grid(),
          tooltip: tooltip({ trigger: 'item', formatter: ({ value }) => `trial ${short(value[2])}\n${front.metrics[across]}: ${short(value[0])}\n${front.metrics[up]}: ${short(value[1])}` }),
          xAxis: axis(front.metrics[across], { scale: true }), yAxis: yAxis(front.metrics[up], { scale: true }),
          series: [
            series('dominated', others, { symbol: 'circle', symbolSize: others.length > 500 ? 4 : 6, itemStyle: { color: seriesColor(0), opacity: 0.5 } }),
            series('front', best, { symbol: 'diamond', symbolSize: 10, z: 4, itemStyle: { color: seriesColor(1) } }),
          ],
        },
        trialOf: ({ value }) => value[2],
        columns: ['trial', ...front.metrics], rows: best.map((i) => [front.trials[i], ...front.values.map((values) => values[i])]),
      };
    },
  });
  return figure;
}
