import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { NETROOT, runToEnd } from '../support/netroot.ts'

/* The real rpcbind, in a network and a /run of its own; rpcinfo and showmount ask it as clients do. */

let directory: string

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'netroot-rpcbind-'))
  await mkdir(join(directory, 'pc5'))
})
after(() => rm(directory, { recursive: true }))

const PREPARED = `
  mount -t tmpfs tmpfs /run
  ip link set lo up
  serve() { "$0" serve nfs pc5="$1"/pc5 --listen 0.0.0.0:2050 --rpcbind >"$1"/out 2>"$1"/errors & SERVER=$!; }
  ready() { for i in $(seq 300); do grep -q "$1" "$2" && return; sleep 0.1; done; cat "$2"; exit 1; }
  nfs() { rpcinfo -p 127.0.0.1 | awk 'NR > 1 && $5 != "portmapper" { print $1, $2, $3, $4 }' | sort; }
`

/** Runs sh commands beside an rpcbind, which has ended when this resolves. */
async function beside(script: string): Promise<string> {
  const all = `${PREPARED} ${script}`
  const words = ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', all, NETROOT, directory]
  const { stdout, stderr, status } = await runToEnd('unshare', words)
  assert.equal(status, 0, `${stdout}${stderr}`)
  return stdout
}

test('serve nfs --rpcbind tells rpcbind of NFS, NFSACL and MOUNT, and takes them out when it ends', async () => {
  const said = await beside(`
    rpcbind -w; until [ -S /run/rpcbind.sock ]; do sleep 0.1; done
    serve "$1"; ready listening "$1"/out
    nfs; showmount --no-headers -e 127.0.0.1; rpcinfo -T tcp 127.0.0.1 nfs 4
    kill $SERVER; wait $SERVER; echo "after: $(nfs)"`)
  assert.match(
    said,
    /^100003 3 tcp 2050\n100003 4 tcp 2050\n100005 1 tcp 2050\n100005 3 tcp 2050\n100227 3 tcp 2050\n\/pc5 +\(everyone\)\n/,
  )
  assert.match(said, /program 100003 version 4 ready and waiting\nafter: \n$/)
})

test('a program that somebody else has registered is left alone, and so is the rest', async () => {
  const said = await beside(`
    rpcbind -w; until [ -S /run/rpcbind.sock ]; do sleep 0.1; done
    serve "$1"; ready listening "$1"/out
    "$0" serve nfs pc5="$1"/pc5 --listen 127.0.0.1:2051 --rpcbind 2>&1; echo "status $?"
    nfs; kill $SERVER; wait $SERVER`)
  assert.match(said, /Cannot register nfs \(program 100003, version 3\) with rpcbind: it is registered already/)
  assert.match(said, /^status 1\n100003 3 tcp 2050\n100003 4 tcp 2050\n100005 1 tcp 2050\n/m)
  assert.doesNotMatch(said, /2051/)
})

test('without an rpcbind, --rpcbind says so', async () => {
  const said = await beside(`"$0" serve nfs pc5="$1"/pc5 --listen 127.0.0.1:0 --rpcbind 2>&1; echo "status $?"`)
  assert.match(said, /Cannot register with rpcbind at \/run\/rpcbind\.sock: does it run\?[^]*status 1\n$/)
})
