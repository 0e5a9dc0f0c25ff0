// Draws terminal output as SVG: npm run demo -- --exit | node scripts/terminal-picture.mjs 'An update' > docs/push.svg
// The argument names the section of the demo's output that is drawn.
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';

const CHARACTER = 8.4;
const LINE = 18;
const COLORS = { plain: '#d6deeb', dim: '#8793a6', good: '#7ee787', bad: '#ff7b72', title: '#79c0ff' };

const section = process.argv[2] ?? '';
const output = stripVTControlCharacters(await text(process.stdin));
const blocks = output.split(/\n(?=\S)/);
const chosen = blocks.findIndex((block) => block.startsWith(section));
if (chosen < 0) throw new Error(`the output has no section that begins with "${section}"`);
const lines = ['$ git push production HEAD:production', ...blocks[chosen].split('\n').slice(1)]
  .map((line) => line.replace(/^ {2}/, '').trimEnd())
  .filter((line) => line !== '');

const columns = Math.max(...lines.map((line) => line.length));
const width = Math.ceil(columns * CHARACTER + 48);
const height = lines.length * LINE + 64;
process.stdout.write(
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="Output of a push">`,
    `<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (color, index) => `<circle cx="${24 + index * 20}" cy="22" r="6" fill="${color}"/>`,
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
    ...lines.map(
      (line, index) =>
        `<text x="24" y="${56 + index * LINE}" fill="${colorOf(line)}">${escaped(line)}</text>`,
    ),
    '</g></svg>\n',
  ].join('\n'),
);

function colorOf(line) {
  if (line.startsWith('$')) return COLORS.title;
  if (/✔|admitted|succeeded/.test(line)) return COLORS.good;
  if (/✖|TAKING BACK|TAKEN BACK/.test(line)) return COLORS.bad;
  return /remote:\s+\d/.test(line) ? COLORS.plain : COLORS.dim;
}

function escaped(line) {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
