import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkHost } from '../src/lab/preconditions.ts'
import { run } from '../src/sys/run.ts'
import { describeHost } from './host.ts'
import { bootMade } from './initramfs-boots.ts'
import { imageOf, makeOne, MAKERS, type MakerName } from './initramfs-makers.ts'
import { initramfsNotes, initramfsTable, type InitramfsSample, linesOf } from './initramfs-report.ts'
import { type BenchRoot, benchRoot } from './initramfs-root.ts'
import { type Measured, measuredRun } from './measured-run.ts'
import type { BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'

/** Whose boots are measured: a cache changes nothing of what is booted, and `most` is more of `netboot`. */
const BOOTED: ReadonlySet<MakerName> = new Set(['generic', 'fitted', 'netboot', 'dracut'])

/** netroot's initramfs against initramfs-tools' and dracut's: made from one root and booted in one virtual machine. */
export async function initramfsBench({ runs, json, signal, tell }: BenchOptions): Promise<string> {
  await checkHost(['bios'])
  await needPrograms({ '/usr/bin/time': 'time', '/usr/bin/zstd': 'zstd' }, tell)
  await using root = await benchRoot(tell, signal)
  const host = await describeHost()
  const samples: Record<MakerName, InitramfsSample[]> = {
    generic: [],
    warm: [],
    fitted: [],
    netboot: [],
    most: [],
    dracut: [],
  }
  await makeOne('warm', root, signal) // fills the cache, and the host's page cache with the root
  for (let turn = 1; turn <= runs; turn++) {
    for (const name of Object.keys(MAKERS) as MakerName[]) {
      const made = await makeOne(name, root, signal)
      const sample = BOOTED.has(name) ? { ...made, boot: await bootMade(name, root, signal) } : made
      samples[name].push(sample)
      tell(`run ${turn} of ${runs}, ${MAKERS[name].title}: ${made.wallSeconds.toFixed(2)} s`)
    }
  }
  const { limit, bytes } = await physicalLimit(root, signal)
  if (json) return `${JSON.stringify({ bench: 'initramfs', host, lines: linesOf(samples), limit, samples })}\n`
  const where = `${root.info.system}, kernel ${root.kernelVersion}; ${host.cores} x ${host.processor}, load ${host.load}`
  return `${where}\n\n${initramfsTable(samples)}${initramfsNotes(limit, bytes)}`
}

/** netroot's own bytes with nothing to do but to compress them. */
async function physicalLimit(root: BenchRoot, signal: AbortSignal): Promise<{ limit: Measured; bytes: number }> {
  await makeOne('generic', root, signal)
  const unpacked = join(root.directory, 'tmp', 'bench.cpio')
  await run('sh', ['-c', 'zstd -q -d -c "$0" >"$1"', imageOf(root), unpacked], { signal })
  const limit = await measuredRun('sh', ['-c', 'zstd -q -T0 -c "$0" >/dev/null', unpacked], signal)
  return { limit, bytes: (await readFile(unpacked)).byteLength }
}
