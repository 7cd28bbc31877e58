import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, type Card, LEASE, PLAN, ROOT, SHELLS } from './machine.ts'

const SECOND: Card = { name: 'eth1', mac: '52:54:00:12:34:57', lease: { ...LEASE, ip: '10.77.0.51' } }
const SILENT: Card = { name: 'eth0', mac: '52:54:00:12:34:56' }

for (const shell of SHELLS) {
  test(`${shell}: init goes from the first mount to the real system's init, by way of the root [FB8]`, () => {
    const { commands } = boot(shell, { plan: PLAN })
    const wanted = [
      'mount -t proc -o nosuid,nodev,noexec proc /proc',
      'mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /run',
      'ip link set eth0 up',
      'ip address add 10.77.0.50/24 broadcast + dev eth0',
      'ip route add default via 10.77.0.1 dev eth0',
      'mount -t nfs -o ro,nolock,proto=tcp,hard,nocto,actimeo=600,addr=10.77.0.1,mountproto=tcp,port=2049,mountport=2049,vers=3 10.77.0.1:/release/abab /layers/release',
      'mount -t tmpfs -o mode=0755,size=50% memory /layers/memory',
      'mount -t overlay -o lowerdir=/layers/release,upperdir=/layers/memory/upper,workdir=/layers/memory/work netroot /sysroot',
      'mount --move /run /sysroot/run',
      'switch_root /sysroot /sbin/init',
    ]
    assert.deepEqual(commands.filter((line) => wanted.includes(line)).filter(unlike), wanted)
  })

  test(`${shell}: init initialises the card fully before it mounts the root [FB26] [HT53]`, () => {
    const { commands } = boot(shell, { plan: PLAN })
    const mount = commands.findIndex((line) => line.startsWith('mount -t nfs'))
    const before = new Set(commands.slice(0, mount))
    assert.ok(mount > 0)
    assert.ok(before.has('ip address add 127.0.0.1/8 dev lo'))
    assert.ok(before.has('ip address add 10.77.0.50/24 broadcast + dev eth0'))
    assert.ok(before.has('ip route add default via 10.77.0.1 dev eth0'))
    assert.ok(before.has('hostname pc7'))
  })

  test(`${shell}: init moves every mount of its own into the real system before it leaves [HT62]`, () => {
    const { commands } = boot(shell, { plan: PLAN })
    const mounted = commands.flatMap(
      (line) => /^mount -t (?:proc|sysfs|devtmpfs|tmpfs) .* (\/(?:proc|sys|dev|run))$/.exec(line)?.[1] ?? [],
    )
    assert.deepEqual(mounted.toSorted(), ['/dev', '/proc', '/run', '/sys'])
    for (const place of mounted) assert.ok(commands.includes(`mount --move ${place} /sysroot${place}`))
  })

  test(`${shell}: init reports every stage, those before the network was up too`, () => {
    const { reports, urls } = boot(shell, { plan: PLAN })
    assert.deepEqual(
      reports.map(({ stage }) => stage),
      ['init', 'cards', 'lease', 'root', 'handover', 'switch'],
    )
    assert.deepEqual(reports[1]?.lines, ['uptime 1.00', 'card eth0 52:54:00:12:34:56 e1000 pci-eth0'])
    assert.deepEqual(reports[2]?.lines.slice(1), [
      'interface eth0',
      'address 10.77.0.50',
      'router 10.77.0.1',
      'server 10.77.0.1',
      'seconds 120',
    ])
    assert.deepEqual(new Set(urls), new Set(['http://10.77.0.1:8080/report/k7m2qa']))
  })

  test(`${shell}: init asks only the card named by BOOTIF [FB32] [FB6] [FB7]`, () => {
    const { commands } = boot(shell, {
      plan: PLAN,
      cards: [CARD, SECOND],
      commandLine: 'BOOTIF=01-52-54-00-12-34-57',
    })
    assert.deepEqual(asked(commands), ['eth1'])
    assert.ok(commands.includes('ip address add 10.77.0.51/24 broadcast + dev eth1'))
    assert.ok(commands.includes('ip link set eth0 down'))
  })

  test(`${shell}: init takes BOOTIF in capitals and without its hardware type`, () => {
    const { commands } = boot(shell, { plan: PLAN, cards: [CARD, SECOND], commandLine: 'BOOTIF=52:54:00:12:34:57' })
    assert.deepEqual(asked(commands), ['eth1'])
  })

  test(`${shell}: init asks all cards at once, takes the one that answers and puts the others down [HT50]`, () => {
    const { commands } = boot(shell, { plan: PLAN, cards: [SILENT, SECOND] })
    assert.deepEqual(asked(commands).toSorted(), ['eth0', 'eth1'])
    assert.ok(commands.includes('ip address add 10.77.0.51/24 broadcast + dev eth1'))
    assert.ok(commands.includes('ip link set eth0 down'))
    assert.ok(!commands.includes('ip link set eth1 down'))
  })

  test(`${shell}: init loads drivers again when a driver has brought a new bus [FB3] [FB2] [JS10]`, () => {
    const bridge = 'pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00'
    const { commands } = boot(shell, {
      plan: PLAN,
      cards: [],
      files: { '/sys/bus/pci/devices/0000:00:03.0/modalias': `${bridge}\n` },
      world: `
        on_modprobe() {
          case $* in
            *pci:v00001AF4*)
              mkdir -p "$ROOT/sys/bus/virtio/devices/virtio0"
              echo virtio:d00000001v00001AF4 >"$ROOT/sys/bus/virtio/devices/virtio0/modalias" ;;
            *virtio:*)
              mkdir -p "$ROOT/sys/class/net/eth0/device"
              for pair in address=52:54:00:12:34:56 type=1 carrier=1; do
                echo "\${pair#*=}" >"$ROOT/sys/class/net/eth0/\${pair%%=*}"
              done
              printf "export ip=10.77.0.50 mask=24\\n" >"$ROOT/world/dhcp.eth0" ;;
          esac
        }`,
    })
    const loaded = commands.filter((line) => line.startsWith('modprobe -a -b'))
    assert.deepEqual(loaded, [`modprobe -a -b -q ${bridge}`, 'modprobe -a -b -q virtio:d00000001v00001AF4'])
    assert.ok(commands.includes('switch_root /sysroot /sbin/init'))
  })

  test(`${shell}: init loads af_packet before it asks for an address [HT48, DB16]`, () => {
    const { commands } = boot(shell, { plan: PLAN })
    const packet = commands.indexOf('modprobe -q af_packet')
    assert.ok(packet >= 0 && packet < commands.findIndex((line) => line.startsWith('udhcpc')))
  })

  test(`${shell}: init goes on where every driver is built in and there is no drivers part [HT47]`, () => {
    const { commands } = boot(shell, {
      plan: PLAN,
      files: { '/netroot/drivers': '' },
      world: 'on_modprobe() { return 1; }',
    })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: init says nothing with quiet when all goes well [DB18]`, () => {
    assert.equal(boot(shell, { plan: PLAN, commandLine: 'quiet' }).screen, '')
  })

  test(`${shell}: init tells its progress without quiet [HT52]`, () => {
    const { screen } = boot(shell, { plan: PLAN, commandLine: 'ro' })
    assert.match(screen, /netroot: network cards: eth0 \(52:54:00:12:34:56\)/)
    assert.match(screen, /netroot: eth0 has 10\.77\.0\.50\/24, router 10\.77\.0\.1/)
  })

  test(`${shell}: init names words of its own that it does not know, on the screen and to the server`, () => {
    const { screen, reports } = boot(shell, { plan: PLAN, commandLine: 'quiet netroot.imgae=x rd.foo=1 other=2' })
    assert.match(screen, /not understood on the kernel command line: netroot\.imgae=x \(there is no such word\)/)
    assert.ok(reports[0]?.lines.includes('unknown-word netroot.imgae=x'))
  })

  test(`${shell}: init works without a plan, with root= on the command line`, () => {
    const { commands, reports } = boot(shell, {
      commandLine: 'root=nfs:10.0.0.9:/srv/root netroot.server=http://10.0.0.9',
    })
    assert.ok(
      commands.some((line) => line.startsWith('mount -t nfs') && line.endsWith('10.0.0.9:/srv/root /layers/release')),
    )
    assert.equal(reports.length, 6)
  })

  test(`${shell}: a report that the server does not understand is left behind, and those after it are sent`, () => {
    const world = [
      'on_wget() {',
      '  local file=; while [ $# -gt 1 ]; do [ "$1" != --post-file ] || file=$2; shift; done',
      "  if grep -q '^lease' \"$file\"; then echo 'wget: server returned error: HTTP/1.1 400 Bad Request' >&2; return 1; fi",
      '  case $1 in */report/*) cp "$file" "$ROOT/world/posted/${file##*/}" ;; esac',
      '}',
    ].join('\n')
    const { reports } = boot(shell, { plan: PLAN, world })
    assert.deepEqual(
      reports.map(({ stage }) => stage),
      ['init', 'cards', 'root', 'handover', 'switch'],
    )
  })

  test(`${shell}: the last report tells how many modules are loaded`, () => {
    const files = { '/proc/modules': 'overlay 1 0 - Live 0x0\ne1000 1 0 - Live 0x0\n' }
    const { reports } = boot(shell, { plan: PLAN, files })
    assert.ok(reports.at(-1)?.lines.includes('modules 2'))
  })

  test(`${shell}: init without a boot id reports under its card's address`, () => {
    const { urls } = boot(shell, { commandLine: 'root=nfs:10.0.0.9:/srv/root netroot.server=http://10.0.0.9' })
    assert.equal(urls[0], 'http://10.0.0.9/report/mac/52:54:00:12:34:56')
  })

  test(`${shell}: init starts the program that init= names`, () => {
    const root = { ...ROOT, '/bin/sh': '#!' }
    const { commands } = boot(shell, { plan: PLAN, root, commandLine: 'init=/bin/sh' })
    assert.equal(commands.at(-1), 'switch_root /sysroot /bin/sh')
  })

  test(`${shell}: init follows the links of init as they are in the real system`, () => {
    const root = {
      '/sbin/init': '->../bin/init',
      '/bin/init': '->/lib/systemd/systemd',
      '/lib/systemd/systemd': '#!',
      '/lib/modules/6.12.1-test/x': '',
    }
    assert.equal(boot(shell, { plan: PLAN, root }).commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: init opens a shell where rd.break asks, also by initramfs-tools' name of the place`, () => {
    const { commands } = boot(shell, { plan: PLAN, commandLine: 'break=premount' })
    const opened = commands.indexOf('setsid -c sh')
    assert.ok(opened > commands.findIndex((line) => line.startsWith('udhcpc')))
    assert.ok(opened < commands.findIndex((line) => line.startsWith('mount -t nfs')))
  })

  test(`${shell}: init keeps the blanks of a quoted word together`, () => {
    const { screen } = boot(shell, { plan: PLAN, commandLine: 'quiet foo="a rd.bogus b" netroot.bogus=1' })
    assert.match(screen, /command line: netroot\.bogus=1 \(/)
    assert.doesNotMatch(screen, /rd\.bogus/)
  })
}

/** The cards that udhcpc was started on. */
function asked(commands: readonly string[]): string[] {
  return commands.flatMap((line) => /^udhcpc .* -i (\S+)/.exec(line)?.[1] ?? [])
}

/** Leaves the first of equal lines. */
function unlike(line: string, index: number, lines: readonly string[]): boolean {
  return lines.indexOf(line) === index
}
