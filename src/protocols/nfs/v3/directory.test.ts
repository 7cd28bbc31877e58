import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StaleNodeError } from '../../../storage/file-tree.ts'
import { MemoryTree } from '../../../storage/memory-tree.ts'
import { toHex } from '../../../wire/hex.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import { Harness, NODE, handle, slowTree, smallTree, user } from '../harness.ts'
import { NFS3, PROCEDURE } from './constants.ts'

interface Page {
  readonly status: number
  readonly names: readonly string[]
  readonly cookie: number
  readonly verifier: Buffer
  readonly eof: boolean
  /** Bytes after the status. */
  readonly bytes: number
}

interface Question {
  readonly node?: number
  readonly cookie?: number
  readonly verifier?: Uint8Array
  readonly maxBytes: number
  /** READDIRPLUS, with this dircount. */
  readonly nameBytes?: number
}

async function ask(harness: Harness, question: Question, credential?: ReturnType<typeof user>): Promise<Page> {
  const { node = NODE.root, cookie = 0, verifier = new Uint8Array(8), maxBytes, nameBytes } = question
  const procedure = nameBytes === undefined ? PROCEDURE.readDirectory : PROCEDURE.readDirectoryPlus
  const results = await harness.nfs(
    procedure,
    (w) => {
      handle(node)(w)
      w.u64(cookie).fixed(verifier)
      if (nameBytes !== undefined) w.u32(nameBytes)
      w.u32(maxBytes)
    },
    credential,
  )
  return decode(results, nameBytes !== undefined)
}

function decode(r: XdrReader, plus: boolean): Page {
  const status = r.u32('status')
  const bytes = r.remaining
  const failed = { status, names: [], cookie: 0, verifier: Buffer.alloc(8), eof: false, bytes }
  if (r.u32('attributes follow') === 1) r.fixed(84, 'attributes')
  if (status !== NFS3.ok) return failed
  const verifier = r.fixed(8, 'verifier')
  const names: string[] = []
  let cookie = 0
  while (r.bool('one more')) {
    r.u64('fileid')
    names.push(r.string(255, 'name'))
    cookie = r.u64('cookie')
    if (plus) skipPlus(r)
  }
  const eof = r.bool('eof')
  assert.equal(r.remaining, 0)
  return { status, names, cookie, verifier, eof, bytes }
}

function skipPlus(r: XdrReader): void {
  const there = r.u32('attributes follow')
  if (there === 1) r.fixed(84, 'attributes')
  assert.equal(r.u32('handle follows'), there)
  if (there === 1) assert.equal(r.opaque(64, 'handle').byteLength, 28)
}

/** All names, page after page. */
async function listAll(harness: Harness, question: Question): Promise<{ names: string[]; pages: number }> {
  const names: string[] = []
  let page = await ask(harness, question)
  for (let pages = 1; ; pages += 1) {
    assert.equal(page.status, NFS3.ok)
    assert.ok(page.bytes <= question.maxBytes, `${page.bytes} bytes`)
    names.push(...page.names)
    if (page.eof) return { names, pages }
    page = await ask(harness, { ...question, cookie: page.cookie, verifier: page.verifier })
  }
}

const ROOT_NAMES = ['.', '..', 'etc', 'bin', 'tool', 'dev', 'secret']

test('READDIR lists . and .. and all names', async () => {
  const { status, names, eof } = await ask(new Harness(), { maxBytes: 4096 })
  assert.deepEqual([status, names, eof], [NFS3.ok, ROOT_NAMES, true])
})

test('READDIRPLUS gives attributes and handle of each, those of .. too', async () => {
  const harness = new Harness()
  const results = await harness.nfs(PROCEDURE.readDirectoryPlus, (w) => {
    handle(NODE.etc)(w)
    w.u64(1).u64(0).u32(1000).u32(4096) // after "."
  })
  results.fixed(4 + 88 + 8 + 4, 'status, attributes, verifier, one more')
  assert.deepEqual([results.u64('fileid'), results.string(255, 'name'), results.u64('cookie')], [2, '..', 2])
  const attributesAndHandle = toHex(results.fixed(88 + 4 + 32, 'attributes and handle'))
  assert.match(attributesAndHandle, /^0000000100000002000001ed/) // a directory, mode 755
  assert.match(attributesAndHandle, /0000001c000000010000000000000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf$/) // node 1
})

