// Writes ../charts.min.js and ../charts.NOTICE.txt: `npm ci && npm run build` in this folder. Both are committed, so
// that nobody who builds tuner needs node.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const packages = ['echarts', 'zrender', 'tslib', 'd3-contour', 'd3-array', 'internmap'];
const bundle = await build({
  entryPoints: ['charts.js'],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2020',
  charset: 'ascii',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  metafile: true,
  write: false,
});

// Every package that is in it has its license in the notice, and the notice names no other.
const inside = new Set(Object.keys(bundle.metafile.inputs).map((file) => file.match(/node_modules\/([^/]+)\//)?.[1]));
inside.delete(undefined);
for (const name of inside) if (!packages.includes(name)) throw new Error(`the notice does not know ${name}`);

const text = bundle.outputFiles[0].text;
if (/<\/script|<!--/i.test(text)) throw new Error('the bundle would end the script element that it is in');
const read = (file) => readFileSync(file, 'utf8').trim();
const versions = packages.filter((name) => inside.has(name)).map((name) => {
  const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
  return { name, version, license };
});
const line = versions.map(({ name, version, license }) => `${name} ${version} (${license})`).join(', ');
writeFileSync('../charts.min.js', `/* ${line}: see charts.NOTICE.txt */\n${text}`);

let notice = `charts.min.js is made of parts of these packages: ${line}.\nTheir notices and licenses:\n`;
for (const { name, version } of versions) {
  notice += `\n==== ${name} ${version}\n\n`;
  if (name === 'echarts') notice += `${read('node_modules/echarts/NOTICE')}\n\n`;
  const file = ['LICENSE', 'LICENSE.txt'].find((candidate) => {
    try { return read(`node_modules/${name}/${candidate}`); } catch { return false; }
  });
  notice += `${read(`node_modules/${name}/${file}`)}\n`;
}
writeFileSync('../charts.NOTICE.txt', notice);
console.log(`charts.min.js: ${text.length} bytes`);
