import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../wire/hex.ts'
import { encodeCall } from './call.ts'
import { Dispatcher, programTable } from './dispatcher.ts'
import { type RpcCall, type RpcProgram, nullProcedure } from './program.ts'
import { ready } from './steps.ts'
import { XdrWriter } from './xdr-writer.ts'

/** NULL of MOUNT version 3 with AUTH_SYS, as libnfs 4.0 sends it. */
const CAPTURED = hex(
  '6cf4ae2a' + // xid
    '00000000 00000002' + // call, RPC version 2
    '000186a5 00000003 00000000' + // program 100005, version 3, procedure 0
    '00000001 0000001c' + // AUTH_SYS, 28 bytes
    '002cae2a 00000006 6c69626e6673 0000' + // stamp, machine name "libnfs"
    '00000000 00000000 00000000' + // uid 0, gid 0, no gids
    '00000000 00000000', // verifier AUTH_NONE, empty
)
const CALL = '00000007 00000000 00000002' // xid 7, call, version 2
const NO_AUTH = '00000000 00000000 00000000 00000000'
const ACCEPTED = '00000007 00000001 00000000 00000000 00000000' // xid 7, reply, accepted, verifier AUTH_NONE
const calls: RpcCall[] = []

/** Program 100005: 0 nothing, 1 doubles a number, 3 fails, 4 fails later, 5 answers later; 2 is not there. */
const PROGRAM: RpcProgram = {
  number: 100_005,
  name: 'test',
  versions: new Map([
    [1, [nullProcedure]],
    [
      3,
      [
        (call) => void calls.push(call),
        ({ args, reply }) => void reply.u32(args.u32('number') * 2),
        undefined,
        () => {
          throw new Error('broken')
        },
        function* ({ reply }) {
          reply.u32(1)
          yield* ready(Promise.reject(new Error('broken later')))
        },
        function* ({ reply }) {
          reply.u32(yield* ready(Promise.resolve(9)))
          reply.u32(yield* ready(Promise.resolve(8)))
        },
      ],
    ],
  ]),
}

async function answer(record: Uint8Array): Promise<string> {
  const dispatcher = new Dispatcher(programTable([PROGRAM]), { address: '10.0.0.9', port: 700 })
  const w = new XdrWriter()
  await dispatcher.answer(record, w)
  return toHex(w.takeAll()?.bytes ?? hex(''))
}
const same = async (call: string, reply: string): Promise<void> =>
  assert.equal(await answer(hex(call)), toHex(hex(reply)))

test('answer() answers a captured call and tells the procedure who calls', async () => {
  const reply = '6cf4ae2a 00000001 00000000 00000000 00000000 00000000'
  assert.equal(await answer(CAPTURED), toHex(hex(reply)))
  const credential = { flavor: 'sys', machineName: 'libnfs', uid: 0, gid: 0, gids: [] }
  assert.deepEqual(calls.at(-1)?.credential, credential)
  assert.deepEqual(calls.at(-1)?.peer, { address: '10.0.0.9', port: 700 })
})

test('answer() writes results behind the header', async () => {
  await same(`${CALL} 000186a5 00000003 00000001 ${NO_AUTH} 00000015`, `${ACCEPTED} 00000000 0000002a`)
})

test('answer() says PROG_UNAVAIL for a program that is not there', async () => {
  await same(`${CALL} 00018813 00000003 00000000 ${NO_AUTH}`, `${ACCEPTED} 00000001`)
})

test('answer() says PROG_MISMATCH with the lowest and highest version', async () => {
  await same(`${CALL} 000186a5 00000004 00000000 ${NO_AUTH}`, `${ACCEPTED} 00000002 00000001 00000003`)
})

test('answer() says PROC_UNAVAIL for a procedure that is not there', async () => {
  await same(`${CALL} 000186a5 00000003 00000002 ${NO_AUTH}`, `${ACCEPTED} 00000003`)
  await same(`${CALL} 000186a5 00000003 ffffffff ${NO_AUTH}`, `${ACCEPTED} 00000003`)
})

test('answer() says GARBAGE_ARGS for arguments that are cut', async () => {
  await same(`${CALL} 000186a5 00000003 00000001 ${NO_AUTH} 0000`, `${ACCEPTED} 00000004`)
})

test('answer() says SYSTEM_ERR when a procedure fails, at once or later', async () => {
  await same(`${CALL} 000186a5 00000003 00000003 ${NO_AUTH}`, `${ACCEPTED} 00000005`)
  await same(`${CALL} 000186a5 00000003 00000004 ${NO_AUTH}`, `${ACCEPTED} 00000005`)
})

test('answer() waits for a procedure that waits', async () => {
  await same(`${CALL} 000186a5 00000003 00000005 ${NO_AUTH}`, `${ACCEPTED} 00000000 00000009 00000008`)
})

test('answer() says RPC_MISMATCH for another version of RPC', async () => {
  await same('00000007 00000000 00000003', '00000007 00000001 00000001 00000000 00000002 00000002')
})

test('answer() says AUTH_BADCRED for a flavour it does not know and for a body that is not AUTH_SYS', async () => {
  const refused = '00000007 00000001 00000001 00000001 00000001'
  const head = `${CALL} 000186a5 00000003 00000000`
  await same(`${head} 00000006 00000004 00000000 00000000 00000000`, refused) // RPCSEC_GSS
  await same(`${head} 00000007 00000000 00000000 00000000`, refused) // AUTH_TLS
  await same(`${head} 00000001 00000004 00000000 00000000 00000000`, refused) // cut AUTH_SYS
  await same(`${head} 00000001 00000191 00000000 00000000 00000000`, refused) // 401 bytes
  const gids = `00000000 00000000 00000000 00000000 00000011 ${'00000001'.repeat(17)}`
  await same(`${head} 00000001 00000058 ${gids} 00000000 00000000`, refused) // 17 gids
})

test('answer() says AUTH_BADVERF for a verifier longer than 400 bytes', async () => {
  const call = `${CALL} 000186a5 00000003 00000000 00000000 00000000 00000000 00000191`
  await same(call, '00000007 00000001 00000001 00000001 00000003')
})

test('answer() throws for what is no call, and for a call cut in its header', async () => {
  await assert.rejects(answer(hex('00000007 00000001')), /message type is 1, want 0 \(call\)/)
  for (let length = 0; length < CAPTURED.byteLength; length += 1) {
    await assert.rejects(answer(CAPTURED.subarray(0, length)), { name: 'WireError' }, `cut at ${length}`)
  }
})

test('encodeCall() writes what a server reads', () => {
  const credential = { flavor: 'sys', machineName: 'libnfs', uid: 0, gid: 0, gids: [] } as const
  const call = encodeCall({ xid: 0x6cf4ae2a, program: 100_005, version: 3, procedure: 0, credential })
  const stampless = toHex(CAPTURED).replace('002cae2a', '00000000')
  assert.equal(toHex(call), `80000044${stampless}`)
})
