import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, type Card, LEASE, type MachineState, PLAN, SHELLS } from './machine.ts'

/*
 * What the command line makes of cards: names, bonds, VLANs, bridges, several addresses.
 */

const FIRST: Card = { name: 'eth0', mac: '52:54:00:12:34:56' }
const SECOND: Card = { name: 'eth1', mac: '52:54:00:12:34:57' }

/** A kernel that makes the links it is asked for, with a carrier, and a DHCP server that answers on each. */
const WORLD = `
on_ip() {
  [ "$1 $2" = 'link add' ] || return 0
  shift 2
  while [ "$1" = link ]; do shift 2; done
  [ "$1" != name ] || shift
  mkdir -p "$ROOT/sys/class/net/$1"
  echo 1 >"$ROOT/sys/class/net/$1/carrier"
  echo 52:54:00:12:34:56 >"$ROOT/sys/class/net/$1/address"
  cp "$ROOT/world/dhcp.any" "$ROOT/world/dhcp.$1"
}
`
const ANSWER = Object.entries(LEASE)
  .map(([name, value]) => `export ${name}='${value}'\n`)
  .join('')

function linked(commandLine: string, state: MachineState = {}): MachineState {
  const files = { '/world/dhcp.any': ANSWER, ...state.files }
  return { plan: PLAN, cards: [FIRST, SECOND], world: WORLD, ...state, files, commandLine }
}

/** The commands that concern links and addresses; what stands under /sys without its beginning. */
function linkCommands(commands: readonly string[]): string[] {
  return commands
    .filter((line) => /^(?:ip (?:link|address)|set_value|udhcpc|modprobe -q (?:bond|8021q|bridge))/.test(line))
    .map((line) => line.replace('/sys/class/net/', '').replace(/^(udhcpc).* (-i \S+) .*/, '$1 $2'))
    .filter((line) => !/ lo( |$)/.test(line))
}