test('READDIR and READDIRPLUS list a directory in pages of any size', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `file-${'x'.repeat(at % 50)}-${at}`)
  const tree = new MemoryTree(names.map((path) => ({ path, content: '' })))
  const wanted = ['.', '..', ...names]
  for (const maxBytes of [400, 512, 1000, 4096, 65_536]) {
    for (const harness of [new Harness(tree), new Harness(slowTree(tree))]) {
      assert.deepEqual((await listAll(harness, { maxBytes })).names, wanted)
      assert.deepEqual((await listAll(harness, { maxBytes, nameBytes: maxBytes / 8 })).names, wanted)
    }
  }
})

test('READDIR fills a page to the last byte', async () => {
  const harness = new Harness()
  // 104 bytes frame, then 28 each for ".", "..", "etc", "bin", "tool", "dev", and 32 for "secret"
  const whole = 108 - 4 + 6 * 28 + 32
  const full = await ask(harness, { maxBytes: whole })
  assert.deepEqual([full.bytes, full.eof], [whole, true])
  const less = await ask(harness, { maxBytes: whole - 1 })
  assert.deepEqual([less.names, less.eof], [ROOT_NAMES.slice(0, -1), false])
})

test('READDIR and READDIRPLUS say NFS3ERR_TOOSMALL when not even one entry fits', async () => {
  for (const maxBytes of [0, 104, 104 + 27]) {
    assert.equal((await ask(new Harness(), { maxBytes })).status, NFS3.tooSmall, String(maxBytes))
  }
  assert.deepEqual((await ask(new Harness(), { maxBytes: 104 + 28 })).names, ['.'])
  const plusEntry = 28 + 88 + 4 + 4 + 28
  assert.equal((await ask(new Harness(), { maxBytes: 104 + plusEntry - 1, nameBytes: 9 })).status, NFS3.tooSmall)
  assert.deepEqual((await ask(new Harness(), { maxBytes: 104 + plusEntry, nameBytes: 9 })).names, ['.'])
})

test('READDIRPLUS sends no more names than dircount, but at least one', async () => {
  const count = async (nameBytes: number): Promise<number> =>
    (await ask(new Harness(), { maxBytes: 4096, nameBytes })).names.length
  assert.deepEqual([await count(0), await count(24), await count(47), await count(48)], [1, 1, 1, 2])
})

test('READDIR goes on after a cookie, and ends behind the last', async () => {
  const after = async (cookie: number): Promise<readonly string[]> =>
    (await ask(new Harness(), { maxBytes: 4096, cookie })).names
  assert.deepEqual(await after(5), ['dev', 'secret'])
  assert.deepEqual(await after(7), [])
  assert.deepEqual(await after(2 ** 53), [])
})

test('READDIR says NFS3ERR_BAD_COOKIE when the directory has changed since', async () => {
  const { verifier } = await ask(new Harness(), { maxBytes: 4096 })
  const changed = new MemoryTree([{ path: '.', modified: { seconds: 5, nanoseconds: 0 } }, { path: 'a' }])
  assert.equal((await ask(new Harness(changed), { maxBytes: 4096, cookie: 2, verifier })).status, NFS3.badCookie)
  assert.deepEqual((await ask(new Harness(changed), { maxBytes: 4096, verifier })).names, ['.', '..', 'a'])
})

test('READDIR refuses what is no directory, and users who may not read it', async () => {
  const harness = new Harness(smallTree())
  assert.equal((await ask(harness, { maxBytes: 4096, node: NODE.tool })).status, NFS3.notDirectory)
  assert.equal((await ask(harness, { maxBytes: 4096, node: NODE.secret }, user(1001))).status, NFS3.access)
  const plus = { maxBytes: 4096, node: NODE.secret, nameBytes: 100 }
  assert.equal((await ask(harness, plus, user(1001))).status, NFS3.access)
  assert.deepEqual((await ask(harness, plus, user(1000))).names, ['.', '..'])
})

test('READDIRPLUS names a file that goes away meanwhile, and LOOKUP does not call its directory stale', async () => {
  const tree = smallTree()
  const going = Object.assign(smallTree(), {
    attributes: (node: number) => {
      if (node === NODE.tool) throw new StaleNodeError(node)
      return tree.attributes(node)
    },
  })
  const harness = new Harness(going)
  assert.deepEqual((await ask(harness, { maxBytes: 4096, nameBytes: 1000 })).names, ROOT_NAMES)
  const results = await harness.nfs(PROCEDURE.lookup, (w) => {
    handle(NODE.root)(w)
    w.string('tool')
  })
  assert.equal(results.u32('status'), NFS3.noEntry)
})
