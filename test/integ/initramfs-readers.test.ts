import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { CpioEntry } from '../../src/formats/cpio/entry.ts'
import { textFile, writeCpio } from '../../src/formats/cpio/write.ts'
import { moduleNameOfPath } from '../../src/formats/kmod/module-name.ts'
import { inspectInitramfs } from '../../src/initramfs/inspect.ts'
import { kernelFiles, temporaryDirectory, type TemporaryDirectory, writeFiles } from '../../src/initramfs/testing.ts'
import { TEST_CACHE } from '../support/debian.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'

let directory: TemporaryDirectory
let root = ''

before(async () => {
  directory = await temporaryDirectory()
  root = join(directory.path, 'root')
  await writeFiles(root, {
    lib: '-> usr/lib',
    'etc/os-release': 'ID=test\n',
    'usr/lib/firmware/amd-ucode/microcode_amd.bin': 'AMD',
    'usr/lib/firmware/intel-ucode/06-55-04': 'INTEL',
    ...kernelFiles(),
  })
})
after(() => directory[Symbol.asyncDispose]())

async function build(name: string, ...words: readonly string[]): Promise<string> {
  const file = join(directory.path, name)
  const store = join(TEST_CACHE, 'store')
  const built = await runToEnd(NETROOT, ['initramfs', 'build', root, '-o', file, '--store', store, ...words])
  assert.equal(built.status, 0, built.stderr)
  return file
}

async function names(file: string): Promise<string[]> {
  const segments = await inspectInitramfs(await readFile(file))
  return segments.flatMap(({ entries }) => entries.map(({ name }) => name))
}

describe('an initramfs of netroot, read by others', { timeout: 300_000 }, () => {
  // Not 'none': it takes an archive that is not compressed for microcode, and misses what should follow.
  for (const compression of ['zstd', 'xz', 'gzip']) {
    test(`lsinitramfs lists all that is in it, compressed with ${compression}`, async () => {
      const file = await build(compression, '--compress', compression)
      const listed = (await run('lsinitramfs', [file])).toString().trim().split('\n')
      assert.deepEqual(new Set(listed.filter((name) => name !== '.')), new Set(await names(file)))
    })
  }

  test('unmkinitramfs unpacks microcode, tools and drivers', async () => {
    const file = await build('whole')
    const to = join(directory.path, 'unpacked')
    await run('unmkinitramfs', [file, to])
    assert.equal(await readFile(join(to, 'early/kernel/x86/microcode/GenuineIntel.bin'), 'latin1'), 'INTEL')
    const files = (await run('find', [to, '-name', '*.ko*', '-o', '-name', 'init'])).toString()
    assert.match(files, /main\d?\/init\n/)
    assert.match(files, /r8169\.ko/)
  })

  for (const program of ['cpio', 'bsdcpio']) {
    test(`${program} reads each of its archives`, async () => {
      const file = await build('plain', '--compress', 'none')
      const bytes = await readFile(file)
      const segments = await inspectInitramfs(bytes)
      assert.equal(segments.length, 2)
      for (const { offset, size, entries } of segments) {
        const input = bytes.subarray(offset, offset + size)
        const listed = (await run(program, ['-i', '-t', '--quiet'], { input })).toString('latin1').trimEnd().split('\n')
        assert.deepEqual(
          listed,
          entries.map(({ name }) => name),
        )
      }
    })
  }

  test('no name comes twice, parents come first, and microcode before all', async () => {
    const segments = await inspectInitramfs(await readFile(await build('order')))
    assert.deepEqual(
      segments[0]?.entries.map(({ name }) => name),
      [
        'kernel',
        'kernel/x86',
        'kernel/x86/microcode',
        'kernel/x86/microcode/AuthenticAMD.bin',
        'kernel/x86/microcode/GenuineIntel.bin',
      ],
    )
    const files = segments.flatMap(({ entries }) => entries.filter(({ type }) => type !== 'directory'))
    assert.equal(new Set(files.map(({ name }) => name)).size, files.length)
    for (const { entries } of segments) {
      const seen = new Set([''])
      for (const { name } of entries) {
        assert.ok(seen.has(name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''), name)
        seen.add(name)
      }
    }
  })
})

