import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CommandError, run } from '../../src/sys/run.ts'
import { type NfsProcess, nfsUrl, serveNfs } from '../support/nfs-server.ts'

// Files written by libnfs, of the Debian package libnfs-utils.

const NFS_CP = 'nfs-cp'
const MIB = 1024 * 1024
let work: string
let home: string
const big = randomBytes(24 * MIB)

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-write-'))
  home = join(work, 'home')
  await mkdir(home)
  await writeFile(join(work, 'big'), big)
})
after(() => rm(work, { recursive: true, force: true }))

const copy = (port: number, name: string): Promise<Buffer> =>
  run(NFS_CP, [join(work, 'big'), nfsUrl(port, `/home/${name}`)])
const says = (words: RegExp) => (error: unknown) => error instanceof CommandError && words.test(error.stderr)

test('libnfs writes a file of 24 MiB, whose owner is root or nobody as the export says', async () => {
  for (const [word, uid] of [
    ['no_root_squash', 0],
    ['all_squash,anonuid=1234', 1234],
  ] as const) {
    await using server = await serveNfs([`home=${home},rw,client=127.0.0.1,${word}`])
    await run('chmod', ['0777', home])
    await copy(server.port, word.slice(0, 3))
    assert.ok(big.equals(await readFile(join(home, word.slice(0, 3)))))
    assert.equal((await stat(join(home, word.slice(0, 3)))).uid, uid)
  }
})

test('libnfs is refused what the export does not grant: writing, and mounting at all', async () => {
  await using server = await serveNfs([`home=${home},ro`, `closed=${home},rw,client=192.0.2.0/24`])
  await assert.rejects(copy(server.port, 'new'), says(/NFS3ERR_ROFS/))
  await assert.rejects(run('nfs-ls', [nfsUrl(server.port, '/closed')]), says(/MNT3ERR_ACCES/))
})

test('a server killed while libnfs writes is started again, and the file is whole', async () => {
  const exports = [`home=${home},rw,no_root_squash,client=127.0.0.1`]
  const first = await serveNfs(exports)
  const writer = spawn(NFS_CP, [join(work, 'big'), nfsUrl(first.port, '/home/killed')], { stdio: 'ignore' })
  const ended = once(writer, 'close')
  const grown = async (): Promise<number> => (await stat(join(home, 'killed')).catch(() => ({ size: 0 }))).size
  while ((await grown()) < 4 * MIB && writer.exitCode === null) await new Promise(setImmediate)
  await first.kill()
  const second: NfsProcess = await serveNfs(exports, first.port)
  assert.deepEqual(await ended, [0, null])
  assert.ok(big.equals(await readFile(join(home, 'killed'))))
  await second[Symbol.asyncDispose]()
})
