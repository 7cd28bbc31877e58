import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminalPicture, withoutHostPaths } from './terminal-picture.ts'

test('terminalPicture() draws each line at its column, escaped and coloured by its words', () => {
  const svg = terminalPicture('    2.30   +2.30  alive as <pc>\n\n  x failed\n')
  assert.match(svg, /^<svg xmlns="[^"]+" viewBox="0 0 \d+ \d+">\n/)
  const texts = [...svg.matchAll(/<text( class="\w")? x="([\d.]+)" y="(\d+)" textLength="([\d.]+)"[^>]*>([^<]*)</g)]
  assert.deepEqual(
    texts.map(([, ...fields]) => fields),
    [
      [' class="g"', '47.2', '46', '210.6', '2.30   +2.30  alive as &lt;pc>'],
      [' class="b"', '31.6', '82', '62.4', 'x failed'],
    ],
  )
})

test('withoutHostPaths() leaves no folder of the host in it', () => {
  const text =
    'screen  /home/me/netroot-demo.png\nconsole UNIX-CONNECT:/var/tmp/netroot-lab-1-2-3-abc/demo.console while\n'
  assert.equal(
    withoutHostPaths(text),
    'screen  netroot-demo.png\nconsole UNIX-CONNECT:/tmp/netroot-lab-…/demo.console while\n',
  )
})
