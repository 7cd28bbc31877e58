import { spawn } from 'node:child_process'

/** What `node --test` counted in one layer. */
interface Count {
  readonly passed: number
  readonly failed: number
  /** What went wrong outside of any test, in the runner's words. */
  readonly strays: readonly string[]
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
    output += chunk.toString()
  })
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  return countOf(output, status)
}

function countOf(output: string, status: number): Count {
  const number = (label: string): number => Number(output.match(new RegExp(`^ℹ ${label} (\\d+)$`, 'm'))?.[1] ?? 0)
  const passed = number('pass')
  const failed = number('fail') + number('cancelled')
  const strays = output.match(/^ℹ Error: .*$/gm) ?? []
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed, strays }
}

const chosen = process.argv.slice(2)
const layers = LAYERS.filter((layer) => chosen.length === 0 || chosen.includes(layer))
const rows: string[] = []
let passed = 0
let failed = 0
for (const layer of layers) {
  const began = performance.now()
  const count = await runLayer(layer)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  rows.push(`${layer.padEnd(7)} ${count.passed} passed, ${count.failed} failed in ${seconds} s`, ...count.strays)
  passed += count.passed
  failed += count.failed
}
process.stdout.write(`\n${rows.join('\n')}\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
