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

  test(`${shell}: ip= with a method that nobody knows is named, on the screen and to the server; DHCP is used`, () => {
    const { screen, reports, commands } = boot(shell, { plan: PLAN, commandLine: 'quiet ip=eth0:dhcpv9' })
    assert.match(
      screen,
      /not understood on the kernel command line: ip=eth0:dhcpv9 \("dhcpv9" is no method that is known/,
    )
    assert.ok(reports[0]?.lines.includes('unknown-word ip=eth0:dhcpv9'))
    assert.ok(commands.includes('ip address add 10.77.0.50/24 broadcast + dev eth0'))
  })

  test(`${shell}: an IPv6 address of ip= is set as it is`, () => {
    const word = 'ip=[fd00::7]:[fd00::2]:[fd00::1]:64::eth0:none:[fd00::53] rd.route=[fd01::]/48:[fd00::3]'
    const { commands, file } = boot(shell, { plan: PLAN, commandLine: word })
    assert.ok(commands.includes('ip address add fd00::7/64 dev eth0'))
    assert.ok(commands.includes('ip route add default via fd00::1 dev eth0'))
    assert.ok(commands.includes('ip route add fd01::/48 via fd00::3'))
    assert.match(file('/sysroot/etc/resolv.conf') ?? '', /^nameserver fd00::53$/m)
  })

  test(`${shell}: an address that routers announce is taken when its trial is over, and kept for good`, () => {
    const own = 'fd77000000000000505400fffe123456 02 40 00'
    const world = `on_sleep() { echo '${own} 00 eth0' >"$ROOT/proc/net/if_inet6"; }`
    const none = '00000000000000000000000000000000'
    const files = {
      '/proc/net/if_inet6': `${own} 40 eth0\nfe80000000000000505400fffe123456 02 40 20 80 eth0\n`,
      '/proc/net/ipv6_route': [
        `fd770000000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001 eth0`,
        `fe800000000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001 eth0`,
        `${none} 00 ${none} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0`,
        `${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200 lo\n`,
      ].join('\n'),
    }
    const { commands, file } = boot(shell, { plan: PLAN, commandLine: 'ip=auto6', world, files })
    const address = 'fd77::5054:ff:fe12:3456/64'
    assert.deepEqual(
      commands.filter((line) => /^ip (?:-6|address (?:add|change) f)/.test(line)),
      [
        `ip address change ${address} dev eth0 valid_lft forever preferred_lft forever`,
        'ip -6 route add fd77::/64 dev eth0 metric 2048',
        'ip -6 route add default via fe80::1 dev eth0 metric 2048',
      ],
    )
    const waited = commands.findIndex((line) => line.startsWith('sleep 0.'))
    assert.ok(waited > 0)
    assert.ok(
      waited < commands.indexOf(`ip address change ${address} dev eth0 valid_lft forever preferred_lft forever`),
    )
    assert.equal(file('/run/systemd/system/netroot-lease.service'), undefined)
  })

  test(`${shell}: nameserver= comes first, rd.peerdns=0 leaves the lease's out, hostname= names`, () => {
    const both = boot(shell, { plan: { ...PLAN, NETROOT_NAME: '' }, commandLine: 'nameserver=10.0.0.53 hostname=pc9' })
    assert.match(both.file('/sysroot/etc/resolv.conf') ?? '', /nameserver 10\.0\.0\.53\nnameserver 10\.77\.0\.1\n/)
    assert.equal(both.file('/sysroot/etc/hostname'), 'pc9\n')
    const alone = boot(shell, { plan: PLAN, commandLine: 'nameserver=10.0.0.53 rd.peerdns=0' })
    assert.deepEqual((alone.file('/sysroot/etc/resolv.conf') ?? '').split('\n').slice(1), ['nameserver 10.0.0.53', ''])
  })

  test(`${shell}: routes of option 249 are taken where there is no 121; time servers go to the real system`, () => {
    const root = {
      '/sbin/init': '->/lib/systemd/systemd',
      '/lib/systemd/systemd': '#!',
      '/lib/modules/6.12.1-test/modules.dep': '',
      '/usr/lib/systemd/systemd-timesyncd': '#!',
      '/usr/sbin/chronyd': '#!',
    }
    const lease = leased({ msstaticroutes: '10.9.0.0/16 10.77.0.9', ntpsrv: '10.77.0.3 10.77.0.4' })
    const { commands, file } = boot(shell, { ...lease, root })
    assert.ok(commands.includes('ip route add 10.9.0.0/16 via 10.77.0.9 dev eth0'))
    assert.match(file('/run/systemd/timesyncd.conf.d/netroot.conf') ?? '', /^\[Time\]\nNTP=10\.77\.0\.3 10\.77\.0\.4$/m)
    assert.equal(file('/run/chrony-dhcp/netroot.sources'), 'server 10.77.0.3 iburst\nserver 10.77.0.4 iburst\n')
  })

  test(`${shell}: what DHCP is asked with can be told: class, client id, how often`, () => {
    const commandLine = 'ip=dhcp,0,pc7 rd.net.dhcp.vendor-class=anaconda rd.net.dhcp.retry=2 rd.net.timeout.dhcp=8'
    const { commands } = boot(shell, { plan: PLAN, commandLine })
    const asked = commands.find((line) => line.startsWith('udhcpc')) ?? ''
    assert.match(asked, / -t 10 -T 2 -V anaconda -i eth0 .* -C -x 0x3d:00706337$/)
  })

  test(`${shell}: half a minute without an answer, a switch is suspected on the screen`, () => {
    const world = `on_sleep() { read -r now _ <"$ROOT/proc/uptime"; echo "$((\${now%.*} + 11)).00 1" >"$ROOT/proc/uptime"; }
      on_udhcpc() { sleep 0.1; for i in 1 2 3 4 5 6; do /bin/true; done; sleep 1; }`
    const { screen } = boot(shell, { plan: PLAN, cards: [{ ...CARD, lease: {} }], world })
    assert.match(
      screen,
      /netroot: no answer in 3\d s although there is a link on eth0\. Spanning tree keeps a switch port deaf/,
    )
  })

  test(`${shell}: the clock is set by the plan where it is behind, or far ahead`, () => {
    const clock = (now: number) =>
      boot(shell, {
        plan: { ...PLAN, NETROOT_TIME: '1800000000' },
        world: `on_date() { case $* in +%s) echo ${now} ;; esac; }`,
      }).commands.filter((line) => line.startsWith('date -u -s'))
    assert.deepEqual(clock(86_400), ['date -u -s @1800000001'])
    assert.deepEqual(clock(1_800_000_030), [])
    assert.deepEqual(clock(1_900_000_000), ['date -u -s @1800000001'])
  })

  test(`${shell}: the clock is never set to before the kernel was made`, () => {
    const { commands, screen } = boot(shell, {
      plan: { ...PLAN, NETROOT_TIME: '1500000000' },
      files: { '/proc/version': 'Linux version 6.12.1 (x@y) #1 SMP Debian 6.12.1-1 (2026-10-01)\n' },
      world: 'on_date() { case $* in +%s) echo 86400 ;; -u*-s*) ;; *) date "$@" ;; esac; }',
    })
    assert.ok(!commands.some((line) => line.startsWith('date -u -s')))
    assert.match(screen, /the server says it is .*2017.*, which is before this kernel was made/)
  })

  test(`${shell}: where the plan has no time, an answer of the server sets a clock that cannot be right`, () => {
    const { commands } = boot(shell, {
      plan: PLAN,
      files: { '/proc/version': 'Linux version 6.12.1 (x@y) #1 SMP Thu Oct  1 10:00:00 UTC 2026\n' },
      world: `on_date() { case $* in +%s) echo 86400 ;; -u*-s*) ;; *) date "$@" ;; esac; }
        on_wget() { case $1 in -S) echo '  Date: Sat, 21 Nov 2026 08:00:00 GMT' >&2 ;; esac; }`,
    })
    assert.ok(commands.includes('date -u -s @1795248000'))
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
