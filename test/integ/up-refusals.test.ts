import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { CONFIG, importSpecimen, preparedStore, SERVER, UpNetwork } from './up-network.ts'

// Why `netroot up` does not start: each with what the person reads, its exit status, and nothing left open.

const UNSHARED_CAPS = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-up-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The problems of a configuration, without the heading and the path of the file. */
function problemsIn(stderr: string, file: string): string[] {
  const lines = stderr.trimEnd().split('\n').slice(1)
  return lines.map((line) => line.replace(`${file}:`, ''))
}

test('netroot up writes a commented default where there is no netroot.yaml, then asks for the image', async (t) => {
  const net = await UpNetwork.make(t)
  const store = join(net.directory, 'empty-store')
  const first = await net.netroot(['up', '--store', store])
  assert.deepEqual([first.status, first.stdout], [2, ''])
  assert.equal(
    first.stderr,
    'netroot: there was no netroot.yaml, so a default one was written: it serves br0 with 10.7.0.102-10.7.0.203. ' +
      'Look whether that is the right network, build the image (netroot image build debian), then call netroot up again\n',
  )
  const written = await readFile(net.configFile, 'utf8')
  assert.match(written, /^# What netroot serves.*\n[^]*^interface: br0$[^]*^#: lease: 12h$/m)
  const second = await net.netroot(['up', '--store', store])
  assert.equal(second.status, 2)
  assert.match(
    second.stderr,
    new RegExp(
      `^netroot\\.yaml:\\d+:12: There is no image "debian" in ${store}, images are: none; make it with: netroot image build debian --store ${store}$`,
      'm',
    ),
  )
  assert.equal(await readFile(net.configFile, 'utf8'), written)
  assert.deepEqual(await net.listening(), [])
})

test('netroot up writes no default where no network can be served', async (t) => {
  const net = await UpNetwork.make(t)
  await net.run('ip', ['link', 'set', 'br0', 'down'])
  const { status, stderr } = await net.netroot(['up'])
  assert.equal(status, 1)
  assert.equal(
    stderr,
    'netroot: No network interface is up and has an IPv4 address; give one an address, then call this again\n',
  )
  assert.deepEqual(await readdir(net.directory), ['state'])
})

test('netroot up says where netroot.yaml names an interface that cannot be served', async (t) => {
  const net = await UpNetwork.make(t)
  const refused = async (name: string): Promise<string> => {
    const { status, stderr } = await net.upFails({ config: CONFIG.replace('br0', name) })
    assert.equal(status, 2)
    return problemsIn(stderr, net.configFile).join('\n')
  }
  assert.equal(
    await refused('eth9'),
    '1:12: Cannot serve on interface "eth9": there is none, want one of lo (127.0.0.1/8), br0 (10.7.0.1/24)',
  )
  await net.run('ip', ['link', 'add', 'br1', 'type', 'bridge'])
  assert.equal(
    await refused('br1'),
    '1:12: Cannot serve on interface br1: it is down; switch it on with: ip link set br1 up',
  )
  await net.run('ip', ['link', 'set', 'br1', 'up'])
  assert.equal(
    await refused('br1'),
    '1:12: Cannot serve on interface br1: it has no IPv4 address; give it one with: ip addr add ADDRESS/24 dev br1',
  )
  assert.deepEqual(await net.listening(), [])
})

test('netroot up refuses addresses outside of the network of its interface, each at its place', async (t) => {
  const net = await UpNetwork.make(t)
  const config = CONFIG.replace('10.7.0.100-10.7.0.150', '10.8.0.100-10.8.0.150')
    .replace('10.7.0.7', '10.9.0.7')
    .replace('router: 10.7.0.1', 'router: 10.7.0.255')
  const { status, stderr } = await net.upFails({ config })
  assert.equal(status, 2)
  assert.deepEqual(problemsIn(stderr, net.configFile), [
    '2:8: range: 10.8.0.100 is outside the network 10.7.0.0/24 of the interface',
    '3:9: router: 10.7.0.255 is the broadcast address of 10.7.0.0/24, want that of a machine',
    '12:14: address: 10.9.0.7 is outside the network 10.7.0.0/24 of the interface',
  ])
})

test('netroot up takes the address of its interface in whose network the range is', async (t) => {
  const net = await UpNetwork.make(t)
  await net.run('ip', ['addr', 'add', '10.8.0.1/24', 'dev', 'br0'])
  const server = await net.up({ config: CONFIG.replaceAll('10.7.0.', '10.8.0.') })
  assert.match(server.stdout.text, /"address":"10\.8\.0\.1"/)
})

test('netroot up tells all mistakes of netroot.yaml at once', async (t) => {
  const net = await UpNetwork.make(t)
  const config = `${CONFIG}  pc8:
    mac: 52:54:00:00:00
  pc9:
    mac: 52:54:00:00:00:09
    address: 10.7.0.7
  pc10:
    mac: 52:54:00:00:00:0a
    pofile: specimen
`
  const { status, stderr } = await net.upFails({ config })
  assert.equal(status, 2)
  const problems = problemsIn(stderr, net.configFile)
  assert.equal(problems.length, 3, stderr)
  assert.match(problems[0] ?? '', /^14:10: mac: found "52:54:00:00:00", want six octets/)
  assert.match(problems[1] ?? '', /^17:14: address: 10\.7\.0\.7 belongs to client pc7 already, want another$/)
  assert.match(problems[2] ?? '', /^20:5: found the unknown key "pofile", did you mean profile\?$/)
})

test('netroot up says where netroot.yaml names an image, a release or a kernel that the store has not', async (t) => {
  const net = await UpNetwork.make(t)
  const { directory, digest } = await preparedStore()
  const config = `${CONFIG}  pc8:
    mac: 52:54:00:00:00:08
    image: gone
  pc9:
    mac: 52:54:00:00:00:09
    kernel: 6.1.0-9-amd64
  pc10:
    mac: 52:54:00:00:00:0a
    profile: old
`.replace('clients:', '  old:\n    inherit: specimen\n    release: "0123456789"\ndefault: specimen\nclients:')
  const { status, stderr } = await net.upFails({ config })
  assert.equal(status, 2)
  const short = digest.slice(0, 12)
  assert.deepEqual(problemsIn(stderr, net.configFile), [
    `11:14: Image specimen has no release "0123456789", its releases are: ${short}`,
    `19:12: There is no image "gone" in ${directory}, images are: specimen; make it with: netroot image build gone --store ${directory}`,
    `22:13: Release ${short} of specimen has no kernel "6.1.0-9-amd64"; it has 6.1.0-10-amd64`,
  ])
})

test('netroot up refuses a loader of ours that cannot be read, at its place', async (t) => {
  const net = await UpNetwork.make(t)
  const { status, stderr } = await net.upFails({ config: `${CONFIG}loaders:\n  snponly.efi: /nowhere/ipxe.efi\n` })
  assert.equal(status, 2)
  assert.match(problemsIn(stderr, net.configFile).join('\n'), /^14:16: snponly\.efi: cannot be read: ENOENT.*ipxe\.efi/)
})

test('netroot up without the loaders for Secure Boot says so, and serves all other machines', async (t) => {
  const net = await UpNetwork.make(t) // it has no way to Debian's archive
  const { directory } = await preparedStore()
  const store = join(await temporary(t), 'store')
  await cp(directory, store, { recursive: true, filter: (path) => !path.includes('shim-') })
  const server = await net.up({ store })
  assert.match(
    server.stderr.text,
    /cannot fetch shimx64\.efi.*: machines with Secure Boot on cannot boot; all others can/,
  )
  const machine = await net.machine('other', '52:54:00:00:00:44')
  assert.equal((await machine.dhcp('discover'))?.type, 'offer')
})

test('netroot up refuses a release that was damaged, and one that was taken out of the store by hand', async (t) => {
  const net = await UpNetwork.make(t)
  const store = await temporary(t)
  const digest = await importSpecimen(store)
  await writeFile(join(store, 'releases', digest, 'root.tar'), 'damaged')
  const damaged = await net.upFails({ store })
  assert.equal(damaged.status, 1)
  assert.match(
    damaged.stderr,
    new RegExp(`^netroot: Release ${digest} is damaged: .* has SHA-256 .*; netroot image rm`),
  )
  await rm(join(store, 'releases', digest), { recursive: true })
  const gone = await net.upFails({ store })
  assert.equal(gone.status, 1)
  assert.match(gone.stderr, new RegExp(`^netroot: There is no release ${digest} in ${store}`))
  assert.deepEqual(await net.listening(), [])
})

for (const [protocol, port, action] of [
  ['udp', 67, 'serve DHCP on br0'],
  ['udp', 69, `serve TFTP on ${SERVER}`],
  ['tcp', 80, `serve HTTP on ${SERVER}`],
  ['tcp', 2049, `serve NFS on ${SERVER}`],
] as const) {
  test(`netroot up says who holds ${protocol} port ${port}, and opens nothing`, async (t) => {
    const net = await UpNetwork.make(t)
    const code =
      protocol === 'udp'
        ? `require('dgram').createSocket('udp4').bind(${port}, '0.0.0.0', () => console.log('bound'))`
        : `require('net').createServer().listen(${port}, '0.0.0.0', () => console.log('bound'))`
    const holder = net.spawn(process.execPath, ['-e', `process.title = 'other-daemon'; ${code}`])
    await holder.stdout.waitFor('bound')
    const before = await net.listening()
    const { status, stderr } = await net.upFails()
    assert.equal(status, 1)
    const name = protocol.toUpperCase()
    assert.match(
      stderr,
      new RegExp(
        `^netroot: Cannot ${action}: ${name} port ${port} is in use by other-daemon \\(pid \\d+\\); stop it, or have it leave this interface alone`,
      ),
    )
    assert.deepEqual(await net.listening(), before)
    const boots = await net.netroot(['boots', '--state', net.state])
    assert.equal(boots.stdout, 'No machine has booted yet; switch one on\n')
  })
}

test('netroot up started twice on one interface says that the first one is there', async (t) => {
  const net = await UpNetwork.make(t)
  const first = await net.up()
  const before = await net.listening()
  const { status, stderr } = await net.upFails()
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^netroot: Cannot use the state directory: \S+ is in use by process \d+: stop it first, or, to serve another network/,
  )
  assert.deepEqual(await net.listening(), before)
  assert.deepEqual(await first.stop(), { status: 0, signal: undefined })
})

