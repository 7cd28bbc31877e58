import assert from 'node:assert/strict'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { ReleaseStore } from '../image/store.ts'
import { NfsServer } from '../protocols/nfs/server.ts'
import { RpcClient } from '../protocols/rpc/client.ts'
import { hex } from '../wire/hex.ts'
import { Releases } from './releases.ts'
import { temporaryDirectory } from './testing.ts'

/* Machines that run when netroot is upgraded go on with the handles that they have. These were made by the first format. */

const FROZEN = fileURLToPath(new URL('../../test/fixtures/nfs-life/store', import.meta.url))
const RELEASE = 'releases/e7304315da52b869a8254afbd276a9fc2de67a91410c6af37f7f1acf945a26a0'
/** Layout 1, the number of the entry, the beginning of the release's digest. */
const HANDLES = {
  'usr/lib/os-release': '000000010000000000000008e7304315da52b869a8254afbd276a9fc',
  'usr/lib/modules/6.1.0-10-amd64/modules.dep': '00000001000000000000000be7304315da52b869a8254afbd276a9fc',
  'usr/lib/modules/6.1.0-10-amd64/kernel/b.ko': '00000001000000000000000de7304315da52b869a8254afbd276a9fc',
}
const READ = { program: 100_003, version: 3, procedure: 6 }

for (const index of ['as it was written then', 'made anew'] as const) {
  test(`handles of the first format lead to the same files, with an index ${index}`, async (t) => {
    const directory = await temporaryDirectory(t)
    await cp(FROZEN, directory, { recursive: true })
    const release = join(directory, RELEASE)
    const tar = gunzipSync(await readFile(join(release, 'root.tar.gz')))
    await writeFile(join(release, 'root.tar'), tar)
    if (index === 'made anew') await rm(join(release, 'index'))
    await using releases = new Releases(await ReleaseStore.open(directory))
    await using server = await NfsServer.listen({ exports: releases.exports, host: '127.0.0.1', port: 0 })
    await using client = await RpcClient.connect({ host: '127.0.0.1', port: server.port })
    for (const [path, handle] of Object.entries(HANDLES)) {
      const reply = await client.call(READ, (w) => w.opaque(hex(handle)).u64(0).u32(4096))
      assert.equal(reply.u32('status'), 0, path)
      reply.fixed(88 + 8, 'attributes, count, end of file')
      assert.equal(reply.opaque(4096, 'data').toString('latin1'), contentIn(tar, path), path)
    }
  })
}

/** The content of a file of a ustar archive, found by its header alone. */
function contentIn(tar: Buffer, path: string): string {
  const blocks = Array.from({ length: tar.byteLength / 512 }, (_, at) => at * 512)
  const header = blocks.find((at) => tar.toString('latin1', at, at + path.length + 3) === `./${path}\0`) ?? 0
  const size = Number.parseInt(tar.toString('latin1', header + 124, header + 135), 8)
  return tar.toString('latin1', header + 512, header + 512 + size)
}
