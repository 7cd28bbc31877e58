import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SHELLS } from './machine.ts'
import { sourced } from './sourced.ts'

/*
 * The words of the kernel command line that concern the network, one row per form: STACK of dracut.cmdline(7), the kernel's
 * nfsroot.rst, initramfs-tools(7), PXELINUX. What becomes of them in a boot is shown in network.test.ts.
 */

const NAMES = [
  'METHOD',
  'INTERFACE',
  'ADDRESS',
  'PREFIX',
  'SERVER',
  'PEER',
  'ROUTER',
  'HOST',
  'DNS',
  'NTP',
  'MTU',
] as const
type Name = (typeof NAMES)[number] | 'MAC' | 'CLIENT_ID' | 'KEEP'
type Fields = Readonly<Partial<Record<Name, string>>>

const SHOW = [...NAMES, 'MAC', 'CLIENT_ID']
  .map((name) => `[ -z "$IP_${name}" ] || echo "${name}=$IP_${name}"`)
  .join('\n')

/** What `ip=` words lead to on eth0. */
const IP: readonly (readonly [words: string, fields: Fields])[] = [
  ['ip=', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=dhcp', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=on', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=any', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=both', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=single-dhcp', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=dhcp6', { METHOD: 'dhcp6', KEEP: 'yes' }],
  ['ip=auto6', { METHOD: 'auto6', KEEP: 'yes' }],
  ['ip=either6', { METHOD: 'either6', KEEP: 'yes' }],
  ['ip=link6', { METHOD: 'link6', KEEP: 'yes' }],
  ['ip=link-local', { METHOD: 'link6', KEEP: 'yes' }],
  ['ip6=dhcp', { METHOD: 'dhcp6', KEEP: 'yes' }],
  ['ip6=auto', { METHOD: 'auto6', KEEP: 'yes' }],
  ['ip6=off', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=:::::eth0:dhcp', { METHOD: 'dhcp', INTERFACE: 'eth0', KEEP: 'yes' }],
  ['ip=::::::dhcp', { METHOD: 'dhcp', KEEP: 'yes' }],
  ['ip=eth0:dhcp', { METHOD: 'dhcp', INTERFACE: 'eth0', KEEP: 'yes' }],
  ['ip=eth0:on:9000', { METHOD: 'dhcp', INTERFACE: 'eth0', MTU: '9000', KEEP: 'yes' }],
  ['ip=eth0:dhcp::52:54:00:AB:cd:ef', { METHOD: 'dhcp', INTERFACE: 'eth0', MAC: '52:54:00:ab:cd:ef', KEEP: 'yes' }],
  [
    'ip=eth0:auto6:1400:52-54-00-ab-cd-ef',
    { METHOD: 'auto6', INTERFACE: 'eth0', MTU: '1400', MAC: '52:54:00:ab:cd:ef', KEEP: 'yes' },
  ],
  ['ip=dhcp,0,pc7', { METHOD: 'dhcp', CLIENT_ID: '00706337', KEEP: 'yes' }],
  [
    'ip=10.1.0.7:10.1.0.2:10.1.0.1:255.255.254.0:node7:eth0:off:10.1.0.3:10.1.0.4:10.1.0.5',
    {
      METHOD: 'static',
      INTERFACE: 'eth0',
      ADDRESS: '10.1.0.7',
      PREFIX: '23',
      SERVER: '10.1.0.2',
      ROUTER: '10.1.0.1',
      HOST: 'node7',
      DNS: '10.1.0.3 10.1.0.4',
      NTP: '10.1.0.5',
    },
  ],
  [
    'nfsaddrs=10.1.0.7:10.1.0.2:10.1.0.1:24::eth0:none',
    { METHOD: 'static', INTERFACE: 'eth0', ADDRESS: '10.1.0.7', PREFIX: '24', SERVER: '10.1.0.2', ROUTER: '10.1.0.1' },
  ],
  [
    'ip=10.1.0.7:10.1.0.2:10.1.0.1:255.255.255.0',
    { METHOD: 'static', ADDRESS: '10.1.0.7', PREFIX: '24', SERVER: '10.1.0.2', ROUTER: '10.1.0.1', KEEP: 'yes' },
  ],
  ['ip=10.1.0.7::::::off', { METHOD: 'static', ADDRESS: '10.1.0.7', PREFIX: '8' }],
  [
    'ip=10.1.0.7:10.1.0.2/32:10.1.0.2:24::eth0:none:1400:52:54:00:12:34:56',
    {
      METHOD: 'static',
      INTERFACE: 'eth0',
      ADDRESS: '10.1.0.7',
      PREFIX: '24',
      PEER: '10.1.0.2/32',
      ROUTER: '10.1.0.2',
      MTU: '1400',
      MAC: '52:54:00:12:34:56',
    },
  ],
  [
    'ip=[fd00::7]:[fd00::2]:[fd00::1]:64:node7:eth0:none:[fd00::53]:10.1.0.53',
    {
      METHOD: 'static',
      INTERFACE: 'eth0',
      ADDRESS: 'fd00::7',
      PREFIX: '64',
      SERVER: 'fd00::2',
      ROUTER: 'fd00::1',
      HOST: 'node7',
      DNS: 'fd00::53 10.1.0.53',
    },
  ],
  ['ip=[fd00::7]:::::eth0:off', { METHOD: 'static', INTERFACE: 'eth0', ADDRESS: 'fd00::7', PREFIX: '64' }],
  // A server beside DHCP: the kernel's form with an empty client.
  ['ip=:10.1.0.2::::eth0:dhcp', { METHOD: 'dhcp', INTERFACE: 'eth0', SERVER: '10.1.0.2', KEEP: 'yes' }],
  // Of words for the same card the last counts; one that names the card goes before one that names none.
  ['ip=eth0:auto6 ip=eth0:dhcp6', { METHOD: 'dhcp6', INTERFACE: 'eth0', KEEP: 'yes' }],
  ['ip=eth0:auto6 ip=dhcp', { METHOD: 'auto6', INTERFACE: 'eth0', KEEP: 'yes' }],
  ['ip=eth1:auto6 ip=dhcp6', { METHOD: 'dhcp6', KEEP: 'yes' }],
]

/** Words with something wrong, and how it is named. What is right of them is taken. */
const WRONG: readonly (readonly [word: string, why: string])[] = [
  ['ip=eth0:dhcpv9', '"dhcpv9" is no method that is known; DHCP is used'],
  ['ip=bootp', '"bootp" is no method that is known; DHCP is used'],
  ['ip=off', 'a root over the network needs an address; it is asked for by DHCP'],
  ['ip=eth0:10.1.0.7,eth1:10.1.0.8', "a list with commas is live-boot's; write one ip= for each card"],
  ['ip=dhcp,300,x', 'want dhcp,TYPE,CLIENT-ID with a TYPE from 0 to 255'],
  ['ip=eth0:dhcp:big', '"big" is no MTU'],
  ['ip=eth0:dhcp:1400:52:54', '"52:54" is no MAC address'],
  ['ip=10.1.0.7:host:10.1.0.1:24::eth0:off', 'the server "host" is no address'],
  ['ip=10.1.0.7::gw:24::eth0:off', 'the router "gw" is no address'],
  ['ip=10.1.0.7:::24,5', "a list with commas is live-boot's; write one ip= for each card"],
  ['ip=10.1.0.7:::wide::eth0:off', '"wide" is no mask'],
  ['ip=10.1.0.7:::24:a$b:eth0:off', '"a$b" is no host name'],
  ['ip=10.1.0.7:::24::eth0/1:off', '"eth0/1" is no name of a card'],
  ['ip=10.1.0.7:::24::eth0:maybe', '"maybe" is no method that is known; the address is taken as it is'],
  ['ip=10.1.0.7:::24::eth0:off:1.1.1.1:1.1.1.2:1.1.1.3:x', 'more than ten fields'],
  ['ip6=always', 'want dhcp, auto or off'],
  ['BOOTIF=eth0', 'want a MAC address, such as 01-52-54-00-12-34-56'],
  ['nameserver=dns.example', 'want an address'],
  ['rd.route=10.0.0.0/8', 'want NETWORK/PREFIX:ROUTER[:CARD], IPv6 in brackets'],
  ['rd.route=net:10.0.0.1', 'want NETWORK/PREFIX:ROUTER[:CARD], IPv6 in brackets'],
  ['ifname=boot:52-54', 'want ifname=NAME:MAC'],
  ['vlan=office:eth0', 'want vlan=NAME:CARD with a number in NAME, such as vlan5 or eth0.5'],
  ['vlan=eth0.5000:eth0', 'want vlan=NAME:CARD with a number in NAME, such as vlan5 or eth0.5'],
  ['bond=bond0:eth0:mode=1:wide', 'want bond=NAME:CARD,CARD:OPTION=VALUE,OPTION=VALUE:MTU'],
  ['bridge=br/0:eth0', 'want bridge=NAME:CARD,CARD'],
  ['team=team0:eth0,eth1', 'netroot has no team devices; bond= does the same'],
  ['hostname=a;b', 'want a host name'],
  ['rd.net.timeout.carrier=soon', 'want a number'],
  ['rd.net.timeout.coffee=3', 'no such limit is known'],
]

/** Other words, and the variables that they set. */
const OTHERS: readonly (readonly [words: string, variables: Readonly<Record<string, string>>])[] = [
  ['BOOTIF=01-52-54-00-AB-CD-EF', { BOOTIF: '52:54:00:ab:cd:ef', HEED_BOOTIF: 'yes' }],
  ['BOOTIF=52:54:00:ab:cd:ef rd.bootif=0', { BOOTIF: '52:54:00:ab:cd:ef', HEED_BOOTIF: '' }],
  ['BOOTIF=52-54-00-ab-cd-ef', { BOOTIF: '52:54:00:ab:cd:ef' }],
  ['bootdev=eth1', { BOOT_DEVICE: 'eth1' }],
  ['DEVICE=eth1', { BOOT_DEVICE: 'eth1' }],
  ['nameserver=10.0.0.53 nameserver=[fd00::53]', { NAMESERVERS: '10.0.0.53 fd00::53', PEER_DNS: 'yes' }],
  ['rd.peerdns=0', { PEER_DNS: '' }],
  ['rd.route=192.168.200.0/24:192.168.100.222:ens10', { ROUTE_WORDS: ' 192.168.200.0/24,192.168.100.222,ens10' }],
  ['rd.route=192.168.200.0/24::ens10', { ROUTE_WORDS: ' 192.168.200.0/24,,ens10' }],
  ['rd.route=[2001:DB8:3::/48]:[2001:DB8:2::1]:ens10', { ROUTE_WORDS: ' 2001:DB8:3::/48,2001:DB8:2::1,ens10' }],
  ['ifname=bootnet:52-54-00-AB-CD-EF', { IFNAME_WORDS: ' bootnet,52:54:00:ab:cd:ef' }],
  ['vlan=vlan0005:eth0 vlan=eth0.5:eth0', { VLAN_WORDS: ' vlan0005:eth0 eth0.5:eth0' }],
  ['bond', { BOND_WORDS: ' bond0:eth0,eth1:mode=balance-rr:' }],
  ['bond=bond7:eth0,eth1:mode=802.3ad,miimon=50:9000', { BOND_WORDS: ' bond7:eth0,eth1:mode=802.3ad,miimon=50:9000' }],
  ['bridge', { BRIDGE_WORDS: ' br0:eth0' }],
  ['bridge=br7:eth0,eth1', { BRIDGE_WORDS: ' br7:eth0,eth1' }],
  ['hostname=pc9', { WORD_HOSTNAME: 'pc9' }],
  ['systemd.hostname=pc9', { WORD_HOSTNAME: 'pc9' }],
  ['rd.net.dhcp.vendor-class=anaconda-Linux', { VENDOR_CLASS: 'anaconda-Linux' }],
  ['rd.net.dhcp.retry=4 rd.net.timeout.dhcp=20', { DHCP_RETRY: '4', DHCP_WAIT: '20' }],
  ['netroot.carrier=3', { CARRIER_WAIT: '3' }],
  ['rd.net.timeout.carrier=4', { CARRIER_WAIT: '4' }],
  ['rd.net.timeout.iflink=60', { CARD_WAIT: '60' }],
  ['rd.net.timeout.ipv6dad=5 rd.net.timeout.ipv6auto=6', { DAD_WAIT: '5', AUTO6_WAIT: '6' }],
  ['rd.net.timeout.ifup=9 rd.net.timeout.route=9 rd.neednet=1', { CARRIER_WAIT: '15' }],
]

/** Takes words as the command line's reader does; says of each that is not one of the network's. */
function taking(words: string): string {
  const take = words.split(' ').map((word) => `take_network_word '${word}' || echo 'passed over'`)
  return ['CARDS="eth0 eth1"', 'LINKS=', 'forget_network_words', ...take].join('\n')
}

for (const shell of SHELLS) {
  test(`${shell}: ip= has every form of the kernel, dracut, initramfs-tools and PXELINUX`, () => {
    const scripts = IP.map(
      ([words]) => `${taking(words)}\nread_ip_word_for eth0\n${SHOW}\n[ -z "$KEEP_LEASE" ] || echo KEEP=yes`,
    )
    const told = sourced(shell, scripts)
    for (const [index, [words, fields]] of IP.entries()) {
      const lines = (told[index] ?? '').trimEnd().split('\n')
      const found = Object.fromEntries(lines.map((line) => line.split(/=(.*)/).slice(0, 2)))
      assert.deepEqual(found, fields, words)
    }
  })

  test(`${shell}: what is wrong with a word of the network is named`, () => {
    const told = sourced(
      shell,
      WRONG.map(([word]) => taking(word)),
    )
    for (const [index, [word, why]] of WRONG.entries()) assert.equal(told[index], `unknown ${word} (${why})\n`)
  })

  test(`${shell}: words beside ip= set what they are for`, () => {
    const scripts = OTHERS.map(
      ([words, variables]) =>
        `${taking(words)}\n${Object.keys(variables)
          .map((name) => `echo "$${name}"`)
          .join('\n')}`,
    )
    const told = sourced(shell, scripts)
    for (const [index, [words, variables]] of OTHERS.entries())
      assert.deepEqual((told[index] ?? '').split('\n').slice(0, -1), Object.values(variables), words)
  })

  test(`${shell}: words that are none of the network's are passed over`, () => {
    const words = ['root=/dev/nfs', 'quiet', 'ipv6.disable=1', 'rd.retry=3', 'bonding.max_bonds=2']
    const told = sourced(
      shell,
      words.map((word) => taking(word)),
    )
    for (const one of told) assert.equal(one, 'passed over\n')
  })

  test(`${shell}: words6() writes addresses of /proc/net/if_inet6 short`, () => {
    const rows = [
      ['fd7700000000000000000000000000a1', 'fd77::a1'],
      ['00000000000000000000000000000001', '::1'],
      ['fe80000000000000505400fffe123456', 'fe80::5054:ff:fe12:3456'],
      ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
      ['fd770000000000000000000000000000', 'fd77::'],
      ['20010db8000000000001000000000000', '2001:db8:0:0:1::'],
    ] as const
    const told = sourced(
      shell,
      rows.map(([hex]) => `words6 ${hex}`),
    )
    assert.deepEqual(
      told.map((one) => one.trim()),
      rows.map(([, short]) => short),
    )
  })
}