describe('netroot initramfs show, for the files of others', { timeout: 60_000 }, () => {
  const archive = (name: string): Buffer => Buffer.concat(writeCpio([textFile(name, `${name}\n`.repeat(1000))]))
  const early = Buffer.concat(
    writeCpio(
      ['kernel', 'kernel/x86', 'kernel/x86/microcode'].map(
        (name): CpioEntry => ({ type: 'directory', name, mode: 0o755 }),
      ),
    ),
  )
  const commands = {
    gzip: ['gzip', '-c'],
    xz: ['xz', '--check=crc32', '-c'],
    lzma: ['xz', '--format=lzma', '-c'],
    bzip2: ['bzip2', '-c'],
    lz4: ['lz4', '-l', '-c'],
    lzo: ['lzop', '-c'],
    zstd: ['zstd', '-c'],
  } as const

  async function show(bytes: Uint8Array): Promise<{ part: string; compression: string; files: string[] }[]> {
    const file = join(directory.path, 'shown')
    await writeFile(file, bytes)
    const shown = await runToEnd(NETROOT, ['initramfs', 'show', '--json', file])
    assert.equal(shown.status, 0, shown.stderr)
    return JSON.parse(shown.stdout) as Awaited<ReturnType<typeof show>>
  }

  for (const [compression, [program, ...args]] of Object.entries(commands)) {
    test(`an early archive, then one in ${compression}`, async () => {
      const packed = await run(program, args, { input: archive('init') })
      const segments = await show(Buffer.concat([early, Buffer.alloc(512), packed]))
      assert.deepEqual(
        segments.map((one) => [one.compression, one.files.at(-1)]),
        [
          ['none', 'kernel/x86/microcode'],
          [compression, 'init'],
        ],
      )
    })
  }
  for (const compression of ['gzip', 'xz', 'lz4', 'zstd'] as const) {
    test(`another archive behind one in ${compression}`, async () => {
      const [program, ...args] = commands[compression]
      const packed = await run(program, args, { input: archive('first') })
      const segments = await show(Buffer.concat([packed, archive('second')]))
      assert.deepEqual(
        segments.flatMap(({ files }) => files),
        ['first', 'second'],
      )
    })
  }

  test('tells which program is missing, and where the bytes are that are no archive', async () => {
    const file = join(directory.path, 'bad')
    await writeFile(file, await run('lzop', ['-c'], { input: archive('init') }))
    const bin = join(directory.path, 'bin')
    await mkdir(bin, { recursive: true })
    for (const name of ['readlink', 'dirname']) await run('ln', ['-s', `/usr/bin/${name}`, join(bin, name)])
    const missing = await runToEnd('env', ['-i', `PATH=${bin}`, NETROOT, 'initramfs', 'show', file])
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /begins at byte 0: It is compressed with lzo, and lzop is missing here; install lzop/)
    await writeFile(file, Buffer.concat([archive('a'), Buffer.from('garbage')]))
    const bad = await runToEnd(NETROOT, ['initramfs', 'show', file])
    assert.match(
      bad.stderr,
      /^netroot: Cannot read the archive that begins at byte \d+: .*magic is "garbag", want 070701/,
    )
  })
})

describe('netroot initramfs build, what is asked for', { timeout: 300_000 }, () => {
  async function modulesOf(...words: readonly string[]): Promise<string[]> {
    return (await names(await build('asked', ...words))).flatMap((name) => moduleNameOfPath(name) ?? [])
  }

  test('--fit packs the driver of one card with all that it and the root need [FB4, FB5]', async () => {
    const modules = await modulesOf('--fit', '10ec:8168')
    assert.deepEqual(modules.toSorted(), ['libphy', 'nfs', 'nfsv3', 'overlay', 'r8169', 'realtek', 'sunrpc'])
  })
  test('--modules adds to what fits [FB21]', async () => {
    assert.ok((await modulesOf('--fit', '10ec:8168', '--modules', 'iwlwifi')).includes('iwlwifi'))
  })
  test('--ssh adds an SSH server, and the keys that may log in', async () => {
    const keys = join(directory.path, 'admin.pub')
    await writeFile(keys, '# of the admins\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ admin\n')
    const segments = await inspectInitramfs(await readFile(await build('ssh', '--fit', '10ec:8168', '--ssh', keys)))
    const entries = new Map(segments.flatMap((one) => one.entries.map((entry) => [entry.name, entry])))
    for (const name of ['bin/dropbear', 'bin/dropbearkey', 'etc/shells']) assert.ok(entries.has(name), name)
    const file = entries.get('netroot/authorized_keys')
    assert.ok(file?.type === 'file' && file.mode === 0o600)
    assert.equal(Buffer.from(file.content).toString(), 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ admin\n')
  })
  test('--all packs all', async () => {
    assert.equal((await modulesOf('--all')).length, 9)
  })
  test('--explain says of each why it is there', async () => {
    const { stdout } = await runToEnd(NETROOT, [
      'initramfs',
      'build',
      root,
      '--fit',
      '10ec:8168',
      '--explain',
      '--store',
      join(TEST_CACHE, 'store'),
    ])
    for (const line of [
      /^module +r8169 +drives 10ec:8168$/m,
      /^module +realtek +needed by r8169$/m,
      /^module +nfs +loaded for every root$/m,
      /^module +sunrpc +needed by nfs/m,
      /^firmware +rtl_nic\/rtl8168g-2\.fw +for r8169$/m,
      /^script +init +the boot itself$/m,
      /^missing +rtl_nic\/gone\.fw, for r8169 \(RealTek card\): Debian's firmware-realtek$/m,
    ])
      assert.match(stdout, line)
  })
  test('says what is wrong, and how it ends: status 2 for a wrong call, 1 for what cannot be done [HT29]', async () => {
    const bad: readonly (readonly [words: readonly string[], status: number, text: RegExp])[] = [
      [['-o', 'x'], 2, /Cannot build an initramfs of nothing: want the ROOT/],
      [[root], 2, /Cannot tell where the initramfs goes: want -o FILE/],
      [[root, '-o', 'x', '--all', '--fit', '10ec:8168'], 2, /want --all or --fit/],
      [[root, '-o', 'x', '--compress', 'rar'], 2, /Allowed choices are zstd, xz, gzip, none/],
      [[root, '-o', 'x', '--fit', 'e1000'], 1, /Cannot read the device "e1000", want a PCI id such as 8086:100e/],
      [
        [root, '-o', 'x', '--fit', '8086:100e'],
        1,
        /Cannot fit .* 8086:100e: no module of kernel 6\.12\.1-test is for it/,
      ],
      [[root, '-o', 'x', '--kernel-output', 'y'], 1, /Cannot find the kernel 6\.12\.1-test itself in the root/],
      [['no-such-image', '-o', 'x'], 2, /there is no such file, directory or image/],
      [[NETROOT, '-o', 'x'], 2, /want a directory or a tar archive/],
    ]
    for (const [words, status, text] of bad) {
      const args = ['initramfs', 'build', ...words, '--store', join(TEST_CACHE, 'store')]
      const ended = await runToEnd('sh', ['-c', `cd "$0" && exec "$@"`, directory.path, NETROOT, ...args])
      assert.equal(ended.status, status, words.join(' '))
      assert.match(ended.stderr, text)
    }
  })
})
