import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../../wire/hex.ts'
import { Harness, NODE, handle, slowTree, smallTree } from '../harness.ts'
import { READ_ONLY } from '../policy.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'

const MNT = 1
const DUMP = 2
const UNMOUNT = 3
const UNMOUNT_ALL = 4
const EXPORT = 5
const CALL = hex(
  '00000007 00000000 00000002' + // xid 7, call, RPC version 2
    '000186a5 00000003 00000001' + // program 100005, version 3, MNT
    '00000001 00000018 00000000 00000003 70633100' + // AUTH_SYS, stamp, "pc1"
    '00000000 00000000 00000000' + // uid, gid, no gids
    '00000000 00000000' + // verifier
    '0000000c 2f72656c656173652f6f6e65', // "/release/one"
)
const REPLY = hex(
  '00000007 00000001 00000000 00000000 00000000 00000000' + // xid 7, reply, accepted, verifier, success
    '00000000' + // MNT3_OK
    '0000001c 00000001 0000000000000001 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf' + // handle of node 1
    '00000002 00000001 00000000', // flavours: AUTH_SYS, AUTH_NONE
)

function handleBytes(node: number): string {
  const w = new XdrWriter()
  handle(node)(w)
  return toHex((w.takeAll()?.bytes ?? Buffer.alloc(4)).subarray(4))
}

async function mount(path: string, harness = new Harness()): Promise<{ status: number; node?: string; text: string }> {
  const reply = await harness.mount(MNT, (w) => w.string(path))
  const status = reply.u32('status')
  const text = harness.mounts.at(-1)?.text ?? ''
  return status === 0 ? { status, node: toHex(reply.opaque(64, 'handle')), text } : { status, text }
}

test('MNT gives the handle of the root and the flavours', async () => {
  const harness = new Harness()
  assert.equal(toHex(await harness.answer(CALL)), toHex(REPLY))
  const [event] = harness.mounts
  const told = { address: '10.0.0.9', path: '/release/one', status: 'ok', text: '/release/one', machineName: 'pc1' }
  assert.deepEqual(event, told)
})

test('MNT takes a path with slashes too many, and one inside an export', async () => {
  assert.equal((await mount('//release/one/./')).node, handleBytes(NODE.root))
  assert.equal((await mount('/release/one/etc')).node, handleBytes(NODE.etc))
  assert.equal((await mount('/release/one/etc', new Harness(slowTree(smallTree())))).node, handleBytes(NODE.etc))
})

test('MNT says in words why a path cannot be mounted', async () => {
  const none = 'there is no export "/release/two"; exported is /release/one'
  assert.deepEqual(await mount('/release/two'), { status: 2, text: none })
  const inside = 'there is no "nothing" where /release/one was searched'
  assert.deepEqual(await mount('/release/one/nothing'), { status: 2, text: inside })
  assert.deepEqual(await mount('/release/one/tool'), { status: 20, text: 'it is a file, want a directory' })
  assert.deepEqual(await mount('release/one'), { status: 13, text: '"release/one" does not begin with /' })
  assert.deepEqual(await mount('/release/one/../two'), { status: 13, text: '"/release/one/../two" has .. in it' })
  assert.deepEqual(await mount(''), { status: 13, text: '"" does not begin with /' })
  const long = { status: 63, text: 'the path is longer than 1024 bytes' }
  assert.deepEqual(await mount(`/${'x'.repeat(10_000)}`), long)
})

test('MNT says so to a client that the export is not for', async () => {
  const harness = new Harness(smallTree(), ({ address }) => (address === '10.0.0.9' ? undefined : READ_ONLY))
  const text = '/release/one is not exported to 10.0.0.9'
  assert.deepEqual(await mount('/release/one', harness), { status: 13, text })
})

test('MNT of version 1 is refused with the option that is missing', async () => {
  const harness = new Harness()
  assert.equal((await harness.mount(MNT, (w) => w.string('/release/one'), 1)).u32('status'), 13)
  assert.match(harness.mounts[0]?.text ?? '', /mount option vers=3/)
})

test('EXPORT lists what there is, in both versions', async () => {
  const list = `00000001 0000000c ${toHex(Buffer.from('/release/one'))} 00000000 00000000`
  for (const version of [1, 3]) {
    const reply = await new Harness().mount(EXPORT, undefined, version)
    assert.equal(toHex(reply.fixed(reply.remaining, 'list')), toHex(hex(list)))
  }
})

const linesOf = async (harness: Harness, version = 3): Promise<string[]> => {
  const reply = await harness.mount(DUMP, undefined, version)
  const lines: string[] = []
  while (reply.bool('more')) lines.push(`${reply.string(255, 'host')}:${reply.string(1024, 'directory')}`)
  assert.equal(reply.remaining, 0)
  return lines
}

test('DUMP lists who has mounted what; UMNT and UMNTALL take from it', async () => {
  const harness = new Harness()
  for (const path of ['/release/one', '//release/one/./etc', '/release/two']) await mount(path, harness)
  assert.deepEqual(await linesOf(harness), ['10.0.0.9:/release/one', '10.0.0.9:/release/one/etc'])
  const unmount = (path: string) => harness.mount(UNMOUNT, (w) => w.string(path))
  assert.equal((await unmount('/release/one/')).remaining, 0)
  assert.equal((await unmount('/nothing')).remaining, 0)
  assert.deepEqual(await linesOf(harness, 1), ['10.0.0.9:/release/one/etc'])
  await mount('/release/one', harness)
  assert.equal((await harness.mount(UNMOUNT_ALL)).remaining, 0)
  assert.deepEqual(await linesOf(harness), [])
})
