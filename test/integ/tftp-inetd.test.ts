import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { NETROOT, runToEnd, start } from '../support/netroot.ts'
import { digestOf, makeServedFiles } from '../support/served-files.ts'

const files = await makeServedFiles()
const directory = await mkdtemp(join(tmpdir(), 'netroot-xinetd-'))
after(async () => {
  await files[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** As administrators have it for tftpd, with the limits of old: 11 of one source, 100 in a second. */
function configOf(port: number): string {
  const server = `server = ${NETROOT}\n  server_args = serve tftp ${files.served} --inetd 1 --per-source 11 --rate 100 --quiet`
  const service = `socket_type = dgram\n  protocol = udp\n  wait = yes\n  user = root\n  port = ${port}\n  bind = 127.0.0.1`
  return `defaults\n{\n  cps = 100 2\n}\nservice tftp\n{\n  type = UNLISTED\n  ${service}\n  ${server}\n}\n`
}

test('xinetd starts netroot when somebody asks, and again after it went for want of work [AW24]', async () => {
  const port = await freePort()
  const config = join(directory, 'xinetd.conf')
  await writeFile(config, configOf(port))
  const { child, ended } = start('xinetd', [
    '-dontfork',
    '-f',
    config,
    '-syslog',
    'daemon',
    '-pidfile',
    join(directory, 'pid'),
  ])
  try {
    for (const wait of [500, 2500]) {
      await sleep(wait)
      const target = files.target()
      const { stderr } = await runToEnd('atftp', ['-g', '-r', 'file-513', '-l', target, '127.0.0.1', `${port}`])
      assert.equal(await digestOf(target), await digestOf(files.content(513)), stderr)
    }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
})
