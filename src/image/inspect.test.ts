import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openTarTree } from '../storage/tar-tree.ts'
import { inspectRoot, type RootInfo } from './inspect.ts'
import { archOfBinary } from './kernel-arch.ts'
import { SPECIMEN_KERNEL, type SpecimenRoot, specimenTar } from './specimen.ts'
import { compareVersions } from './version.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-inspect-'))
after(() => rmSync(base, { recursive: true }))

async function inspect(changes: { readonly [path: string]: SpecimenRoot[string] | undefined } = {}): Promise<RootInfo> {
  const path = join(base, 'root.tar')
  writeFileSync(path, specimenTar(changes))
  const tree = await openTarTree(path)
  try {
    return await inspectRoot(tree)
  } finally {
    await tree.close()
  }
}
const MODULES = './usr/lib/modules/6.1.0-10-amd64'

test('inspectRoot() tells system, architecture and kernels, the newest first', async () => {
  const kernel = { size: 1024, arch: 'amd64' }
  assert.deepEqual(await inspect(), {
    system: 'Specimen GNU/Linux 1',
    arch: 'amd64',
    kernels: [
      {
        version: '6.1.0-10-amd64',
        path: 'boot/vmlinuz-6.1.0-10-amd64',
        ...kernel,
        modules: 'lib/modules/6.1.0-10-amd64',
      },
      { version: '6.1.0-9-amd64', path: 'boot/vmlinuz-6.1.0-9-amd64', ...kernel, modules: null },
    ],
  })
})

test('inspectRoot() finds the kernel beside its modules, as Fedora has it, and the architecture in dpkg', async () => {
  const boot = { './boot/vmlinuz-6.1.0-9-amd64': undefined, './boot/vmlinuz-6.1.0-10-amd64': undefined }
  const found = await inspect({
    ...boot,
    [`${MODULES}/vmlinuz`]: 'compressed as a whole',
    './var/lib/dpkg/arch': 'arm64\n',
  })
  assert.equal(found.arch, 'arm64')
  assert.deepEqual(
    found.kernels.map(({ path, arch }) => [path, arch]),
    [['lib/modules/6.1.0-10-amd64/vmlinuz', 'unknown']],
  )
})

test('inspectRoot() refuses a root without init, and shows what is at its top', async () => {
  const message = /^It has no init, want \/sbin\/init or .*; at its top are: bin, lib, sbin, boot, etc, usr$/
  await assert.rejects(inspect({ './usr/lib/systemd/systemd': undefined }), { message })
  await assert.rejects(inspect({ './usr/lib/systemd/systemd': { content: 'x', mode: 0o644 } }), { message })
})

test('inspectRoot() refuses a root without kernel', async () => {
  const boot = { './boot/vmlinuz-6.1.0-9-amd64': undefined, './boot/vmlinuz-6.1.0-10-amd64': '' }
  const message = /^It has no kernel, want \/boot\/vmlinuz-VERSION or .*; there are modules of 6\.1\.0-10-amd64$/
  await assert.rejects(inspect(boot), { message })
})

test('inspectRoot() refuses a root without modules for its kernel', async () => {
  const gone = Object.fromEntries(
    ['modules.dep', 'kernel/a.ko', 'kernel/b.ko'].map((name) => [`${MODULES}/${name}`, undefined]),
  )
  const message = 'It has no modules for its kernel 6.1.0-10-amd64, want /usr/lib/modules/6.1.0-10-amd64'
  await assert.rejects(inspect(gone), { message })
})

test('inspectRoot() refuses a missing or invalid modules.dep, saying what to run [HT24]', async () => {
  const advice = '; run "depmod 6.1.0-10-amd64" in the system it was made from'
  const missing = `Its kernel 6.1.0-10-amd64 has no modules.dep in /lib/modules/6.1.0-10-amd64${advice}`
  await assert.rejects(inspect({ [`${MODULES}/modules.dep`]: undefined }), { message: missing })
  const invalid = async (text: string, problem: string): Promise<void> => {
    const message = `The modules.dep of its kernel 6.1.0-10-amd64 is invalid: ${problem}${advice}`
    await assert.rejects(inspect({ [`${MODULES}/modules.dep`]: text }), { message })
  }
  await invalid('', 'it is empty')
  await invalid('kernel/a.ko:\n<html>\n', 'line 2 is "<html>", want "MODULE: MODULE…"')
  await invalid('kernel/c.ko: kernel/a.ko\n', 'line 1 names kernel/c.ko, which is not there')
})

test('compareVersions() orders as people do', () => {
  const ordered = [
    '5.10.0-30',
    '6.1.0-9-amd64',
    '6.1.0-10-amd64',
    '6.1.0-10-rt-amd64',
    '6.12-rc3',
    '6.12-rc10',
    '6.12',
    '6.12.1',
    '6.12.107+deb13',
    '6.12.117+deb13',
    '10.0',
  ]
  for (const [left, a] of ordered.entries()) {
    for (const [right, b] of ordered.entries()) {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(left - right), `${a} and ${b}`)
    }
  }
})

test('archOfBinary() reads PE, the x86 boot header, arm64 and ELF', () => {
  const bytes = (size: number, write: (target: Buffer) => unknown): Buffer => {
    const target = Buffer.alloc(size)
    write(target)
    return target
  }
  const pe = bytes(
    512,
    (b) =>
      b.write('MZ') &&
      b.writeUInt32LE(0x80, 0x3c) &&
      b.write('PE\0\0', 0x80, 'latin1') &&
      b.writeUInt16LE(0xaa64, 0x84),
  )
  const elf = bytes(64, (b) => b.write('\x7fELF\x02\x01', 'latin1') && b.writeUInt16LE(243, 18))
  const bigElf = bytes(64, (b) => b.write('\x7fELF\x02\x02', 'latin1') && b.writeUInt16BE(22, 18))
  const arm = bytes(64, (b) => b.write('ARM\x64', 0x38, 'latin1'))
  const kernel = Buffer.from(SPECIMEN_KERNEL, 'latin1')
  assert.deepEqual([pe, elf, bigElf, arm, kernel].map(archOfBinary), ['arm64', 'riscv64', 's390x', 'arm64', 'amd64'])
  for (const other of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.from('MZ'.repeat(300))]) {
    assert.equal(archOfBinary(other), undefined)
  }
})