test('netroot up without the right to low ports ends with status 77 and says what to do', async (t) => {
  const net = await UpNetwork.make(t)
  await net.run('sh', ['-c', 'echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start'])
  const [store, state] = [join(net.directory, 'store'), join(net.directory, 'nobody')]
  const { directory } = await preparedStore()
  await net.run('cp', ['-a', directory, store])
  await net.run('install', ['-d', '-o', '65534', state])
  await net.run('chmod', ['755', net.directory])
  const { status, stderr } = await net.upFails({ store, state, prefix: [...UNSHARED_CAPS, '--inh-caps=-all'] })
  assert.equal(
    stderr,
    `netroot: Cannot serve HTTP on ${SERVER}: no permission for TCP port 80; run it as root, or with CAP_NET_BIND_SERVICE\n`,
  )
  assert.equal(status, 77)
})

test('netroot up serves from a store that may only be read, if all is made already; else it says so', async (t) => {
  const net = await UpNetwork.make(t)
  const { directory } = await preparedStore()
  const bare = await temporary(t)
  await importSpecimen(bare)
  for (const store of [directory, bare]) {
    await net.run('mount', ['--bind', '-o', 'ro', store, store])
    await net.run('mount', ['-o', 'remount,bind,ro', store])
  }
  const server = await net.up()
  assert.equal((await server.stop()).status, 0)
  const { status, stderr } = await net.upFails({ store: bare })
  assert.equal(status, 1)
  assert.match(
    stderr,
    new RegExp(
      `^netroot: Cannot make in ${bare} what machines boot; run netroot as its owner, or name another store with --store: EROFS`,
    ),
  )
  const noState = await net.upFails({ state: directory })
  assert.equal(noState.status, 1)
  assert.match(
    noState.stderr,
    new RegExp(
      `^netroot: Cannot keep leases and boots in ${directory}; run netroot as its owner, or name another directory with --state: EROFS`,
    ),
  )
})

