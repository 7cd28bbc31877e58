import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, PLAN, SHELLS, type Shell } from './machine.ts'

const QUIET = 'quiet'

/** The mount command of the root that a command line or plan leads to. */
function mountOf(
  shell: Shell,
  commandLine: string,
  roots?: string,
  lease?: Record<string, string>,
): string | undefined {
  const card = {
    name: 'eth0',
    mac: '52:54:00:12:34:56',
    lease: { ip: '10.77.0.50', mask: '24', serverid: '10.77.0.1', ...lease },
  }
  const plan = roots === undefined ? {} : { plan: { ...PLAN, NETROOT_ROOTS: roots } }
  const { commands } = boot(shell, { ...plan, cards: [card], commandLine: `${QUIET} ${commandLine}` })
  return commands.find((line) => line.startsWith('mount -t nfs'))
}

const COMMON = 'mount -t nfs -o ro,nolock,proto=tcp,hard,nocto,actimeo=600,addr='

for (const shell of SHELLS) {
  test(`${shell}: a URL with a port needs no rpcbind; read-only and without lock daemon [HT55]`, () => {
    assert.equal(
      mountOf(shell, '', 'nfs://10.77.0.1:2049/release/abab?vers=3'),
      `${COMMON}10.77.0.1,mountproto=tcp,port=2049,mountport=2049,vers=3 10.77.0.1:/release/abab /layers/release`,
    )
  })

  test(`${shell}: a root that keeps what is written is mounted to be written, with its locks, and has no memory above it`, () => {
    const roots = 'nfs://10.77.0.1:2049/keep/52-54-00-12-34-56/k7m2qa?vers=4.2'
    const plan = { ...PLAN, NETROOT_ROOTS: roots, NETROOT_WRITES: 'keep' }
    const commands = (commandLine: string) => boot(shell, { plan, cards: [CARD], commandLine }).commands
    const own = commands(QUIET)
    assert.deepEqual(
      own.filter((line) => /^mount .*(?:nfs|overlay|sysroot$)/.test(line)),
      [
        'mount -t nfs -o rw,proto=tcp,hard,nocto,addr=10.77.0.1,clientaddr=10.77.0.50,port=2049,vers=4.2 10.77.0.1:/keep/52-54-00-12-34-56/k7m2qa /layers/release',
        'mount --move /layers/release /sysroot',
      ],
    )
    const others = commands(`${QUIET} root=nfs:10.77.0.9:/srv/root`).filter((line) => line.includes('-t nfs'))
    assert.ok(
      others.every((line) => line.includes('-o ro,nolock,')),
      'a root that the command line names is no own one',
    )
  })

  test(`${shell}: a server of IPv6 is told an address of IPv6, or none, also where the lease is of IPv4`, () => {
    const roots = 'nfs://[fd77::1]:2049/release/abab?vers=4.0'
    const options = (address: string) =>
      `mount -t nfs -o ro,nolock,proto=tcp6,hard,nocto,actimeo=600,addr=fd77::1,clientaddr=${address},port=2049,vers=4.0 [fd77::1]:/release/abab /layers/release`
    const files = { '/proc/net/if_inet6': 'fd7700000000000000000000000000ab 02 40 00 00 eth0\n' }
    const mounted = (more: object) =>
      boot(shell, { plan: { ...PLAN, NETROOT_ROOTS: roots }, commandLine: QUIET, ...more }).commands.find((line) =>
        line.startsWith('mount -t nfs'),
      )
    assert.equal(mounted({ files }), options('fd77::ab'))
    assert.equal(mounted({}), options('::'))
  })

  test(`${shell}: version 4 gets the client's address and no MOUNT options`, () => {
    assert.equal(
      mountOf(shell, '', 'nfs://10.77.0.1:2049/release/abab?vers=4.2'),
      `${COMMON}10.77.0.1,clientaddr=10.77.0.50,port=2049,vers=4.2 10.77.0.1:/release/abab /layers/release`,
    )
  })

  test(`${shell}: every option of root=nfs: is kept, in its order [HT34]`, () => {
    assert.equal(
      mountOf(shell, 'root=nfs:10.0.0.9:/srv/root:vers=3,rsize=8192,wsize=8192,timeo=50'),
      `${COMMON}10.0.0.9,mountproto=tcp,vers=3,rsize=8192,wsize=8192,timeo=50 10.0.0.9:/srv/root /layers/release`,
    )
  })

  test(`${shell}: every option of the kernel's nfsroot= is kept; root=/dev/nfs [HT34]`, () => {
    assert.equal(
      mountOf(shell, 'root=/dev/nfs nfsroot=10.0.0.9:/srv/root,vers=3,rsize=8192,nolock'),
      `${COMMON}10.0.0.9,mountproto=tcp,vers=3,rsize=8192,nolock 10.0.0.9:/srv/root /layers/release`,
    )
  })

  test(`${shell}: %s in nfsroot= is the machine's address [JS4]`, () => {
    assert.match(
      mountOf(shell, 'nfsroot=10.0.0.9:/tftpboot/%s,vers=3') ?? '',
      / 10\.0\.0\.9:\/tftpboot\/10\.77\.0\.50 /,
    )
  })

  test(`${shell}: root=nfs4: asks for version 4.2`, () => {
    assert.match(mountOf(shell, 'root=nfs4:10.0.0.9:/') ?? '', /clientaddr=10\.77\.0\.50,vers=4\.2 10\.0\.0\.9:\/ /)
  })

  test(`${shell}: a root path in the lease (option 17) is used where nobody names a root`, () => {
    const mount = mountOf(shell, '', undefined, { rootpath: '10.0.0.8:/srv/x,vers=3' })
    assert.match(mount ?? '', / 10\.0\.0\.8:\/srv\/x /)
  })

  test(`${shell}: a root path without a server is on the DHCP server`, () => {
    assert.match(mountOf(shell, '', undefined, { rootpath: '/srv/x' }) ?? '', / 10\.77\.0\.1:\/srv\/x /)
  })

  test(`${shell}: without a version 3 is tried, then 4.2`, () => {
    const world = `on_mount() { case $* in *vers=3*) echo "x failed: Protocol not supported" >&2; return 1 ;; esac; }`
    const { commands } = boot(shell, { commandLine: `${QUIET} root=nfs:10.0.0.9:/srv/root`, world })
    const mounts = commands.filter((line) => line.startsWith('mount -t nfs'))
    assert.deepEqual(
      mounts.map((line) => /vers=[^ ]*/.exec(line)?.[0]),
      ['vers=3', 'vers=4.2'],
    )
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: of several versions the first that the server has is taken, which is said and told [AW47]`, () => {
    const plan = { ...PLAN, NETROOT_ROOTS: 'nfs://10.77.0.1:2049/a?vers=4.2/4.1/4.0/3&rsize=65536' }
    const versions = (answers: string) => {
      const world = `on_mount() { case $* in *' nfs '*) case $* in ${answers} esac ;; esac; }`
      const { commands, reports, screen } = boot(shell, { plan, world })
      const mounts = commands.filter((line) => line.startsWith('mount -t nfs'))
      return { tried: mounts.map((line) => /vers=[^ ]*/.exec(line)?.[0]), reports, screen }
    }
    const no = (pattern: string, words: string) => `${pattern}) echo "x failed: ${words}" >&2; return 1 ;;`
    assert.deepEqual(versions('').tried, ['vers=4.2,rsize=65536'])
    const { tried, reports, screen } = versions(no('*vers=4.[12]*', 'Protocol not supported'))
    assert.deepEqual(
      tried,
      ['4.2', '4.1', '4.0'].map((version) => `vers=${version},rsize=65536`),
    )
    assert.match(screen, /warning: the root's server has no NFS 4\.2, 4\.1; its root is mounted with version 4\.0/)
    const lines = reports.find(({ stage }) => stage === 'root')?.lines ?? []
    assert.ok(lines.includes('url nfs://10.77.0.1:2049/a?vers=4.0&rsize=65536'), lines.join('\n'))
    assert.ok(lines.includes('refused NFS 4.2, 4.1'), lines.join('\n'))
    // an answer about the root is that of all of version 4
    assert.deepEqual(versions(no('*vers=4*', 'No such file or directory')).tried, [
      'vers=4.2,rsize=65536',
      'vers=3,rsize=65536',
    ])
  })

  test(`${shell}: a version by which no file can be read is given up for the next, which is said; if it is the only one, too`, () => {
    // A directory cannot be read as a file: what a read is answered by a server whose READ_PLUS is broken.
    const world = `on_mount() { rm -rf "$ROOT/layers/release/etc"; case $* in
      *vers=4.2*) mkdir -p "$ROOT/layers/release/etc/passwd" ;;
      *' nfs '*) mkdir -p "$ROOT/layers/release/etc"; echo root > "$ROOT/layers/release/etc/passwd" ;;
    esac; }`
    const several = boot(shell, { plan: { ...PLAN, NETROOT_ROOTS: 'nfs://10.77.0.1:2049/a?vers=4.2/4.1/3' }, world })
    const mounts = several.commands.filter((line) => /^u?mount (?:-t nfs|\/layers)/.test(line))
    assert.deepEqual(
      mounts.map((line) => /vers=[^ ]*|^umount/.exec(line)?.[0]),
      ['vers=4.2', 'umount', 'vers=4.1'],
    )
    assert.match(several.screen, /no NFS 4\.2 that gives content; its root is mounted with version 4\.1/)
    const told = several.reports.find(({ stage }) => stage === 'root')?.lines ?? []
    assert.ok(told.includes('refused NFS 4.2'), told.join('\n'))
    const one = boot(shell, { plan: { ...PLAN, NETROOT_ROOTS: 'nfs://10.77.0.1:2049/a?vers=4.2' }, world })
    assert.match(one.screen, /The server gives no content of files by this version of NFS/)
    assert.match(one.screen, /no byte of etc\/passwd could be read/)
  })

  test(`${shell}: rootflags= says how the plan's root is mounted; a version there is the only one`, () => {
    const roots = 'nfs://10.77.0.1:2049/a?vers=4.2/4.1/4.0/3'
    assert.match(mountOf(shell, 'rootflags=vers=3,rsize=8192', roots) ?? '', /,mountport=2049,vers=3,rsize=8192 /)
    const plan = { ...PLAN, NETROOT_WRITES: 'keep', NETROOT_ROOTS: 'nfs://10.77.0.1:2049/keep/a?vers=4.2' }
    const kept = boot(shell, { plan, commandLine: `${QUIET} rootflags=timeo=100` }).commands
    assert.match(
      kept.find((line) => line.startsWith('mount -t nfs')) ?? '',
      /^mount -t nfs -o rw,.*vers=4\.2,timeo=100 /,
    )
    assert.match(mountOf(shell, 'rootflags=timeo=100', roots) ?? '', /,port=2049,vers=4\.2,timeo=100 /)
  })

  test(`${shell}: the kernel's NFS client gets a name of its own before it mounts`, () => {
    const file = '/sys/fs/nfs/net/nfs_client/identifier'
    const plan = { ...PLAN, NETROOT_ROOTS: 'nfs://10.77.0.1:2049/a?vers=4.2' }
    const machine = boot(shell, { plan, commandLine: QUIET, files: { [file]: '(null)\n' } })
    assert.equal(machine.file(file), '52:54:00:12:34:56\n')
  })

  test(`${shell}: roots are tried in order until one mounts`, () => {
    const roots = 'nbd://10.0.0.1/x nfs://10.0.0.2/a?vers=3 nfs://10.0.0.3/b?vers=3'
    const world = `on_mount() { case $* in *10.0.0.2:*) return 1 ;; esac; }`
    const { commands, reports } = boot(shell, { plan: { ...PLAN, NETROOT_ROOTS: roots }, commandLine: QUIET, world })
    assert.equal(commands.filter((line) => line.startsWith('mount -t nfs')).length, 2)
    assert.ok(reports.some(({ stage, lines }) => stage === 'root' && lines.includes('url nfs://10.0.0.3/b?vers=3')))
  })

  test(`${shell}: a server's name is looked up; the kernel gets its address`, () => {
    const world = `on_nslookup() { printf 'Server:\\t10.77.0.1\\nAddress:\\t10.77.0.1:53\\n\\nName:\\tfiles.lab\\nAddress: 10.0.0.7\\n'; }`
    const { commands } = boot(shell, { commandLine: `${QUIET} root=nfs:files.lab:/srv/root:vers=3`, world })
    assert.ok(commands.some((line) => line.includes('addr=10.0.0.7,') && line.includes(' files.lab:/srv/root ')))
  })

  test(`${shell}: a server's name that DNS does not know is said`, () => {
    const { screen } = boot(shell, { commandLine: `${QUIET} root=nfs:files.lab:/srv/root` })
    assert.match(
      screen.replaceAll(/\s+\|? */g, ' '),
      /DNS \(10\.77\.0\.1 10\.77\.0\.2\) has no address for files\.lab\./,
    )
  })

  test(`${shell}: netroot.overlay-size= sets the size of the writable layer; nonsense is not handed on`, () => {
    const size = (word: string) =>
      boot(shell, { plan: PLAN, commandLine: `${QUIET} ${word}` }).commands.find((line) =>
        line.includes('memory /layers/memory'),
      )
    assert.match(size('netroot.overlay-size=2g') ?? '', /size=2g /)
    assert.match(size('netroot.overlay-size=1;reboot') ?? '', /size=50% /)
  })
}
