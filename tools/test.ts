import { spawn } from 'node:child_process'

/** What `node --test` counted in one layer. */
interface Count {
  readonly passed: number
  readonly failed: number
}

const LAYERS = ['check', 'unit', 'client', 'integ', 'vm'] as const
type Layer = (typeof LAYERS)[number]

/** Runs one npm script, shows its output, and counts the tests by the runner's closing lines. */
async function runLayer(layer: Layer): Promise<Count> {
  process.stdout.write(`\n=== ${layer} ===\n`)
  const child = spawn('npm', ['run', '--silent', layer === 'check' ? 'check' : `test:${layer}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FORCE_COLOR: '0' },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    output = (output + chunk.toString()).slice(-20_000)
  })
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  return countOf(output, status)
}

function countOf(output: string, status: number): Count {
  const number = (label: string): number => Number(output.match(new RegExp(`^ℹ ${label} (\\d+)$`, 'm'))?.[1] ?? 0)
  const passed = number('pass')
  const failed = number('fail') + number('cancelled')
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed }
}

const chosen = process.argv.slice(2)
const layers = LAYERS.filter((layer) => chosen.length === 0 || chosen.includes(layer))
const rows: string[] = []
let total: Count = { passed: 0, failed: 0 }
for (const layer of layers) {
  const began = performance.now()
  const count = await runLayer(layer)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  rows.push(`${layer.padEnd(7)} ${count.passed} passed, ${count.failed} failed in ${seconds} s`)
  total = { passed: total.passed + count.passed, failed: total.failed + count.failed }
}
process.stdout.write(`\n${rows.join('\n')}\n${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed === 0 ? 0 : 1
