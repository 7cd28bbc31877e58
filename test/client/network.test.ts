import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, LEASE, PLAN, SHELLS } from './machine.ts'

const HOSTILE = `a'b"c $(touch "$ROOT/owned") \`touch "$ROOT/owned"\`; touch "$ROOT/owned" & 'd' ''e`

/** A machine whose only card gets this lease. */
function leased(values: Readonly<Record<string, string>>) {
  return { plan: PLAN, cards: [{ ...CARD, lease: { ...LEASE, ...values } }] }
}

for (const shell of SHELLS) {
  test(`${shell}: ip= with all fields sets the address without DHCP`, () => {
    const word = 'ip=10.1.0.7:10.1.0.2:10.1.0.1:255.255.254.0:node7:eth0:off:10.1.0.3:10.1.0.4'
    const { commands, file } = boot(shell, { plan: { ...PLAN, NETROOT_NAME: '' }, commandLine: word })
    assert.ok(commands.includes('ip address add 10.1.0.7/23 broadcast + dev eth0'))
    assert.ok(commands.includes('ip route add default via 10.1.0.1 dev eth0'))
    assert.ok(commands.includes('hostname node7'))
    assert.ok(!commands.some((line) => line.startsWith('udhcpc')))
    assert.match(file('/sysroot/etc/resolv.conf') ?? '', /^nameserver 10\.1\.0\.3\nnameserver 10\.1\.0\.4$/m)
    assert.equal(file('/run/systemd/system/netroot-lease.service'), undefined)
  })

  test(`${shell}: ip= of pxelinux's ipappend 1 is taken in place of DHCP; the lease is kept later [FB28] [FB29]`, () => {
    const { commands, screen, file } = boot(shell, {
      plan: PLAN,
      commandLine: 'ip=10.1.0.7:10.1.0.2:10.1.0.1:255.255.255.0',
    })
    assert.ok(commands.includes('ip address add 10.1.0.7/24 broadcast + dev eth0'))
    assert.ok(!commands.some((line) => line.startsWith('udhcpc')))
    assert.match(screen, /ip= names no DNS server/)
    assert.match(file('/run/systemd/system/netroot-lease.service') ?? '', /ExecStart=\/run\/netroot\/keep-lease/)
  })

  test(`${shell}: ip= gives the server of a root that names none`, () => {
    const { commands } = boot(shell, {
      commandLine: 'ip=10.1.0.7:10.1.0.2:10.1.0.1:255.255.255.0 root=/dev/nfs nfsroot=/srv/root',
    })
    assert.ok(commands.some((line) => line.endsWith('10.1.0.2:/srv/root /layers/release')))
  })

  test(`${shell}: ip=CARD:dhcp asks only that card`, () => {
    const second = { ...CARD, name: 'eth1', mac: '52:54:00:12:34:57' }
    const { commands } = boot(shell, { plan: PLAN, cards: [CARD, second], commandLine: 'ip=eth1:dhcp' })
    const asked = commands.filter((line) => line.startsWith('udhcpc'))
    assert.equal(asked.length, 1)
    assert.match(asked[0] ?? '', / -i eth1 /)
  })

  test(`${shell}: ip= with a method that nobody knows is named`, () => {
    const { screen } = boot(shell, { plan: PLAN, commandLine: 'quiet ip=eth0:dhcpv9' })
    assert.match(screen, /ip=eth0:dhcpv9/)
    assert.match(screen, /To do +Use ip=dhcp/)
  })

  test(`${shell}: a lease's MTU is set before the address`, () => {
    const { commands } = boot(shell, leased({ mtu: '9000' }))
    const mtu = commands.indexOf('ip link set eth0 mtu 9000')
    assert.ok(mtu > 0 && mtu < commands.findIndex((line) => line.startsWith('ip address add 10.77')))
  })

  test(`${shell}: classless routes take the place of the router, RFC 3442`, () => {
    const { commands } = boot(
      shell,
      leased({ staticroutes: '10.9.0.0/16 10.77.0.9 0.0.0.0/0 10.77.0.254 10.8.0.0/16 0.0.0.0' }),
    )
    assert.deepEqual(
      commands.filter((line) => line.startsWith('ip route')),
      [
        'ip route add 10.9.0.0/16 via 10.77.0.9 dev eth0',
        'ip route add 0.0.0.0/0 via 10.77.0.254 dev eth0',
        'ip route add 10.8.0.0/16 dev eth0',
      ],
    )
  })

  test(`${shell}: a router outside the card's network is made reachable first`, () => {
    const world = `on_ip() { case $* in *default*) [ -e "$ROOT/world/host" ] ;; *10.0.0.1/32*) : >"$ROOT/world/host" ;; esac; }`
    const { commands } = boot(shell, { ...leased({ router: '10.0.0.1', mask: '32' }), world })
    assert.deepEqual(
      commands.filter((line) => line.startsWith('ip route')),
      [
        'ip route add default via 10.0.0.1 dev eth0',
        'ip route add 10.0.0.1/32 dev eth0',
        'ip route add default via 10.0.0.1 dev eth0',
      ],
    )
  })

  test(`${shell}: nothing in a DHCP answer is executed or believed unread [HT3] [HT54]`, () => {
    const names = [
      'hostname',
      'domain',
      'search',
      'router',
      'dns',
      'staticroutes',
      'mtu',
      'lease',
      'serverid',
      'rootpath',
      'ntpsrv',
    ]
    const state = leased(Object.fromEntries(names.map((name) => [name, HOSTILE])))
    const { commands, file, screen } = boot(shell, { ...state, plan: { ...PLAN, NETROOT_NAME: '' } })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init', screen)
    assert.equal(file('/owned'), undefined)
    assert.ok(!commands.some((line) => line.startsWith('hostname') || line.includes('touch')))
    assert.equal(file('/sysroot/etc/hostname'), undefined)
    assert.match(file('/run/netroot/lease') ?? '', /^LEASE_HOSTNAME=''$/m)
    assert.match(file('/run/netroot/lease') ?? '', /^LEASE_ROOT_PATH='a'\\''b"c \$\(touch/m)
  })

  test(`${shell}: an answer without a usable address is no lease`, () => {
    const { commands, reports } = boot(shell, { ...leased({ ip: '10.77.0.50; reboot' }) })
    assert.ok(!commands.some((line) => line.startsWith('ip address add 10')))
    assert.equal(reports.length, 0)
  })

  test(`${shell}: the plan's host name wins over DHCP's; without one DHCP's is taken [DB23]`, () => {
    const named = boot(shell, leased({ hostname: 'other' }))
    assert.equal(named.file('/sysroot/etc/hostname'), 'pc7\n')
    const unnamed = boot(shell, { ...leased({ hostname: 'other' }), plan: { ...PLAN, NETROOT_NAME: '' } })
    assert.equal(unnamed.file('/sysroot/etc/hostname'), 'other\n')
  })

  test(`${shell}: resolv.conf has domain, search and name servers of the lease, 0.0.0.0 left out [DB20] [DB21] [DB22] [DB25] [HT60]`, () => {
    const { file } = boot(shell, leased({ search: 'lab.example example.org', dns: '10.77.0.1 0.0.0.0 10.77.0.2' }))
    assert.deepEqual((file('/sysroot/etc/resolv.conf') ?? '').split('\n').slice(1), [
      'domain lab.example',
      'search lab.example example.org',
      'nameserver 10.77.0.1',
      'nameserver 10.77.0.2',
      '',
    ])
  })

  test(`${shell}: the lease stays behind for the running system, quoted [FB14]`, () => {
    const { file } = boot(shell, leased({}))
    assert.match(file('/run/netroot/lease') ?? '', /^LEASE_ADDRESS='10\.77\.0\.50'$/m)
    assert.match(file('/run/netroot/lease') ?? '', /^LEASE_SECONDS='120'$/m)
    assert.match(file('/run/netroot/state') ?? '', /^LEASE_MAC='52:54:00:12:34:56'$/m)
  })
}