for (const shell of SHELLS) {
  test(`${shell}: bond= makes a bond with its options before its cards, and asks on it`, () => {
    const word = 'bond=bond0:eth0,eth1:mode=802.3ad,lacp_rate=fast,primary=eth1:9000'
    const { commands } = boot(shell, linked(word))
    assert.deepEqual(linkCommands(commands).slice(0, 13), [
      'modprobe -q bonding max_bonds=0',
      'ip link add bond0 type bond',
      'set_value bond0/bonding/mode 802.3ad',
      'set_value bond0/bonding/miimon 100',
      'set_value bond0/bonding/lacp_rate fast',
      'ip link set eth0 down',
      'ip link set eth0 master bond0',
      'ip link set eth1 down',
      'ip link set eth1 master bond0',
      'ip link set bond0 mtu 9000',
      'ip link set bond0 up',
      'set_value bond0/bonding/primary eth1',
      'ip link set bond0 up',
    ])
    assert.ok(commands.includes('ip address add 10.77.0.50/24 broadcast + dev bond0'))
    assert.ok(!commands.includes('ip link set eth0 down', commands.indexOf('ip link set bond0 up')))
  })

  test(`${shell}: bond= gives several targets to watch, and names an option that is none`, () => {
    const world = `${WORLD}on_set_value() { case $1 in *mood) return 1 ;; esac; }`
    const word = 'bond=bond0:eth0,eth1:mode=1,arp_interval=200,arp_ip_target=10.0.0.1;10.0.0.2,mood=good'
    const { commands, screen } = boot(shell, linked(word, { world }))
    assert.deepEqual(
      linkCommands(commands).filter((line) => line.startsWith('set_value')),
      [
        'set_value bond0/bonding/mode 1',
        'set_value bond0/bonding/arp_interval 200',
        'set_value bond0/bonding/arp_ip_target +10.0.0.1',
        'set_value bond0/bonding/arp_ip_target +10.0.0.2',
        'set_value bond0/bonding/mood good',
      ],
    )
    assert.match(screen, /bond=bond0:…:mood=good \(the kernel does not take this option of a bond\)/)
  })

  for (const [name, id] of [
    ['eth0.5', 5],
    ['eth0.0005', 5],
    ['vlan5', 5],
    ['vlan0100', 100],
  ] as const)
    test(`${shell}: vlan=${name}:eth0 is VLAN ${id}`, () => {
      const { commands } = boot(shell, linked(`vlan=${name}:eth0 ip=dhcp`))
      assert.ok(commands.includes(`ip link add link eth0 name ${name} type vlan id ${id}`))
      assert.deepEqual(
        linkCommands(commands).filter((line) => line.startsWith('udhcpc')),
        [`udhcpc -i ${name}`],
      )
      assert.ok(commands.includes('ip link set eth1 down'))
      assert.ok(!commands.includes('ip link set eth0 down'))
    })

  test(`${shell}: a VLAN may stand on a bond, and a bridge on the VLAN`, () => {
    const { commands, file } = boot(shell, linked('bridge=br0:bond0.7 vlan=bond0.7:bond0 bond=bond0:eth0,eth1:mode=1'))
    const made = commands.filter((line) => line.startsWith('ip link add') || line.includes(' master '))
    assert.deepEqual(made, [
      'ip link add bond0 type bond',
      'ip link set eth0 master bond0',
      'ip link set eth1 master bond0',
      'ip link add link bond0 name bond0.7 type vlan id 7',
      'ip link add br0 type bridge',
      'ip link set bond0.7 master br0',
    ])
    assert.ok(commands.includes('ip address add 10.77.0.50/24 broadcast + dev br0'))
    assert.match(file('/run/netroot/network') ?? '', /^LINKS='bond0 bond0\.7 br0'$/m)
  })

  test(`${shell}: network managers leave a bond and its cards alone`, () => {
    const root = {
      '/sbin/init': '->/lib/systemd/systemd',
      '/lib/systemd/systemd': '#!',
      '/lib/modules/6.12.1-test/modules.dep': '',
      '/usr/sbin/NetworkManager': '#!',
      '/usr/lib/systemd/systemd-networkd': '#!',
      '/usr/sbin/dhcpcd': '#!',
    }
    const perm = '/sys/class/net/eth1/bonding_slave/perm_hwaddr'
    const { file } = boot(
      shell,
      linked('bond=bond0:eth0,eth1:mode=1', { root, files: { [perm]: '52:54:00:12:34:99\n' } }),
    )
    const macs = ['52:54:00:12:34:56', '52:54:00:12:34:57', '52:54:00:12:34:99']
    assert.ok(file('/run/systemd/network/00-netroot.network')?.includes(`\nMACAddress=${macs.join(' ')}\n`))
    const devices = `${macs.map((mac) => `mac:${mac}`).join(';')};interface-name:bond0`
    assert.ok(file('/run/NetworkManager/conf.d/00-netroot.conf')?.includes(`\nunmanaged-devices+=${devices}\n`))
    assert.match(file('/sysroot/etc/dhcpcd.conf') ?? '', /^denyinterfaces bond0 eth0 eth1$/m)
    assert.match(
      file('/run/systemd/network/00-netroot-more-1.link') ?? '',
      /PermanentMACAddress=52:54:00:12:34:99\nOriginalName=eth1\n\[Link\]\nName=eth1$/m,
    )
  })

  test(`${shell}: ifname= names a card by its MAC, in the real system too`, () => {
    const lease = { ...CARD, name: 'eth0', mac: FIRST.mac }
    const rename = `on_ip() { [ "$1 $2 $4" = 'link set name' ] || return 0; mv "$ROOT/sys/class/net/$3" "$ROOT/sys/class/net/$5"
      mv "$ROOT/world/dhcp.$3" "$ROOT/world/dhcp.$5"; }`
    const { commands, file } = boot(shell, {
      plan: PLAN,
      cards: [lease, SECOND],
      world: rename,
      commandLine: `ifname=bootnet:${FIRST.mac} ip=bootnet:dhcp`,
    })
    assert.ok(commands.includes('ip link set eth0 name bootnet'))
    assert.ok(commands.includes('ip address add 10.77.0.50/24 broadcast + dev bootnet'))
    assert.match(
      file('/run/systemd/network/00-netroot.link') ?? '',
      /MACAddress=52:54:00:12:34:56\n\[Link\]\nName=bootnet/,
    )
  })

  test(`${shell}: words find a card by the names that udev would give it`, () => {
    const place = '/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.1/virtio0'
    const files = {
      [`${place}/modalias`]: 'virtio:d00000001v00001AF4\n',
      '/sys/class/net/eth5/device': '->../../../devices/pci0000:00/0000:00:1c.0/0000:03:00.1/virtio0',
      '/sys/class/net/eth5/address': '52:54:00:aa:bb:cc\n',
      '/sys/class/net/eth5/type': '1\n',
      '/sys/class/net/eth5/carrier': '1\n',
      '/sys/bus/pci/slots/7/address': '0000:03:00\n',
      [`${place}/acpi_index`]: '2\n',
      '/world/dhcp.eth5': ANSWER,
    }
    for (const name of ['enp3s0f1', 'ens7f1', 'eno2', 'enx525400aabbcc']) {
      const { commands } = boot(shell, linked(`ip=${name}:dhcp`, { files }))
      const asked = commands.filter((line) => line.startsWith('udhcpc')).map((line) => / -i (\S+)/.exec(line)?.[1])
      assert.deepEqual(asked, ['eth5'], name)
    }
  })

  test(`${shell}: of several ip= bootdev= chooses the root's; other fixed addresses are set too`, () => {
    const words = 'ip=10.1.0.7::10.1.0.1:24::eth0:off ip=10.2.0.7::10.2.0.1:24::eth1:off bootdev=eth1'
    const { commands } = boot(shell, { plan: PLAN, cards: [FIRST, SECOND], commandLine: words })
    const wanted = [
      'ip address add 10.2.0.7/24 broadcast + dev eth1',
      'ip route add default via 10.2.0.1 dev eth1',
      'ip address add 10.1.0.7/24 broadcast + dev eth0',
    ]
    assert.deepEqual(
      commands.filter((line) => /^ip (?:route|address add 10)/.test(line)),
      wanted,
    )
    assert.ok(!commands.includes('ip link set eth0 down'))
  })
}