test('netroot up uses no database that is damaged or of another program, and leaves it as it is', async (t) => {
  const net = await UpNetwork.make(t)
  const path = join(net.state, 'netroot.sqlite')
  const refused = async (): Promise<string> => {
    const before = await readFile(path)
    const { status, stderr } = await net.upFails()
    assert.equal(status, 1)
    assert.ok((await readFile(path)).equals(before))
    assert.deepEqual(await net.listening(), [])
    return stderr
  }
  await writeFile(path, 'this is not a database, whatever its name says\n'.repeat(50))
  assert.equal(
    await refused(),
    `netroot: Cannot use ${path}: it is damaged; move it away, and netroot up makes a new one (without the old leases and boots): file is not a database\n`,
  )
  await rm(path)
  const foreign = new DatabaseSync(path)
  foreign.exec('CREATE TABLE recipes (name TEXT)')
  foreign.close()
  assert.equal(
    await refused(),
    `netroot: Cannot use ${path}: it is the database of another program; name another directory with --state\n`,
  )
  await rm(path)
  const newer = new DatabaseSync(path)
  newer.exec('PRAGMA application_id = 0x6e747274; PRAGMA user_version = 9')
  newer.close()
  assert.match(await refused(), /it was written by a newer netroot \(format 9, this one knows 1\); start that one/)
  await rm(path)
  await mkdir(path)
  const { status, stderr } = await net.upFails()
  assert.equal(status, 1)
  assert.equal(stderr, `netroot: Cannot use ${path}: unable to open database file\n`)
})
