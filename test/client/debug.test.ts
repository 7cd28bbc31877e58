import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, PLAN, SHELLS } from './machine.ts'

/*
 * What helps the person who looks into a boot: words that say what becomes of a failure, the log at the server, SSH.
 */

/** A machine whose root has no init, switched off by what rd.emergency= does. */
const HOPELESS = { plan: PLAN, root: { '/etc/y': '' } } as const
const OFF = `off() { kill -9 "$(cat "$ROOT/world/pid")"; }
on_reboot() { off; }
on_poweroff() { off; }
on_halt() { off; }`

const KEY = 'ssh-ed25519 AAAAC3Nza admin@desk'
const WITH_SSH = { '/netroot/authorized_keys': `${KEY}\n`, '/bin/dropbear': '#!' } as const

for (const shell of SHELLS) {
  for (const action of ['reboot', 'poweroff', 'halt'])
    test(`${shell}: rd.emergency=${action} does that once the failure was told`, () => {
      const { commands, reports, screen } = boot(shell, {
        ...HOPELESS,
        world: OFF,
        commandLine: `quiet rd.emergency=${action}`,
      })
      assert.equal(commands.at(-1), `${action} -f`)
      assert.equal(reports.at(-1)?.stage, 'failed')
      assert.match(screen, new RegExp(`netroot: ${action}, as rd\\.emergency= asks`))
    })

  test(`${shell}: rd.emergency= waits for as long as rd.retry= says`, () => {
    const commandLine = 'quiet rd.emergency=reboot rd.retry=60'
    const early = boot(shell, { ...HOPELESS, world: OFF, commandLine })
    assert.ok(!early.commands.includes('reboot -f'))
    const late = boot(shell, { ...HOPELESS, world: OFF, commandLine, files: { '/proc/uptime': '61.00 1.00\n' } })
    assert.equal(late.commands.at(-1), 'reboot -f')
  })

  test(`${shell}: after rd.retry= seconds there is a shell, and no shell with rd.shell=0`, () => {
    const state = { ...HOPELESS, files: { '/proc/uptime': '61.00 1.00\n' } }
    const given = boot(shell, { ...state, commandLine: 'quiet rd.retry=60' })
    assert.ok(given.commands.includes('setsid -c sh'))
    assert.match(given.screen, /tries no more, as rd\.retry= asks; 'exit' in the shell lets it try on/)
    const without = boot(shell, { ...state, commandLine: 'quiet rd.retry=60 rd.shell=0' })
    assert.ok(!without.commands.includes('setsid -c sh'))
    assert.doesNotMatch(without.screen, /Press s and Enter/)
    assert.match(without.screen, /^the machine tries again in 1 s\.$/m)
  })

  test(`${shell}: a boot is tried for ever without such words`, () => {
    const { commands } = boot(shell, { ...HOPELESS, world: `MOST_KEYS=9\n${OFF}`, commandLine: 'quiet' })
    assert.equal(commands.filter((line) => line.startsWith('read_key')).length, 9)
  })

  test(`${shell}: kernel messages and log are posted when a boot fails and when it is over`, () => {
    const world = `on_dmesg() { echo '[    0.1] Linux version'; }
      on_nc() { [ -e "$ROOT/world/mended" ]; }
      on_read_key() { [ "$ATTEMPT" != 3 ] || sleep 1; echo x >>"$ROOT/world/keys"; [ "$(wc -l <"$ROOT/world/keys")" -lt 4 ] || : >"$ROOT/world/mended"; }`
    const { logs } = boot(shell, { plan: PLAN, world, commandLine: 'quiet' })
    assert.deepEqual(Object.keys(logs).toSorted(), ['failure', 'switch'])
    assert.match(logs['failure'] ?? '', /^kernel:\n\[ {4}0\.1\] Linux version\ninit:\n[^]*attempt 3: server-gone/)
    assert.match(logs['switch'] ?? '', /report switch\n$/)
  })

  test(`${shell}: where HTTP does not work the log's end goes by syslog, to the server or to netroot.syslog=`, () => {
    const world = 'on_wget() { return 1; }'
    const sent = (words: string) =>
      boot(shell, { plan: PLAN, world, commandLine: `quiet ${words}` })
        .commands.filter((line) => line.startsWith('busybox'))
        .toSorted()
        .toReversed()
    assert.deepEqual(sent(''), [
      'busybox syslogd -n -O /dev/null -R 10.77.0.1:514',
      "busybox logger -p daemon.err -t 'pc7 netroot[k7m2qa]'",
    ])
    assert.equal(sent('netroot.syslog=10.9.9.9')[0], 'busybox syslogd -n -O /dev/null -R 10.9.9.9:514')
    assert.equal(sent('netroot.syslog=10.9.9.9:5514')[0], 'busybox syslogd -n -O /dev/null -R 10.9.9.9:5514')
  })

  test(`${shell}: with a public key aboard, dropbear runs until the real system starts; its host key is told`, () => {
    const world = `on_dropbearkey() { case $1 in -y) printf 'ssh-ed25519 A\\nFingerprint: SHA256:abc\\n' ;; esac; }`
    const { commands, reports, screen, file } = boot(shell, {
      plan: PLAN,
      files: WITH_SSH,
      world,
      commandLine: 'quiet',
    })
    const started = commands.findIndex((line) => line.startsWith('dropbear -F'))
    assert.match(commands[started] ?? '', / -s -j -k -m -r \/netroot\/ssh_host_key -p 22$/)
    assert.ok(started > commands.findIndex((line) => line.startsWith('udhcpc')))
    assert.ok(commands.includes('mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts'))
    assert.match(screen, /netroot: ssh root@10\.77\.0\.50 \(host key SHA256:abc\)/)
    assert.ok(reports.some(({ stage, lines }) => stage === 'lease' && lines.includes('ssh-host-key SHA256:abc')))
    assert.equal(file('/root/.ssh/authorized_keys'), `${KEY}\n`)
    assert.ok(commands.findIndex((line) => /^kill \d+/.test(line)) > started)
  })

  test(`${shell}: netroot.ssh=0 keeps dropbear away; netroot.ssh without a key is told`, () => {
    const without = boot(shell, { plan: PLAN, files: WITH_SSH, commandLine: 'quiet netroot.ssh=0' })
    assert.ok(!without.commands.some((line) => line.startsWith('dropbear')))
    assert.match(
      boot(shell, { plan: PLAN, commandLine: 'quiet netroot.ssh' }).screen,
      /nobody can log in: the initramfs has no SSH server, or no public key/,
    )
  })

  test(`${shell}: rd.driver.* load and bar modules; one that cannot be loaded is said and stops nothing`, () => {
    const { commands, screen, file } = boot(shell, {
      plan: PLAN,
      commandLine:
        'quiet rd.driver.pre=early,none rd.driver.post=late rd.driver.blacklist=e100 modprobe.blacklist=b44,tg3',
      world: 'on_modprobe() { case $* in *none*) return 1 ;; esac; }',
    })
    assert.equal(file('/etc/modprobe.d/command-line.conf'), 'blacklist e100\nblacklist b44\nblacklist tg3\n')
    const at = (line: string) => commands.indexOf(line)
    assert.ok(at('modprobe -q early') >= 0 && at('modprobe -q early') < at('modprobe -q af_packet'))
    assert.ok(at('modprobe -q late') > at('modprobe -q af_packet'))
    assert.match(screen, /the module none cannot be loaded/)
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init')
  })

  test(`${shell}: an init that is not systemd finds devpts as logins need it [AW35]`, () => {
    const root = { '/sbin/init': '#!', '/lib/modules/6.12.1-test/x': '' }
    const { commands } = boot(shell, { plan: PLAN, root, commandLine: 'quiet' })
    const mounted = commands.indexOf('mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /sysroot/dev/pts')
    assert.ok(mounted > commands.indexOf('mount --move /dev /sysroot/dev'))
  })

  test(`${shell}: a root on a disk of the machine needs no network, no card and no memory above it [FB19]`, () => {
    const world = `on_busybox() { [ "$1" != findfs ] || echo /dev/vda1; }`
    const local = (words: string) =>
      boot(shell, { cards: [], world, commandLine: `quiet root=UUID=11-22 ${words}` }).commands
    assert.ok(local('ro').includes('mount -t ext4 -o ro /dev/vda1 /layers/release'))
    assert.ok(local('ro').includes('mount --move /layers/release /sysroot'))
    assert.ok(!local('ro').some((line) => /^(?:udhcpc|put)/.test(line)))
    assert.equal(local('ro').at(-1), 'switch_root /sysroot /sbin/init')
    assert.ok(
      local('rw rootfstype=xfs rootflags=noatime').includes('mount -t xfs -o rw,noatime /dev/vda1 /layers/release'),
    )
    assert.ok(local('rd.overlay').some((line) => line.startsWith('mount -t overlay')))
    const withNetwork = boot(shell, { cards: [CARD], world, commandLine: 'quiet root=LABEL=x rd.neednet=1' }).commands
    assert.ok(withNetwork.some((line) => line.startsWith('udhcpc')))
  })
}
