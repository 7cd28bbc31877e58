import { readFileSync } from 'node:fs'

/** Pixels: of one character, of one line, around the text, and of the bar above it. */
const CHARACTER = 7.8
const LINE = 18
const MARGIN = 16
const BAR = 28

/** Dark in both of a reader's colour schemes, as terminals are. */
const STYLE = [
  'text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d1d7e0;white-space:pre}',
  '.w{fill:#151b23;stroke:#3d444d}.d{fill:#656c76}.f{fill:#9198a1}.g{fill:#3fb950}.b{fill:#f85149}.y{fill:#d29922}',
].join('')

/** What a line is coloured by: its own words, because colours do not survive being written to a file. */
const TONES: readonly (readonly [RegExp, string])[] = [
  [/\bdegraded\b/, 'y'],
  [/^ *[\d.]+ +\+[\d.]+ +(?:alive|login prompt)/, 'g'],
  [/\b(?:failed|refused|not found)\b/, 'b'],
  [/^ +seconds +step/, 'f'],
]

/** Takes out what is of this host alone: where the demo's folder and the screenshot lie. */
export function withoutHostPaths(text: string): string {
  return text
    .replaceAll(/\/\S*\/netroot-lab-[^/\s]+\//g, '/tmp/netroot-lab-…/')
    .replaceAll(/^(screen +).*\/([^/\n]+)$/gm, '$1$2')
}

/** An SVG picture of what a program wrote to a terminal. */
export function terminalPicture(text: string): string {
  const lines = text.trimEnd().split('\n')
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN
  const height = lines.length * LINE + BAR + MARGIN
  const rows = lines.flatMap((line, at) => (line === '' ? [] : [textRow(line, BAR + (at + 1) * LINE)]))
  const dots = [0, 1, 2].map((at) => `<circle class="d" cx="${MARGIN + 6 + at * 18}" cy="16" r="5"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">
<style>${STYLE}</style>
<rect class="w" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${[...dots, ...rows].join('\n')}
</svg>
`
}

function textRow(line: string, y: number): string {
  const tone = TONES.find(([pattern]) => pattern.test(line))?.[1]
  const start = line.search(/\S/)
  const x = (MARGIN + start * CHARACTER).toFixed(1)
  const words = line.slice(start)
  // the length is given, so that columns stand under each other in any monospace font
  const length = (words.length * CHARACTER).toFixed(1)
  return `<text${tone === undefined ? '' : ` class="${tone}"`} x="${x}" y="${y}" textLength="${length}" xml:space="preserve">${escape(words)}</text>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

// node tools/terminal-picture.ts < demo.txt > docs/timeline.svg
if (import.meta.main) process.stdout.write(terminalPicture(withoutHostPaths(readFileSync(0, 'utf8'))))
