import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, type Card, LEASE, PLAN, SHELLS } from './machine.ts'

const E1000 = 'pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00'
const SILENT: Card = { name: 'eth0', mac: '52:54:00:12:34:56' }
const QUIET = { plan: PLAN, commandLine: 'quiet' } as const

/** Words on the screen with the frame and its folding taken away. */
function words(screen: string): string {
  return screen.replaceAll(/^\| {13}/gm, '').replaceAll(/\s+/g, ' ')
}

for (const shell of SHELLS) {
  test(`${shell}: a machine without a card says so, errors show with quiet [HT52] [DB18]`, () => {
    const { screen } = boot(shell, { ...QUIET, cards: [] })
    assert.match(screen, /^\| netroot +this machine cannot boot: no-card$/m)
    assert.match(words(screen), /What failed No network card was found\./)
    assert.match(words(screen), /Found 0 devices on the buses, none of them a network card\./)
    assert.match(words(screen), /Boot k7m2qa, try 1, http:\/\/10\.77\.0\.1:8080/)
    assert.match(screen, /Press s and Enter for a shell; the machine tries again in 1 s\./)
  })

  test(`${shell}: a card without driver is named by its PCI id and modalias [HT51] [HT52]`, () => {
    const { screen } = boot(shell, {
      ...QUIET,
      cards: [],
      files: { '/sys/bus/pci/devices/0000:00:03.0/modalias': `${E1000}\n` },
    })
    assert.match(screen, /cannot boot: no-driver/)
    assert.match(words(screen), new RegExp(`Found 0000:00:03\\.0 8086:100e \\(${E1000}\\)`))
  })

  test(`${shell}: a machine whose buses say nothing gets a message, not a crash [HT49]`, () => {
    const { screen, log } = boot(shell, { ...QUIET, cards: [], files: { '/sys/bus/none': '' } })
    assert.match(screen, /cannot boot: no-card/)
    assert.doesNotMatch(log, /not found|can't open|syntax/i)
  })

  test(`${shell}: a card that is not seen without its firmware is no-firmware, with the file that its driver asks for`, () => {
    const { screen } = boot(shell, {
      ...QUIET,
      cards: [],
      files: { '/sys/bus/pci/devices/0000:02:00.0/modalias': 'pci:v000014E4d00001639sv0sd0bc02sc00i00\n' },
      world: `on_dmesg() {
        echo '[    1.23] bnx2 0000:02:00.0: Direct firmware load for bnx2/x.fw failed with error -2'
        echo '[    1.24] bnx2 0000:02:00.0: Direct firmware load for bnx2/x.fw failed with error -2'
        echo '[    1.25] radeon 0000:01:00.0: Direct firmware load for radeon/y.bin failed with error -2'
      }`,
    })
    assert.match(screen, /cannot boot: no-firmware/)
    assert.match(words(screen), /Found bnx2 \(0000:02:00\.0\) asks for bnx2\/x\.fw\. \| To do/)
    assert.match(words(screen), /Install the package with \/lib\/firmware\/bnx2\/x\.fw in the image/)
  })

  test(`${shell}: a card that cannot be put up without its firmware is no-firmware, not one without a link`, () => {
    const { screen } = boot(shell, {
      plan: PLAN,
      commandLine: 'quiet netroot.carrier=0',
      cards: [{ ...CARD, carrier: false }],
      files: { '/sys/bus/pci/devices/0000:00:03.0/net/eth0': '' },
      world: `on_ip() { case $* in 'link set eth0 up') return 1 ;; esac; }
        on_dmesg() { echo 'e100 0000:00:03.0: firmware: failed to load e100/d102e_ucode.bin (-2)'; }`,
    })
    assert.match(screen, /cannot boot: no-firmware/)
    assert.match(words(screen), /Found e100 \(0000:00:03\.0\) asks for e100\/d102e_ucode\.bin\./)
  })

  test(`${shell}: firmware of what is no network card is not why there is no card`, () => {
    const { screen } = boot(shell, {
      ...QUIET,
      cards: [],
      files: { '/sys/bus/pci/devices/0000:01:00.0/modalias': 'pci:v00001002d00009588sv0sd0bc03sc00i00\n' },
      world: `on_dmesg() { echo 'radeon 0000:01:00.0: Direct firmware load for radeon/y.bin failed with error -2'; }`,
    })
    assert.match(screen, /cannot boot: no-card/)
  })

  test(`${shell}: devices without driver are reported also where another card works`, () => {
    const { reports } = boot(shell, { ...QUIET, files: { '/sys/bus/pci/devices/0000:00:09.0/modalias': `${E1000}\n` } })
    assert.ok(reports[1]?.lines.includes(`missing 0000:00:09.0 ${E1000}`))
  })

  test(`${shell}: cards without link are named`, () => {
    const { screen, commands } = boot(shell, {
      plan: PLAN,
      commandLine: 'quiet netroot.carrier=2',
      cards: [{ ...CARD, carrier: false }],
    })
    assert.match(screen, /No network card has a link\. \(try 1, again in 1 s\)/)
    assert.match(screen, /cannot boot: no-carrier/)
    assert.match(words(screen), /No carrier on eth0 \(52:54:00:12:34:56\) after 2 s\./)
    assert.ok(!commands.some((line) => line.startsWith('udhcpc')))
  })

  test(`${shell}: a link that comes late is used`, () => {
    const world = `on_sleep() { echo 1 >"$ROOT/sys/class/net/eth0/carrier"; }`
    const { commands } = boot(shell, { ...QUIET, cards: [{ ...CARD, carrier: false }], world })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: no DHCP answer says what was sent and what was heard, and is tried again with rising pauses [DB19]`, () => {
    const { screen, commands } = boot(shell, { ...QUIET, cards: [SILENT], world: 'MOST_KEYS=7' })
    assert.match(screen, /No DHCP server gave this machine an address\. \(try 1, again in 1 s\)/)
    assert.match(screen, /cannot boot: no-lease/)
    assert.match(
      words(screen),
      /eth0 \(52:54:00:12:34:56\): 1 requests sent, 0 offers and 0 refusals heard, 17 packets received/,
    )
    assert.match(words(screen), /spanning tree/)
    const pauses = commands.filter((line) => line.startsWith('read_key'))
    assert.deepEqual(
      pauses,
      [1, 2, 4, 8, 15, 30, 30].map((seconds) => `read_key ${seconds}`),
    )
  })

  test(`${shell}: who offered or refused an address is named`, () => {
    const world = `on_udhcpc() {
        echo 'udhcpc: broadcasting discover' >&2
        echo 'udhcpc: broadcasting select for 192.168.9.50, server 192.168.9.1' >&2
        interface=eth0 serverid=192.168.9.2 message='not on this network' "$SHELL_UNDER_TEST" "$ROOT/netroot/dhcp/answer" nak
        return 1
      }`
    const { screen } = boot(shell, { ...QUIET, cards: [SILENT], world })
    assert.match(
      words(screen),
      /1 requests sent, 1 offers and 1 refusals heard \(from 192\.168\.9\.1 192\.168\.9\.2\), 17 packets/,
    )
  })

  test(`${shell}: a card named by BOOTIF that stays dumb makes room for the others in the fourth round`, () => {
    const second: Card = { name: 'eth1', mac: '52:54:00:12:34:57', lease: LEASE }
    const { commands } = boot(shell, {
      plan: PLAN,
      commandLine: 'quiet BOOTIF=01-52-54-00-12-34-56',
      cards: [SILENT, second],
      world: 'MOST_KEYS=9',
    })
    const asked = commands.flatMap((line) => /^udhcpc .* -i (\S+)/.exec(line)?.[1] ?? [])
    assert.deepEqual(asked.slice(0, 3), ['eth0', 'eth0', 'eth0'])
    assert.ok(commands.includes('switch_root /sysroot /sbin/init'))
  })

  test(`${shell}: failures before there was a network reach the server once there is one`, () => {
    const world = `on_read_key() { echo "export ip=10.77.0.50 mask=24" >"$ROOT/world/dhcp.eth0"; }`
    const { reports } = boot(shell, { ...QUIET, cards: [SILENT], world })
    const trying = reports.find(({ stage }) => stage === 'trying')
    assert.deepEqual(trying?.lines.slice(1, 4), ['what getting an address', 'attempt 1', 'cause no-lease'])
    assert.ok(reports.some(({ stage }) => stage === 'lease'))
  })

  test(`${shell}: a server that does not answer is server-gone, with its address and ours`, () => {
    const world = `on_nc() { echo "nc: can't connect to remote host (10.77.0.1): Connection refused" >&2; return 1; }`
    const { screen, reports } = boot(shell, { ...QUIET, world })
    assert.match(screen, /The root's NFS server does not answer\. \(try 1, again in 1 s\)/)
    assert.match(screen, /cannot boot: server-gone/)
    assert.match(
      words(screen),
      /remote host \(10\.77\.0\.1\): Connection refused; this machine is 10\.77\.0\.50\/24 on eth0, router 10\.77\.0\.1, as the DHCP server 10\.77\.0\.1 said\./,
    )
    assert.ok(reports.some(({ stage, lines }) => stage === 'trying' && lines.includes('cause server-gone')))
    const failed = reports.find(({ stage }) => stage === 'failed')
    assert.ok(failed?.lines.includes('cause server-gone'))
    assert.match(failed?.text ?? '', /attempt 3: server-gone/)
  })

  test(`${shell}: a server on another network without a way there is no-route`, () => {
    const world = `on_nc() { echo "nc: can't connect to remote host (10.9.0.1): Network is unreachable" >&2; return 1; }`
    assert.match(boot(shell, { ...QUIET, world }).screen, /cannot boot: no-route/)
  })

  test(`${shell}: a refused mount says what the kernel said, then tries again [HT56] [AW41]`, () => {
    const world = `on_mount() { case $* in *nfs*) echo "mount: mounting a on b failed: Permission denied" >&2; return 1 ;; esac; }`
    const { screen, commands, reports } = boot(shell, { ...QUIET, world })
    assert.match(screen, /cannot boot: root-refused/)
    assert.match(words(screen), /Permission denied on mounting 10\.77\.0\.1:\/release\/abab by NFS over eth0/)
    assert.match(words(screen), /not open to this machine \(10\.77\.0\.50\)/)
    assert.ok(commands.filter((line) => line.startsWith('mount -t nfs')).length >= 3)
    assert.ok(reports.some(({ stage, lines }) => stage === 'failed' && lines.includes('cause root-refused')))
  })

  test(`${shell}: what version 3 was answered is told, not that the server has no version 4`, () => {
    const world = `on_mount() {
      case $* in
        *vers=3*) echo "mount: mounting a on b failed: No such file or directory" >&2 && return 1 ;;
        *vers=4.2*) echo "mount: mounting a on b failed: Protocol not supported" >&2 && return 1 ;;
      esac
    }`
    const { screen, commands } = boot(shell, { commandLine: 'quiet root=nfs:10.77.0.1:/nope', world })
    assert.match(screen, /^\| What failed {2}The server has no such root\.$/m)
    assert.match(screen, /^\| Found {8}No such file or directory on mounting /m)
    assert.ok(commands.some((line) => line.includes('vers=4.2')))
  })

  test(`${shell}: a root without a port whose server has no rpcbind says which options help`, () => {
    const world = `on_mount() { case $* in *nfs*) echo "mount: a failed: Connection refused" >&2; return 1 ;; esac; }`
    const advice = (root: string): string => words(boot(shell, { commandLine: `quiet root=${root}`, world }).screen)
    assert.match(advice('nfs:10.77.0.1:/x'), /asks its rpcbind \(TCP port 111\); .* options port=2049,mountport=2049\./)
    assert.match(advice('nfs://10.77.0.1:2049/x'), /Add mountport= to the root's URL, or leave the port out/)
  })

  test(`${shell}: a failure's report ends with the log, after what the kernel said`, () => {
    const { reports } = boot(shell, { ...QUIET, root: { '/etc/y': '' }, world: `on_dmesg() { echo 'kernel words'; }` })
    const failed = reports.find(({ stage }) => stage === 'failed')
    assert.match(failed?.text ?? '', /^kernel words\n[^]*\n\d+\.\d\d attempt 1: no-init: .*\n?$/)
  })

  test(`${shell}: a server that comes back lets the boot go on`, () => {
    const world = `
      on_nc() { [ -e "$ROOT/world/back" ]; }
      on_read_key() { : >"$ROOT/world/back"; }`
    const { commands } = boot(shell, { ...QUIET, world })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: s opens a shell, and the boot goes on after it [HT56]`, () => {
    const world = `
      on_nc() { [ -e "$ROOT/world/mended" ]; }
      on_read_key() { echo s; }
      on_setsid() { : >"$ROOT/world/mended"; }`
    const { commands } = boot(shell, { ...QUIET, world })
    assert.ok(commands.includes('setsid -c sh'))
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: a root without init is no-init and names what is there [AW41]`, () => {
    const { screen } = boot(shell, { ...QUIET, root: { '/home/x': '', '/etc/y': '' } })
    assert.match(screen, /cannot boot: no-init/)
    assert.match(
      words(screen),
      /nfs:\/\/10\.77\.0\.1:2049\/release\/abab\?vers=3 has no \/sbin\/init; it has: etc home/,
    )
  })

  test(`${shell}: a kernel of another release than its drivers is wrong-release, before any card is looked for`, () => {
    const { screen, commands } = boot(shell, { ...QUIET, files: { '/netroot/drivers': 'KERNEL=6.1.0-old\n' } })
    assert.match(screen, /cannot boot: wrong-release/)
    assert.match(words(screen), /Kernel 6\.12\.1-test runs; the drivers are for 6\.1\.0-old\./)
    assert.ok(!commands.some((line) => line.startsWith('modprobe')))
  })

  test(`${shell}: a root without modules for the kernel that runs is wrong-release`, () => {
    const { screen } = boot(shell, { ...QUIET, root: { '/sbin/init': '#!', '/lib/modules/6.1.0-old/x': '' } })
    assert.match(screen, /cannot boot: wrong-release/)
    assert.match(words(screen), /Kernel 6\.12\.1-test; the root has: 6\.1\.0-old\./)
  })

  test(`${shell}: too little memory is no-memory, with the figures`, () => {
    const meminfo = 'MemTotal: 131072 kB\nMemAvailable: 20480 kB\n'
    const { screen } = boot(shell, { ...QUIET, files: { '/proc/meminfo': meminfo } })
    assert.match(screen, /cannot boot: no-memory/)
    assert.match(words(screen), /20 MiB of 128 MiB are free; it takes 48 MiB\./)
  })

  test(`${shell}: a tmpfs that cannot be mounted is said, and not left behind [DB19]`, () => {
    const world = `on_mount() { case $* in *overlay*) return 1 ;; esac; }`
    const { screen, commands } = boot(shell, { ...QUIET, world })
    assert.match(screen, /Memory could not be laid over the root\./)
    assert.ok(commands.includes('umount /layers/memory'))
  })

  test(`${shell}: a machine that nobody told its root is no-plan`, () => {
    const { screen } = boot(shell, { commandLine: 'quiet' })
    assert.match(screen, /cannot boot: no-plan/)
    assert.match(words(screen), /No plan came with the initramfs, no root= on the kernel command line, no root path/)
  })

  test(`${shell}: panic= reboots a machine that has not booted by then; without it never`, () => {
    const state = { ...QUIET, cards: [], files: { '/proc/uptime': '65.10 1.00\n' }, world: 'MOST_KEYS=2' }
    assert.ok(boot(shell, { ...state, commandLine: 'quiet panic=60' }).commands.includes('reboot -f'))
    assert.ok(!boot(shell, state).commands.includes('reboot -f'))
    assert.ok(!boot(shell, { ...state, commandLine: 'quiet netroot.reboot=90' }).commands.includes('reboot -f'))
  })

  test(`${shell}: the server is told what failed before a machine reboots`, () => {
    const world = `on_reboot() { kill -9 "$(cat "$ROOT/world/pid")"; }`
    const files = { '/proc/uptime': '65.10 1.00\n' }
    const { commands, reports } = boot(shell, {
      plan: PLAN,
      commandLine: 'quiet panic=60',
      root: { '/etc/y': '' },
      files,
      world,
    })
    assert.equal(commands.at(-1), 'reboot -f')
    assert.equal(reports.at(-1)?.stage, 'failed')
  })

  test(`${shell}: what card is waited for is said, but with quiet`, () => {
    const said = (cards: readonly Card[], commandLine: string): string =>
      boot(shell, { plan: PLAN, cards, commandLine }).screen
    assert.match(said([], ''), /^netroot: no network card yet, waiting for one$/m)
    assert.doesNotMatch(said([], 'quiet'), /waiting for/)
    assert.match(
      said([CARD], 'BOOTIF=01-52-54-00-99-99-99'),
      /^netroot: there is eth0 \(52:54:00:12:34:56\); waiting for 52:54:00:99:99:99, which this machine booted from$/m,
    )
  })

  test(`${shell}: trouble shows on standard output where the kernel's consoles cannot be opened`, () => {
    const files = { '/sys/class/tty/console/active': 'tty0 ttyS0\n' }
    assert.match(boot(shell, { ...QUIET, cards: [], files }).screen, /cannot boot: no-card/)
  })

  test(`${shell}: a server that takes no reports does not stop the boot`, () => {
    const { commands } = boot(shell, { ...QUIET, world: 'on_wget() { return 1; }' })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })
}
