import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/** Is a lab opened by a process of its own: what it needs of the host, and what it leaves there. */
const LAB = new URL('../../src/lab/lab.ts', import.meta.url).href
const asRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root to take rights away from a child' }

/** Opens a lab, switches a machine on, tells where everything is, and waits to be killed. */
const OWNER = `
  const { Lab } = await import('${LAB}')
  const lab = await Lab.open()
  const pc = await lab.powerOn()
  const { stdout } = await lab.run('sh', ['-c', 'ps -o pid=,comm= -A'])
  let traffic = ''
  for (let tries = 0; lab.isUnprivileged && tries < 100 && !traffic.includes('DHCP'); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    traffic = await lab.describeTraffic()
  }
  const { directory, pid, isUnprivileged: unprivileged } = lab
  console.log(JSON.stringify({ directory, pid, unprivileged, inside: stdout, traffic }))
  setInterval(() => {}, 1000)`

/** Opens a lab and prints either that it is open or the name and the text of the error. */
const OPENER = `
  const { Lab } = await import('${LAB}')
  try { await using lab = await Lab.open({ firmwares: ['bios', 'uefi'] }); console.log('open') }
  catch (error) { console.log(error.name + ': ' + error.message) }`

interface Told {
  readonly directory: string
  readonly pid: number
  readonly unprivileged: boolean
  readonly inside: string
  /** Packets in words; waited for only by an ordinary user, since there QEMU must capture them. */
  readonly traffic: string
}

/** Runs JavaScript in another Node, after this shell script, whose last word is `exec "$@"`. */
function startNode(code: string, shell = 'exec "$@"'): ChildProcessWithoutNullStreams {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
  return spawn('sh', ['-c', shell, 'sh', ...node])
}

async function outputOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
  await new Promise((resolve) => child.once('close', resolve))
  return text
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<Told> {
  let text = ''
  child.stderr.on('data', (chunk) => (text += String(chunk)))
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.endsWith('\n')) break
  }
  try {
    return JSON.parse(text) as Told
  } catch {
    throw new Error(`want JSON, got ${text}`)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function waitUntilGone(path: string): Promise<void> {
  for (let tries = 0; await exists(path); tries++) {
    assert.ok(tries < 100, `${path} is still there after 5 s`)
    await sleep(50)
  }
}

/** Pids of all QEMU processes whose command line names the folder. */
async function qemusOf(directory: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => lines[index]?.includes(directory))
}

describe('Lab, when its process ends', { timeout: 120_000 }, () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    test(`leaves no QEMU, no namespace and no folder after ${signal}`, async (t) => {
      const owner = startNode(OWNER)
      t.after(() => owner.kill('SIGKILL'))
      const { directory, pid, inside } = await firstLine(owner)
      assert.match(inside, /qemu-system/)
      assert.ok((await qemusOf(directory)).length > 0)
      owner.kill(signal)
      await waitUntilGone(`/proc/${pid}`)
      await waitUntilGone(directory)
      assert.deepEqual(await qemusOf(directory), [])
    })
  }
})

describe('Lab.open()', { timeout: 120_000 }, () => {
  test('says how to get /dev/net/tun where there is none', asRoot, async () => {
    const hidden = `exec unshare --mount sh -c 'mount -t tmpfs none /dev/net && exec "$@"' sh "$@"`
    const text = await outputOf(startNode(OPENER, hidden))
    assert.match(
      text,
      /^PermissionError: Cannot make virtual network cards: \/dev\/net\/tun is not there\. As root: modprobe tun/,
    )
  })

  test('says who may not open /dev/net/tun', asRoot, async () => {
    const text = await outputOf(startNode(OPENER, withTun('600')))
    assert.match(
      text,
      /^PermissionError: Cannot make .*: no permission to open \/dev\/net\/tun \(EACCES\)\. As root: chmod 666/,
    )
  })

  test('names the setting of the kernel that forbids user namespaces', asRoot, async () => {
    const forbid = `exec unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
      exec setpriv --bounding-set=-all --inh-caps=-all "$@"' sh "$@"`
    const text = await outputOf(startNode(OPENER.replace("'bios', 'uefi'", ''), forbid))
    assert.match(text, /^PermissionError: Cannot make a private network: unshare: .*No space left on device\./)
    assert.match(
      text,
      /The kernel forbids it by user\.max_user_namespaces = 0\..*sysctl -w user\.max_user_namespaces=10000/,
    )
  })

  test('names the package of QEMU and of the UEFI firmware', asRoot, async () => {
    const noQemu = `exec unshare --mount sh -c 'mount --bind /dev/null /usr/bin/qemu-system-x86_64 && exec "$@"' sh "$@"`
    assert.match(
      await outputOf(startNode(OPENER, noQemu)),
      /qemu-system-x86_64 is not installed. Install it: apt install qemu-system-x86/,
    )
    const noOvmf = `exec unshare --mount sh -c 'mount -t tmpfs none /usr/share/OVMF && exec "$@"' sh "$@"`
    assert.match(
      await outputOf(startNode(OPENER, noOvmf)),
      /OVMF_CODE_4M.fd is not there. Install it: apt install ovmf/,
    )
  })

  test('works as an ordinary user, and leaves nothing', asRoot, async (t) => {
    const owner = startNode(OWNER, withTun('666'))
    t.after(() => owner.kill('SIGKILL'))
    const { directory, pid, unprivileged, traffic } = await firstLine(owner)
    assert.equal(unprivileged, true)
    assert.match(traffic, /0\.0\.0\.0\.68 > 255\.255\.255\.255\.67: BOOTP\/DHCP, Request from 52:54:00:39:00:c0/)
    assert.equal(directory.startsWith(join(tmpdir(), 'netroot-lab-')), true)
    owner.kill('SIGKILL')
    await waitUntilGone(`/proc/${pid}`)
    await waitUntilGone(directory)
  })
})

/** As user 1000 without rights, with a tun device of that mode. */
function withTun(mode: string): string {
  const device = `mount -t tmpfs none /dev/net && mknod -m ${mode} /dev/net/tun c 10 200`
  const user = 'setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all'
  return `exec unshare --mount sh -c '${device} && exec env HOME=/nonexistent ${user} "$@"' sh "$@"`
}
