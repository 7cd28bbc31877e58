import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONFIG, NAMED, SERVER, UpNetwork, preparedStore } from './up-network.ts'

/* `rpcbind: true` in netroot.yaml: the real rpcbind, asked by the programs that clients have. */

const config = `${CONFIG}rpcbind: true\n`
const READY = 'until [ -S /run/rpcbind.sock ]; do sleep 0.1; done'

test('rpcbind: true tells rpcbind of NFS and MOUNT, so that showmount -a tells who has mounted what', async (t) => {
  const net = await UpNetwork.make(t)
  await net.run('sh', ['-c', `rpcbind -w; ${READY}; ip link set lo up`])
  const server = await net.up({ config })
  const pc = await net.machine('pc', NAMED.mac)
  await pc.takeAddress(NAMED.address)
  const path = `/release/${(await preparedStore()).digest}`
  const exported = (await pc.run('showmount', ['--no-headers', '-e', SERVER])).stdout
  assert.equal(exported, `${path} (everyone)\n`)
  const mounts = async (): Promise<string> => (await pc.run('showmount', ['--no-headers', '-a', SERVER])).stdout
  assert.equal(await mounts(), '')
  await pc.run('nfs-ls', [`nfs://${SERVER}${path}?version=3`]) // no port: it asks rpcbind, and never says that it ended
  assert.equal(await mounts(), `${NAMED.address}:${path}\n`)
  assert.deepEqual(await server.stop(), { status: 0, signal: undefined })
  assert.doesNotMatch((await net.run('rpcinfo', ['-p', SERVER])).stdout, /mountd|nfs/)
})

test('rpcbind: true says so where no rpcbind runs', async (t) => {
  const net = await UpNetwork.make(t)
  const { status, stderr } = await net.upFails({ config })
  assert.equal(status, 1)
  assert.match(stderr, /Cannot register with rpcbind at .*: does it run\? Start it, or leave "rpcbind: true" out of/)
})
