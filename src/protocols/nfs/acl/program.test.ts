import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../../wire/hex.ts'
import { Harness, handle, NODE } from '../harness.ts'

const GETACL = 1
const SETACL = 2
/** Bytes of post_op_attr with attributes. */
const POST_OP = 88

test('GETACL says that a file has no ACL, in the shape that was asked for', async () => {
  const reply = await new Harness().acl(GETACL, (w) => {
    handle(NODE.tool)(w)
    w.u32(0x0f)
  })
  assert.equal(reply.u32('status'), 0)
  reply.fixed(POST_OP, 'attributes')
  assert.equal(toHex(reply.fixed(reply.remaining, 'rest')), `0000000f${'00000000'.repeat(4)}`)
})

test('GETACL of a node that is gone is NFS3ERR_STALE', async () => {
  const reply = await new Harness().acl(GETACL, (w) => {
    handle(99)(w)
    w.u32(1)
  })
  assert.equal(reply.u32('status'), 70)
})

test('SETACL is refused: the file system is read-only', async () => {
  const reply = await new Harness().acl(SETACL, handle(NODE.tool))
  assert.equal(reply.u32('status'), 30)
})
