import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { ReleaseStore } from '../src/image/store.ts'
import { checkHost } from '../src/lab/preconditions.ts'
import { readPath } from '../src/storage/paths.ts'
import { type BenchImage, benchImage } from './boot-image.ts'
import { bootOnce, type Contender, CONTENDERS } from './boot-once.ts'
import { bootTable, comparisonOf, headingOf, type MeasuredBoot, NOTES } from './boot-report.ts'
import { describeHost } from './host.ts'
import { unpackedBytes } from './initramfs-size.ts'
import type { BenchOptions } from './options.ts'

/** netroot's initramfs against Debian's own: one release, one virtual machine, the same servers, in turn. */
export async function bootBench({ runs, json, signal, tell }: BenchOptions): Promise<string> {
  await checkHost(['bios'])
  const image = await benchImage(tell, signal)
  const system = `${image.info.system}, ${await generatorOf(image)}, kernel ${image.info.kernels[0]?.version}`
  await readOnce(join(image.store, 'releases', image.info.digest, 'root.tar'), signal)
  const host = await describeHost()
  const boots: Record<Contender, MeasuredBoot[]> = { netroot: [], debian: [], readOnly: [] }
  for (let run = 1; run <= runs; run++) {
    for (const contender of Object.keys(CONTENDERS) as Contender[]) {
      const boot = await bootOnce(contender, image, signal)
      boots[contender].push({ ...boot, unpackedBytes: await unpackedBytes(boot.initramfs, image) })
      tell(`run ${run} of ${runs}, ${CONTENDERS[contender].title}: login after ${boot.loginSeconds.toFixed(1)} s`)
    }
  }
  if (json) return `${JSON.stringify({ bench: 'boot', system, host, comparison: comparisonOf(boots), boots })}\n`
  return `${headingOf(host, system, boots)}\n${bootTable(boots)}${NOTES}`
}

/** No boot is to pay for the disk of the host: the release is in its page cache from the first one on. */
async function readOnce(path: string, signal: AbortSignal): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), nowhere, { signal })
}

/** Which version of Debian's generator made its initramfs. */
async function generatorOf({ store, info }: BenchImage): Promise<string> {
  await using release = await (await ReleaseStore.open(store)).openRelease(info.digest)
  const status = (await readPath(release.tree, 'var/lib/dpkg/status'))?.toString('utf8') ?? ''
  const version = /^Package: initramfs-tools\n(?:.+\n)*?Version: (.+)$/m.exec(status)?.[1]
  return `initramfs-tools ${version ?? 'of unknown version'}`
}
