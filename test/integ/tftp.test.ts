import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LossyRelay } from '../support/lossy-relay.ts'
import { type Ended, runToEnd } from '../support/netroot.ts'
import { serve } from '../support/serve.ts'
import { digestOf, makeServedFiles, SIZES } from '../support/served-files.ts'

const files = await makeServedFiles()
await writeFile(join(files.served, 'file-100000'), files.content(100_000))
const server = await serve('tftp', files.served)
after(async () => {
  await server.stop()
  await files[Symbol.asyncDispose]()
})

/** How a program fetches a file by TFTP. */
type Fetch = (name: string, target: string, port: number) => Promise<Ended>

const atftp = (name: string, target: string, port: number, options: readonly string[] = []): Promise<Ended> =>
  runToEnd('atftp', [
    ...options.flatMap((option) => ['--option', option]),
    '-g',
    '-r',
    name,
    '-l',
    target,
    '127.0.0.1',
    `${port}`,
  ])
const busybox = (name: string, target: string, port: number, options: readonly string[]): Promise<Ended> =>
  runToEnd('busybox', ['tftp', ...options, '-g', '-r', name, '-l', target, '127.0.0.1', `${port}`])
const curl = (name: string, target: string, port: number, options: readonly string[] = []): Promise<Ended> =>
  runToEnd('curl', ['-sS', '--noproxy', '*', ...options, '-o', target, `tftp://127.0.0.1:${port}/${name}`])

const clients: Readonly<Record<string, Fetch>> = {
  'tftp-hpa': (name, target, port) =>
    runToEnd('tftp', ['-m', 'binary', '127.0.0.1', `${port}`, '-c', 'get', name, target]),
  atftp,
  'atftp, blksize 1468': (name, target, port) => atftp(name, target, port, ['blksize 1468']),
  'atftp, blksize 1428, windowsize 16': (name, target, port) =>
    atftp(name, target, port, ['blksize 1428', 'windowsize 16']),
  'atftp, windowsize 64, tsize, timeout': (name, target, port) =>
    atftp(name, target, port, ['windowsize 64', 'tsize 0', 'timeout 2']),
  'busybox tftp': (name, target, port) => busybox(name, target, port, []),
  'busybox tftp, blksize 1468': (name, target, port) => busybox(name, target, port, ['-b', '1468']),
  'busybox tftp, blksize 65464': (name, target, port) => busybox(name, target, port, ['-b', '65464']),
  curl: (name, target, port) => curl(name, target, port),
  'curl, blksize 8': (name, target, port) => curl(name, target, port, ['--tftp-blksize', '8']),
  'curl without options': (name, target, port) => curl(name, target, port, ['--tftp-no-options']),
}

for (const [client, fetch] of Object.entries(clients)) {
  test(`${client} fetches files of every size byte for byte`, async () => {
    const sizes = client.endsWith('blksize 8') ? SIZES.filter((size) => size < 1000) : SIZES
    for (const size of sizes) {
      const target = files.target()
      const { stderr, stdout } = await fetch(`file-${size}`, target, server.port)
      assert.equal(await digestOf(target), await digestOf(files.content(size)), `${size} bytes: ${stdout}${stderr}`)
    }
  })
}

test('curl rolls the block number over five times', async () => {
  const target = files.target() // 40 MB in blocks of 512 bytes roll over once
  await curl(`file-${SIZES[4]}`, target, server.port, ['--tftp-blksize', '128'])
  assert.equal(await digestOf(target), await digestOf(files.content(SIZES[4])))
})

test('twenty clients at once each get their file', async () => {
  const targets = Array.from({ length: 20 }, () => files.target())
  await Promise.all(targets.map((target) => atftp('file-513', target, server.port, ['windowsize 4'])))
  for (const target of targets) assert.equal(await digestOf(target), await digestOf(files.content(513)))
})

const networks = {
  'loses one in twenty': { lost: 0.05 },
  'doubles one in three': { twice: 0.33 },
  'delays one in ten': { late: 0.1 },
  'loses, doubles and delays': { lost: 0.03, twice: 0.1, late: 0.05 },
}
const lossy: Readonly<Record<string, Fetch>> = {
  'tftp-hpa': (...args) => clients['tftp-hpa']?.(...args) ?? assert.fail(),
  'busybox tftp': (name, target, port) => busybox(name, target, port, []),
  'atftp with a window of 16': (name, target, port) => atftp(name, target, port, ['windowsize 16']),
  curl,
}
for (const [what, network] of Object.entries(networks)) {
  for (const [client, fetch] of Object.entries(lossy)) {
    test(`${client} gets its file whole over a network that ${what}`, async () => {
      await using relay = await LossyRelay.listen(server.port, network)
      const target = files.target()
      const { stdout, stderr } = await fetch('file-100000', target, relay.port)
      assert.equal(await digestOf(target), await digestOf(files.content(100_000)), `${stdout}${stderr}`)
      assert.ok(relay.disturbed > 5, `${relay.disturbed} datagrams were disturbed`)
    })
  }
}
