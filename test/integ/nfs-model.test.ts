import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as fc from 'fast-check'
import { fixedExports } from '../../src/protocols/nfs/export.ts'
import { READ_ONLY } from '../../src/protocols/nfs/policy.ts'
import { NfsServer } from '../../src/protocols/nfs/server.ts'
import { DirectoryTree } from '../../src/storage/directory-tree.ts'
import { type Step, both, describeTree, steps } from '../../src/storage/model.ts'
import { WritableDirectory } from '../../src/storage/writable-directory.ts'
import { type RemoteTree, RemoteTree3, RemoteTree4 } from '../support/nfs-remote.ts'

/*
 * The same random operations through NFS and on a plain directory of this host, the server started anew now and then: what is
 * refused is the same, and in the end so are the trees.
 */

let work: string
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'netroot-nfs-model-'))
  process.umask(0) // modes are what they are said to be
})
after(() => rm(work, { recursive: true, force: true }))

async function serve(directory: string): Promise<AsyncDisposable & { readonly port: number }> {
  const tree = await WritableDirectory.open(directory)
  const policy = () => ({ ...READ_ONLY, writes: true, sync: false })
  const exports = fixedExports([{ path: '/tree', key: Buffer.alloc(16, 7), tree, policy }])
  const server = await NfsServer.listen({ host: '127.0.0.1', port: 0, exports })
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server.close()
      await tree.close()
    },
  }
}

let count = 0
async function compare(mount: (port: number) => Promise<RemoteTree>, list: readonly Step[]): Promise<void> {
  const directory = join(work, String((count += 1)))
  const model = `${directory}-model`
  await Promise.all([directory, model].map((path) => mkdir(path)))
  let server = await serve(directory)
  await using remote = await mount(server.port)
  try {
    for (const step of list) {
      const [found, wanted] = await both(step, remote, model)
      assert.equal(found === undefined, wanted === undefined, `${JSON.stringify(step)}: ${found}, want ${wanted}`)
      if (step.does !== 'restart') continue
      await server[Symbol.asyncDispose]()
      server = await serve(directory)
      await remote.reconnect(server.port)
    }
    assert.deepEqual(await describeTree(new DirectoryTree(directory)), await describeTree(new DirectoryTree(model)))
  } finally {
    await server[Symbol.asyncDispose]()
    await Promise.all([directory, model].map((path) => rm(path, { recursive: true })))
  }
}

const VERSIONS: Readonly<Record<string, (port: number) => Promise<RemoteTree>>> = {
  '3': (port) => RemoteTree3.mount(port, '/tree'),
  '4.1': (port) => RemoteTree4.mount(port, 1, '/tree'),
  '4.2': (port) => RemoteTree4.mount(port, 2, '/tree'),
}
for (const [version, mount] of Object.entries(VERSIONS)) {
  test(`an export of version ${version} is as a plain directory after any operations`, { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(steps, (list) => compare(mount, list)),
      { numRuns: 60, seed: 5 },
    ),
  )
}
