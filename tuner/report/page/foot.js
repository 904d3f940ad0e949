'use strict';
// Where the results are from: the configuration, the plugins, the machine, and the licenses of the charts.

function block(title, ...children) {
  return element('section', {}, element('h2', {}, title), ...children);
}

function footOf(data, study, notice) {
  const overrides = study.overrides.length > 0 ? [element('p', {}, 'Run with ', ...study.overrides.flatMap((text, i) => [i > 0 ? ', ' : '', element('code', {}, `--set ${text}`)]))] : [];
  const plugins = study.plugins.map(({ kind, id, version, sha256, build, path }) => [kind, id, version, sha256, build, path]);
  return [
    block('Configuration', ...overrides, element('pre', { tabindex: '0', 'aria-label': 'The sweep file' }, study.config)),
    block('Plugins and files', plugins.length === 0 ? element('p', { class: 'muted' }, 'No trial has used any.')
      : element('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'Plugins' }, plainTable('Plugins', ['kind', 'id', 'version', 'sha256', 'compiler', 'file'], plugins))),
    block('Seed and machine', element('dl', { class: 'trial-facts' },
      [['seed of the study', study.study.seed], ['trials by', `tuner ${study.study.tuner_version}, study created at ${study.study.created_at}`],
        ['page by', `tuner ${data.tuner_version} at ${data.made_at}`], ['machine of the trials', study.machines.length > 0 ? study.machines.join('; ') : 'not recorded'], ['machine of the page', data.machine], ['database', data.database]]
        .flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, String(text))]))),
    element('details', {}, element('summary', {}, 'Licenses of the charts'), element('pre', { tabindex: '0', 'aria-label': 'Licenses' }, notice)),
  ];
}
