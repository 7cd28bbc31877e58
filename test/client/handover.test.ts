import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, LEASE, PLAN, ROOT, SHELLS } from './machine.ts'

const MAC = '52:54:00:12:34:56'

/** A boot into a system with these files besides the usual. */
function into(shell: 'busybox' | 'dash', root: Readonly<Record<string, string>>) {
  return boot(shell, { plan: PLAN, commandLine: 'quiet', root: { ...ROOT, ...root } })
}

for (const shell of SHELLS) {
  test(`${shell}: systemd-networkd leaves the card unmanaged, by its MAC, and does not wait for it [FB30] [AW36]`, () => {
    const { file, reports } = into(shell, { '/usr/lib/systemd/systemd-networkd': '#!' })
    assert.match(
      file('/run/systemd/network/00-netroot.network') ?? '',
      new RegExp(`\\[Match\\]\\nMACAddress=${MAC}\\n\\[Link\\]\\nUnmanaged=yes\\n`),
    )
    assert.match(
      file('/run/systemd/system/systemd-networkd-wait-online.service.d/netroot.conf') ?? '',
      /ExecStart=\nExecStart=\/run\/netroot\/busybox true/,
    )
    assert.ok(reports.some(({ stage, lines }) => stage === 'handover' && lines.includes('manager networkd')))
  })

  test(`${shell}: NetworkManager leaves the card and resolv.conf alone [FB30] [HT46] [AW36]`, () => {
    const { file } = into(shell, { '/usr/sbin/NetworkManager': '#!' })
    const conf = file('/run/NetworkManager/conf.d/00-netroot.conf') ?? ''
    assert.match(conf, new RegExp(`\\[device-netroot\\]\\nmatch-device=mac:${MAC}\\nmanaged=0`))
    assert.match(conf, /rc-manager=unmanaged/)
  })

  test(`${shell}: ifupdown maps the card to one that nobody configures, whatever its name becomes [FB30] [HT46]`, () => {
    const before = 'auto ens3\niface ens3 inet dhcp\n'
    const { file } = into(shell, { '/usr/sbin/ifup': '#!', '/etc/network/interfaces': before })
    const interfaces = file('/sysroot/etc/network/interfaces') ?? ''
    assert.match(interfaces, /^mapping \*\n {4}script \/run\/netroot\/ifupdown-name$/m)
    assert.doesNotMatch(interfaces, /iface netroot-card/)
    assert.ok(interfaces.endsWith(before))
    assert.match(file('/run/netroot/ifupdown-name') ?? '', new RegExp(`in ${MAC}\\) echo netroot-card ;;`))
  })

  test(`${shell}: dhcpcd is denied the card, which keeps its name [FB30]`, () => {
    const { file } = into(shell, { '/usr/sbin/dhcpcd': '#!', '/etc/dhcpcd.conf': 'duid\n' })
    assert.match(file('/sysroot/etc/dhcpcd.conf') ?? '', /^denyinterfaces eth0\n[\s\S]*duid$/m)
    assert.match(
      file('/run/systemd/network/00-netroot.link') ?? '',
      new RegExp(`MACAddress=${MAC}\\n\\[Link\\]\\nName=eth0`),
    )
  })

  test(`${shell}: connman does not touch the card; its other blacklisted interfaces stay [FB30]`, () => {
    const { file } = into(shell, {
      '/usr/sbin/connmand': '#!',
      '/etc/connman/main.conf': '[General]\nNetworkInterfaceBlacklist=vmnet,veth\n',
    })
    assert.match(file('/sysroot/etc/connman/main.conf') ?? '', /^NetworkInterfaceBlacklist=eth0,vmnet,veth$/m)
    const fresh = into(shell, { '/usr/sbin/connmand': '#!' })
    assert.match(fresh.file('/sysroot/etc/connman/main.conf') ?? '', /^\[General\]\nNetworkInterfaceBlacklist=eth0,/m)
  })

  test(`${shell}: wicked is told that the card is off limits [FB30]`, () => {
    const { file } = into(shell, { '/usr/sbin/wicked': '#!' })
    assert.match(file('/sysroot/etc/sysconfig/network/ifcfg-eth0') ?? '', /^STARTMODE='off'$/m)
  })

  test(`${shell}: netplan's back ends are both told, whichever it writes for [FB30]`, () => {
    const { file } = into(shell, { '/usr/sbin/netplan': '#!' })
    assert.notEqual(file('/run/systemd/network/00-netroot.network'), undefined)
    assert.notEqual(file('/run/NetworkManager/conf.d/00-netroot.conf'), undefined)
  })

  test(`${shell}: cloud-init is kept from configuring the network`, () => {
    const { file } = into(shell, { '/usr/bin/cloud-init': '#!' })
    assert.match(file('/sysroot/etc/cloud/cloud.cfg.d/99-netroot.cfg') ?? '', /^network: \{config: disabled\}$/m)
  })

  test(`${shell}: a system without any network manager is told of none`, () => {
    const { reports } = into(shell, {})
    assert.deepEqual(reports.find(({ stage }) => stage === 'handover')?.lines, ['uptime 1.00'])
  })

  test(`${shell}: a resolv.conf that links to systemd-resolved stays, and resolved is told`, () => {
    const { file, commands } = into(shell, { '/etc/resolv.conf': '->../run/systemd/resolve/stub-resolv.conf' })
    assert.match(
      file('/run/systemd/resolved.conf.d/netroot.conf') ?? '',
      /\[Resolve\]\nDNS=10\.77\.0\.1 10\.77\.0\.2\nDomains=lab\.example/,
    )
    assert.ok(!commands.includes('rm -f /sysroot/etc/resolv.conf'))
  })

  test(`${shell}: a resolv.conf that links elsewhere becomes a file; the link's target is not written [DB25]`, () => {
    const { file } = into(shell, { '/etc/resolv.conf': '->/etc/target' })
    assert.match(file('/sysroot/etc/resolv.conf') ?? '', /^nameserver 10\.77\.0\.1$/m)
    assert.equal(file('/etc/target'), undefined)
  })

  test(`${shell}: hosts has the machine's full and short name, and keeps others' lines [DB24]`, () => {
    const { file } = into(shell, { '/etc/hosts': '127.0.0.1 localhost\n127.0.1.1 builder\n10.0.0.3 files\n' })
    assert.equal(
      file('/sysroot/etc/hosts'),
      [
        '127.0.0.1 localhost',
        '127.0.1.1 pc7.lab.example pc7',
        '::1 localhost ip6-localhost ip6-loopback',
        'ff02::1 ip6-allnodes',
        'ff02::2 ip6-allrouters',
        '10.0.0.3 files',
        '',
      ].join('\n'),
    )
  })

  test(`${shell}: without any name the image's own stay`, () => {
    const { file } = boot(shell, {
      plan: { ...PLAN, NETROOT_NAME: '' },
      cards: [{ ...CARD, lease: LEASE }],
      root: { ...ROOT, '/etc/hostname': 'image\n', '/etc/hosts': '10.0.0.3 files\n' },
    })
    assert.equal(file('/sysroot/etc/hostname'), 'image\n')
    assert.equal(file('/sysroot/etc/hosts'), '10.0.0.3 files\n')
  })

  test(`${shell}: fstab's entry for / is disarmed, local disks may be missing, the rest stays [AW34] [HT2] [HT14]`, () => {
    const fstab = [
      '# static file system information',
      'UUID=1234\t/ \text4 errors=remount-ro 0 1',
      'UUID=5678 /boot ext4 defaults 0 2',
      '/dev/sda5 none swap sw,nofail 0 0',
      'server:/home /home nfs defaults 0 0',
      'tmpfs /tmp tmpfs size=1g 0 0',
      '',
    ].join('\n')
    assert.equal(
      into(shell, { '/etc/fstab': fstab }).file('/sysroot/etc/fstab'),
      [
        '# static file system information',
        '# netroot: the root comes over the network. UUID=1234\t/ \text4 errors=remount-ro 0 1',
        'UUID=5678 /boot ext4 defaults,nofail,x-systemd.device-timeout=5s 0 2',
        '/dev/sda5 none swap sw,nofail 0 0',
        'server:/home /home nfs defaults 0 0',
        'tmpfs /tmp tmpfs size=1g 0 0',
        '',
      ].join('\n'),
    )
  })

  test(`${shell}: an init other than systemd gets no units, and the lease keeper is started before it [HT44] [HT45]`, () => {
    const { file, commands } = boot(shell, {
      plan: PLAN,
      root: { '/sbin/init': '#!', '/lib/modules/6.12.1-test/x': '' },
    })
    const start = 'chroot /sysroot /run/netroot/busybox start-stop-daemon -S -b -x /run/netroot/keep-lease'
    assert.ok(commands.indexOf(start) > commands.indexOf('mount --move /run /sysroot/run'))
    assert.equal(file('/run/systemd/system/netroot-lease.service'), undefined)
  })

  test(`${shell}: the running system gets a busybox, scripts and units in /run, and nothing in the image [HT44] [HT45]`, () => {
    const { file, commands } = into(shell, {})
    assert.equal(file('/run/netroot/busybox'), 'busybox')
    assert.match(file('/run/systemd/system/netroot-lease.service') ?? '', /SurviveFinalKillSignal=yes/)
    const links = ['alive', 'lease', 'shutdown'].map((unit) => `../netroot-${unit}.service`).join(' ')
    assert.ok(commands.includes(`ln -sf ${links} /run/systemd/system/sysinit.target.wants/`))
    for (const path of ['alive', 'keep-lease', 'lib/report.sh']) assert.ok(file(`/run/netroot/${path}`) !== undefined)
    assert.equal(file('/sysroot/etc/systemd/system/netroot-lease.service'), undefined)
  })
}
