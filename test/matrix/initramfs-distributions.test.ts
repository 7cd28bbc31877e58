import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { moduleNameOfPath } from '../../src/formats/kmod/module-name.ts'
import { inspectInitramfs, type Segment } from '../../src/initramfs/inspect.ts'
import { temporaryDirectory } from '../../src/initramfs/testing.ts'
import { TEST_CACHE } from '../support/debian.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'
import { DISTRIBUTIONS, type KernelRoot, kernelRoot } from './kernel-roots.ts'

const CARDS = { generic: [], fitted: ['--fit', '8086:100e'] } as const
/** Of ELF: EM_386, EM_X86_64, EM_AARCH64. */
const MACHINES: Readonly<Record<string, number>> = { i386: 3, amd64: 62, arm64: 183 }

interface Built {
  readonly segments: readonly Segment[]
  readonly bytes: number
  readonly modules: readonly string[]
}

async function build({ directory, kernelVersion }: KernelRoot, words: readonly string[]): Promise<Built> {
  await using scratch = await temporaryDirectory()
  const file = join(scratch.path, 'initramfs')
  const store = ['--store', join(TEST_CACHE, 'store')]
  const args = ['initramfs', 'build', directory, '--kernel', kernelVersion, ...words, '-o', file, ...store]
  const ended = await runToEnd(NETROOT, args)
  assert.equal(ended.status, 0, ended.stderr)
  const bytes = await readFile(file)
  const segments = await inspectInitramfs(bytes)
  const names = segments.flatMap(({ entries }) => entries.map(({ name }) => name))
  return { segments, bytes: bytes.byteLength, modules: names.flatMap((name) => moduleNameOfPath(name) ?? []) }
}

for (const distribution of DISTRIBUTIONS) {
  const { suite, architecture } = distribution
  describe(`an initramfs for the kernel of Debian ${suite} (${architecture})`, { timeout: 600_000 }, () => {
    test('generic: every card, NFS, NBD, overlay, and a busybox of that processor [HT23, AW14]', async (t) => {
      const root = await kernelRoot(distribution)
      const { segments, bytes, modules } = await build(root, CARDS.generic)
      for (const name of ['e1000', 'r8169', 'virtio_net', 'r8152', 'mlx5_core', 'nfsv3', 'nfsv4', 'overlay', 'nbd'])
        assert.ok(modules.includes(name), name)
      assert.deepEqual(
        segments.map(({ compression }) => compression),
        ['zstd'],
      )
      const busybox = segments.flatMap(({ entries }) => entries).find(({ name }) => name === 'bin/busybox')
      assert.ok(busybox?.type === 'file')
      assert.equal(Buffer.from(busybox.content).readUInt16LE(18), MACHINES[architecture])
      t.diagnostic(`${root.kernelVersion}: ${modules.length} modules, ${bytes} bytes`)
    })

    test('fitted to one card: its driver, what roots need, no other card [FB20]', async (t) => {
      const { bytes, modules } = await build(await kernelRoot(distribution), CARDS.fitted)
      assert.ok(modules.includes('e1000') && modules.includes('nfsv3') && !modules.includes('e1000e'))
      assert.ok(modules.length < 80, `${modules.length} modules`)
      t.diagnostic(`${modules.length} modules, ${bytes} bytes`)
    })
  })
}
