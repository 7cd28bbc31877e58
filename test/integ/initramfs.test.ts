import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { busyboxApplets } from '../../src/formats/busybox.ts'
import type { CpioEntry } from '../../src/formats/cpio/entry.ts'
import { readCpio } from '../../src/formats/cpio/read.ts'
import { moduleNameOfPath } from '../../src/formats/kmod/module-name.ts'
import { type ModuleLine, parseModulesBuiltin, parseModulesDep } from '../../src/formats/kmod/modules-dep.ts'
import type { Release } from '../../src/image/store.ts'
import type { DriversReport } from '../../src/initramfs/drivers.ts'
import { kernelVersions } from '../../src/initramfs/module-index.ts'
import type { Part } from '../../src/initramfs/part.ts'
import { ensureDrivers, ensureTools, type ToolsReport } from '../../src/initramfs/parts.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../../src/initramfs/testing.ts'
import { readPath } from '../../src/storage/paths.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'

let release: Release
let directory: TemporaryDirectory
let version = ''
let drivers: Part<DriversReport>
let tools: Part<ToolsReport>
/** The archives, uncompressed. */
const archives = { drivers: Buffer.alloc(0), tools: Buffer.alloc(0) }
let dep: Map<string, ModuleLine>

before(async () => {
  const { store, digest } = await debianRelease()
  release = await store.openRelease(digest)
  directory = await temporaryDirectory()
  version = (await kernelVersions(release.tree)).at(-1) ?? ''
  const cache = join(store.directory, 'cache')
  drivers = await ensureDrivers(directory.path, release.tree, digest, version)
  tools = await ensureTools(cache, { architecture: drivers.report.architecture, compression: 'zstd' })
  archives.drivers = zstdDecompressSync(await readFile(drivers.path))
  archives.tools = zstdDecompressSync(await readFile(tools.path))
  dep = parseModulesDep(textOf('drivers', `lib/modules/${version}/modules.dep`))
})
after(async () => {
  await release.close()
  await directory[Symbol.asyncDispose]()
})

function entries(part: keyof typeof archives): readonly CpioEntry[] {
  return readCpio(archives[part]).entries
}

function contentOf(part: keyof typeof archives, name: string): Uint8Array {
  const entry = entries(part).find((one) => one.name === name)
  return entry?.type === 'file' ? entry.content : new Uint8Array()
}

function textOf(part: keyof typeof archives, name: string): string {
  return Buffer.from(contentOf(part, name)).toString()
}

async function rootText(name: string): Promise<string> {
  return String(await readPath(release.tree, `/lib/modules/${version}/${name}`))
}

