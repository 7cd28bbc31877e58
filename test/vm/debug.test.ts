import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { authorizedKeysPart, ensureSsh } from '../../src/initramfs/ssh.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, type LoadedFiles, troubleBox } from './direct.ts'
import { serveDebian } from './served.ts'

/*
 * Looking into a machine that does not boot, from elsewhere.
 */

const TIMEOUT = { timeout: 150_000 } as const

let served: ServedLab
let key: string

before(async () => {
  served = await serveDebian()
  key = join(served.lab.directory, 'key')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
})
after(() => served?.[Symbol.asyncDispose]())

/** The initramfs with an SSH server, and the key that opens it. */
async function withSsh({ directory, tools, drivers, client }: LoadedFiles): Promise<string[]> {
  const { store } = await debianRelease()
  const ssh = await ensureSsh(join(store.directory, 'cache'), { architecture: 'amd64', compression: 'zstd' })
  const keys = join(directory, 'keys.cpio')
  await writeFile(keys, authorizedKeysPart(await readFile(`${key}.pub`, 'utf8')))
  return [tools, drivers, ssh.path, keys, client]
}

/** What a syslog server hears first that matches, as a program that ends with it. */
function hearSyslog(port: number, pattern: RegExp): Promise<string> {
  const program = `
    const socket = require('node:dgram').createSocket('udp4').bind(${port}, '10.77.0.1')
    socket.on('message', (line) => { if (${pattern}.test(line)) { console.log(String(line)); socket.close() } })`
  return served.lab.run(process.execPath, ['-e', program]).then(({ stdout }) => stdout)
}

const OPTIONS = ['-F', '/dev/null', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=no']

test(
  'a machine that stands in failure lets in whoever has the key, and tells by syslog where HTTP does not work',
  TIMEOUT,
  async () => {
    const words = 'init=/nope netroot.server=http://10.77.0.1:9 netroot.syslog=10.77.0.1:5514'
    const heard = hearSyslog(5514, /no-init/)
    await using pc = await bootDirectly(served, { name: 'opened', words, parts: withSsh })
    const { groups } = await pc.console.waitFor(/netroot: ssh root@(\S+) \(host key (SHA256:\S+)\)/, {
      timeoutMs: 90_000,
    })
    const [, address = '', fingerprint = ''] = groups
    await troubleBox(pc, 'no-init')
    await pc.console.waitFor(`Or from elsewhere: ssh root@${address} (host key ${fingerprint})`)
    // Somebody sits there: without that, the end of the input hangs up the terminal.
    const ssh = (...rest: readonly string[]) =>
      served.lab.run('sh', ['-c', 'sleep 3 | ssh -v "$@"', 'sh', ...OPTIONS, ...rest])
    const { stdout, stderr } = await ssh('-tt', '-i', key, `root@${address}`, 'tty; grep -c NETROOT_BOOT /netroot/plan')
    assert.match(stdout, /^\/dev\/pts\/0\r?\n1\r?\n/)
    assert.match(stderr, new RegExp(`Server host key: ssh-ed25519 ${fingerprint.replaceAll(/[+/]/g, '\\$&')}`))
    await assert.rejects(ssh('-o', 'PubkeyAuthentication=no', `root@${address}`, 'true'), /Permission denied/)
    assert.match(await heard, /^<27>\w{3} [ \d]\d [\d:]{8} \S+ netroot\[\w{6}\]: \d+\.\d\d attempt \d+: no-init: /)
  },
)