describe('the parts of an initramfs, made from a Debian release', { timeout: 300_000 }, () => {
  for (const part of ['drivers', 'tools'] as const) {
    test(`GNU cpio reads the ${part} part as we wrote it`, async () => {
      const listed = (await run('cpio', ['--list', '--quiet'], { input: archives[part] })).toString('latin1')
      assert.deepEqual(
        listed.trimEnd().split('\n'),
        entries(part).map(({ name }) => name),
      )
    })
  }

  test('GNU cpio, packing again what it unpacked of the drivers part, writes the same members', async () => {
    const unpacked = await unpackDrivers()
    const names = entries('drivers').map(({ name }) => name)
    await run('touch', ['-h', '-d', '@0', ...names], { cwd: unpacked })
    const args = ['-o', '-H', 'newc', '--reproducible', '-R', '0:0', '--quiet']
    const again = await run('cpio', args, { cwd: unpacked, input: `${names.join('\n')}\n` })
    // Not the bytes: how many links a directory has is a matter of the file system it was unpacked on.
    assert.deepEqual(readCpio(again), { entries: entries('drivers'), end: archives.drivers.byteLength })
  })

  test('every module has all that it needs before it, and none comes twice [FB53]', () => {
    for (const { name, needs } of dep.values()) {
      const order = [...needs.toReversed(), name]
      for (const [at, one] of order.entries()) {
        const missing = (dep.get(one)?.needs ?? [one]).filter((need) => !order.slice(0, at).includes(need))
        assert.deepEqual(missing, [], `${one}, on the way to ${name}`)
      }
    }
    const files = entries('drivers').flatMap((entry) => moduleNameOfPath(entry.name) ?? [])
    assert.equal(new Set(files).size, files.length)
    assert.deepEqual(files.toSorted(), [...dep.keys()].toSorted())
  })

  test('kmod finds no symbol missing, and no dependency that is not in our modules.dep', async () => {
    const unpacked = await unpackDrivers()
    const env = { PATH: `${process.env['PATH']}:/sbin:/usr/sbin` }
    const fresh = await run('depmod', ['--dry-run', '--basedir', unpacked, version], { env })
    const text = fresh
      .toString()
      .split('\n')
      .filter((line) => /^kernel\/\S+:/.test(line))
    const found = parseModulesDep(text.join('\n'))
    assert.equal(found.size, dep.size)
    for (const { name, needs } of found.values()) {
      const ours = new Set(dep.get(name)?.needs)
      assert.deepEqual(
        needs.filter((need) => !ours.has(need)),
        [],
        name,
      )
    }
  })

  test('has every Ethernet driver of the kernel, and nothing that is part of it [FB44, HT25]', async () => {
    const all = [...parseModulesDep(await rootText('modules.dep')).values()]
    const ethernet = all.filter(({ path }) => path.startsWith('kernel/drivers/net/ethernet/'))
    assert.ok(ethernet.length > 100, `${ethernet.length} Ethernet drivers`)
    assert.deepEqual(
      ethernet.filter(({ name }) => !dep.has(name)),
      [],
    )
    const builtin = parseModulesBuiltin(await rootText('modules.builtin'))
    assert.deepEqual(
      [...dep.keys()].filter((name) => builtin.has(name)),
      [],
    )
    assert.deepEqual(
      [...dep.values()].filter(({ path }) => path.includes('/wireless/')),
      [],
    )
  })

  test('boots any machine: cards of virtual machines and clouds, USB adapters, old and new PCs [FB10, HT27]', () => {
    const cards = {
      virtual: [
        'virtio_net',
        'vmxnet3',
        'hv_netvsc',
        'xen_netfront',
        'ena',
        'gve',
        'mana',
        'e1000',
        'pcnet32',
        '8139too',
      ],
      usb: ['r8152', 'asix', 'ax88179_178a', 'cdc_ether', 'cdc_ncm', 'smsc95xx', 'lan78xx', 'xhci_pci', 'ehci_pci'],
      pcs: ['r8169', 'e1000e', 'igb', 'igc', 'ixgbe', 'i40e', 'ice', 'tg3', 'bnxt_en', 'atlantic', 'forcedeth', 'sky2'],
      servers: ['mlx4_en', 'mlx5_core', 'cxgb4', 'qede', 'sfc', 'be2net', 'ionic'],
    }
    const builtin = parseModulesBuiltin(textOf('drivers', `lib/modules/${version}/modules.builtin`))
    const wanted = Object.values(cards).flat()
    assert.deepEqual(
      wanted.filter((name) => !dep.has(name) && !builtin.has(name)),
      [],
    )
  })

  test('loads NFS with sunrpc and lockd, and cards with mii, in the right order [FB5, HT26]', () => {
    const order = (name: string): readonly string[] => [...(dep.get(name)?.needs ?? []).toReversed(), name]
    const nfs = order('nfsv3')
    assert.ok(nfs.indexOf('sunrpc') >= 0 && nfs.indexOf('sunrpc') < nfs.indexOf('lockd'))
    assert.ok(nfs.indexOf('lockd') < nfs.indexOf('nfs') && nfs.indexOf('nfs') < nfs.indexOf('nfsv3'))
    assert.deepEqual(order('8139too'), ['mii', '8139too'])
  })

  test('has every alias of its modules, so that each device finds its driver [FB3]', async () => {
    const wanted = (await rootText('modules.alias')).split('\n').filter((line) => dep.has(line.split(' ')[2] ?? ''))
    assert.ok(wanted.length > 1000)
    assert.equal(textOf('drivers', `lib/modules/${version}/modules.alias`).trimEnd(), wanted.join('\n'))
  })

  test('folds the soft dependency of r8169 in: its PHY driver is loaded with it [FB51]', () => {
    assert.ok(dep.get('r8169')?.needs.includes('realtek'))
  })

  test('tells the client what to load for the root', () => {
    assert.match(
      textOf('drivers', 'netroot/drivers'),
      /^KERNEL='[^']+'\nMODULES_FOR_ROOT='[a-z_0-9 ]*overlay nfs nfsv3'\n$/,
    )
    assert.deepEqual(drivers.report.missingForRoot, [])
  })

  test('names the firmware that Debian keeps in other packages, with the modules that ask for it', () => {
    assert.ok(drivers.report.missingFirmware.some(({ module, name }) => module === 'tg3' && name === 'tigon/tg3.bin'))
  })

  test('holds little: the figures of docs and bench', (t) => {
    const figures = [drivers, tools].map(({ size, unpackedSize }) => `${size} bytes, ${unpackedSize} unpacked`)
    t.diagnostic(`drivers ${figures[0]}, ${drivers.report.modules.length} modules; tools ${figures[1]}`)
    assert.ok(drivers.unpackedSize + tools.unpackedSize < 20 * 2 ** 20)
  })

  test('busybox names its applets as its binary says without being run [FB12]', async () => {
    const path = join(directory.path, 'busybox')
    const content = contentOf('tools', 'bin/busybox')
    await writeFile(path, content, { mode: 0o755 })
    const listed = (await run(path, ['--list'])).toString().trimEnd().split('\n')
    assert.deepEqual(busyboxApplets(content), listed)
  })

  test('every applet link leads to busybox, and init is there', () => {
    const links = entries('tools').filter((entry) => entry.name.startsWith('bin/') && entry.type === 'symlink')
    assert.equal(links.length, tools.report.applets)
    assert.match(textOf('tools', 'init'), /^#!\/bin\/sh\n/)
  })
})

let unpackedOnce: Promise<string> | undefined
function unpackDrivers(): Promise<string> {
  return (unpackedOnce ??= (async () => {
    const path = join(directory.path, 'unpacked')
    await mkdir(path)
    await run('cpio', ['--extract', '--make-directories', '--quiet'], { cwd: path, input: archives.drivers })
    return path
  })())
}
