import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, LEASE, type MachineState, PLAN, SHELLS, type Shell } from './machine.ts'

/*
 * The grammar of the kernel command line: root, overlay and debugging words as dracut, the kernel, initramfs-tools and
 * mkinitcpio have them.
 */

/** What the root of a command line is mounted from, and the options that the words asked for. */
function rootOf(shell: Shell, commandLine: string, state: MachineState = {}): string | undefined {
  const { commands } = boot(shell, { ...state, commandLine: `quiet ${commandLine}` })
  const [, options = '', source = ''] =
    commands.map((line) => /^mount -t nfs -o (\S+) (\S+)/.exec(line)).find((found) => found !== null) ?? []
  const own = options.replace(/^ro,nolock,proto=\w+,hard,nocto,actimeo=600,addr=[^,]*,/, '')
  return `${source} ${own.replace(/^(?:clientaddr=[^,]*|mountproto=\w+)(?:,|$)/, '')}`
}

const SERVED = '10.0.0.9:/srv/root vers=3,rsize=8192'

/** Command lines that lead to one root on a server that they name. */
const NAMED: readonly (readonly [words: string, root: string])[] = [
  ['root=nfs:10.0.0.9:/srv/root:vers=3,rsize=8192', SERVED],
  ['root=nfs:10.0.0.9:/srv/root,vers=3,rsize=8192', SERVED],
  ['root=nfs4:10.0.0.9:/srv/root:rsize=8192', '10.0.0.9:/srv/root vers=4.2,rsize=8192'],
  ['root=nfs://10.0.0.9/srv/root?vers=3&rsize=8192', SERVED],
  ['root=10.0.0.9:/srv/root,vers=3,rsize=8192', SERVED],
  ['root=10.0.0.9:/srv/root:vers=3,rsize=8192', SERVED],
  ['rootfstype=nfs4 root=10.0.0.9:/srv/root', '10.0.0.9:/srv/root vers=4.2'],
  ['rootfstype=nfs root=10.0.0.9:srv/root,vers=3,rsize=8192', SERVED],
  ['root=/dev/nfs nfsroot=10.0.0.9:/srv/root,vers=3,rsize=8192', SERVED],
  ['root=/dev/nfs nfsroot=10.0.0.9:/srv/root:vers=3,rsize=8192', SERVED],
  ['nfsroot=10.0.0.9:/srv/root,vers=3,rsize=8192', SERVED],
  ['boot=nfs nfsroot=10.0.0.9:/srv/root,vers=3,rsize=8192', SERVED],
  ['boot=nfs nfsroot=10.0.0.9:/srv/root:vers=3,rsize=8192 root=/dev/sda1', SERVED],
  ['root=/dev/root netroot=nfs:10.0.0.9:/srv/root:vers=3,rsize=8192', SERVED],
  ['netroot=nfs4:10.0.0.9:/srv/root', '10.0.0.9:/srv/root vers=4.2'],
  ['root=nfs:10.0.0.9:/srv/root,vers=3 rootflags=rsize=8192', SERVED],
  ['root=nfs:[fd00::9]:/srv/root:vers=3', '[fd00::9]:/srv/root vers=3'],
]

/** Command lines that leave the server open, with what the lease of next-server 10.77.0.7 makes of them. */
const OPEN: readonly (readonly [words: string, root: string])[] = [
  ['root=nfs:/srv/root:vers=3', '10.77.0.7:/srv/root vers=3'],
  ['root=/srv/root,vers=3', '10.77.0.7:/srv/root vers=3'],
  ['root=/dev/nfs nfsroot=/srv/root,vers=3', '10.77.0.7:/srv/root vers=3'],
  ['nfsroot=auto', '10.77.0.7:/tftpboot/10.77.0.50 vers=3'],
  ['root=/dev/nfs', '10.77.0.7:/tftpboot/10.77.0.50 vers=3'],
  ['boot=nfs', '10.77.0.7:/tftpboot/10.77.0.50 vers=3'],
  ['nfsroot=/tftpboot/%s,vers=3', '10.77.0.7:/tftpboot/10.77.0.50 vers=3'],
  ['root=nfs:/srv/root:vers=3 ip=:10.0.0.8::::eth0:dhcp', '10.0.0.8:/srv/root vers=3'],
]

const NEXT_SERVER = { cards: [{ ...CARD, lease: { ...LEASE, siaddr: '10.77.0.7' } }] }

/** What DHCP option 17 says, and the root that it is. */
const ROOT_PATHS: readonly (readonly [path: string, root: string])[] = [
  ['10.0.0.9:/srv/root', '10.0.0.9:/srv/root vers=3'],
  ['10.0.0.9:/srv/root,retry=1,rsize=8192,wsize=8192', '10.0.0.9:/srv/root vers=3,retry=1,rsize=8192,wsize=8192'],
  ['nfs:10.0.0.9:/srv/root:vers=3,rsize=8192', SERVED],
  ['nfs4:10.0.0.9:/srv/root', '10.0.0.9:/srv/root vers=4.2'],
  ['/srv/root', '10.77.0.7:/srv/root vers=3'],
]

/** A machine whose lease has a root path and a next-server. */
function withRootPath(rootpath: string): MachineState {
  return { cards: [{ ...CARD, lease: { ...LEASE, siaddr: '10.77.0.7', rootpath } }] }
}

/** Words that netroot takes without a remark though they change nothing, or nothing that shows here. */
const KNOWN = `ro rw rootwait rootdelay=5 rd.neednet=1 rd.udev.log_level=3 rd.systemd.show_status=1 systemd.unit=x.target
  rd.lvm=0 rd.luks=0 rd.md=0 rd.dm=0 rd.nonvmf rd.info rd.shell rd.retry=60 rd.overlay rd.live.overlay.overlayfs=1
  overlayroot=tmpfs:recurse=0,swap=1 systemd.volatile=overlay splash nomodeset console=ttyS0 rdinit=/init rd.hostonly=0
  boot=UUID=abc rd.driver.blacklist=nouveau rd.skipfsck rd.emergency=reboot netroot.ssh=0`

/** Words that have no meaning here, and why. */
const UNKNOWN: readonly (readonly [word: string, why: RegExp])[] = [
  ['rd.frobnicate=1', /there is no such word/],
  ['netroot.imgae=x', /there is no such word/],
  ['rd.lvm.lv=vg/root', /assembles no such devices/],
  ['rd.live.ram=1', /the root stays on its server/],
  ['rd.overlay=LABEL=persist', /what is written is kept in memory/],
  ['overlayroot=/dev/sdb1', /what is written is kept in memory/],
  ['rd.overlay=tmpfs:mode=7', /only size= is known/],
  ['rd.break=nowhere', /the stages are start, cards, network, root, handover and switch/],
  ['rd.emergency=dance', /it is reboot, poweroff or halt/],
  ['rd.retry=soon', /it is a number of seconds/],
  ['boot=live', /boot=nfs and boot=local/],
  ['root=zfs', /names no root/],
]

/** Stages by all their names, and the report that the boot had last made when it stopped there. */
const STAGES: readonly (readonly [words: string, ours: string])[] = [
  ['rd.break', 'switch'],
  ['rd.break=cmdline', 'start'],
  ['rd.break=pre-udev', 'start'],
  ['rd.break=pre-trigger', 'cards'],
  ['rd.break=initqueue', 'cards'],
  ['rd.break=pre-mount', 'network'],
  ['rd.break=mount', 'network'],
  ['rd.break=pre-pivot', 'switch'],
  ['rd.break=cleanup', 'switch'],
  ['break', 'network'],
  ['break=top', 'start'],
  ['break=modules', 'cards'],
  ['break=premount', 'network'],
  ['break=mountroot', 'network'],
  ['break=bottom', 'root'],
  ['break=init', 'switch'],
  ['break=postmount', 'root'],
  ...['start', 'cards', 'network', 'root', 'handover', 'switch'].map((stage) => [`rd.break=${stage}`, stage] as const),
]

for (const shell of SHELLS) {
  for (const [words, root] of NAMED)
    test(`${shell}: ${words} is ${root} [HT34]`, () => assert.equal(rootOf(shell, words), root))

  for (const [words, root] of OPEN)
    test(`${shell}: ${words} with a next-server is ${root}`, () =>
      assert.equal(rootOf(shell, words, NEXT_SERVER), root))

  for (const [path, root] of ROOT_PATHS)
    test(`${shell}: root path ${path} is ${root} [HT32, HT33]`, () =>
      assert.equal(rootOf(shell, '', withRootPath(path)), root))

  test(`${shell}: root=dhcp and netroot=dhcp take the lease's root path before the plan's root`, () => {
    const state = { ...withRootPath('10.0.0.9:/srv/root,vers=3,rsize=8192'), plan: PLAN }
    assert.equal(rootOf(shell, 'root=dhcp', state), SERVED)
    assert.equal(rootOf(shell, 'root=/dev/root netroot=dhcp', state), SERVED)
    assert.match(rootOf(shell, '', state) ?? '', /^10\.77\.0\.1:\/release\/abab /)
  })

  test(`${shell}: a PXELINUX line with rootfstype, root=/dev/nfs, nfsroot and ip=::::::dhcp is understood whole [AW31]`, () => {
    const words = 'rootfstype=nfs root=/dev/nfs nfsroot=10.0.0.9:/srv/root,v3,rsize=16384,wsize=16384 ip=::::::dhcp'
    assert.equal(rootOf(shell, words), '10.0.0.9:/srv/root vers=3,rsize=16384,wsize=16384')
    assert.deepEqual(unknownWords(shell, words), [])
  })

  test(`${shell}: where root= and nfsroot= name two roots, root= counts and that is said [AW32]`, () => {
    const words = 'root=nfs:10.0.0.9:/srv/root:vers=3,rsize=8192 nfsroot=10.0.0.8:/srv/other'
    assert.equal(rootOf(shell, words), SERVED)
    assert.match(
      boot(shell, { commandLine: `quiet ${words}` }).screen,
      /nfsroot=10\.0\.0\.8:\/srv\/other \(root= names another root, and root= counts\)/,
    )
  })

  test(`${shell}: words of others are taken without a remark`, () => assert.deepEqual(unknownWords(shell, KNOWN), []))

  for (const [word, why] of UNKNOWN)
    test(`${shell}: ${word} is told on the screen and to the server, with the reason`, () => {
      const { screen, reports } = boot(shell, { plan: PLAN, commandLine: `quiet ${word}` })
      assert.match(screen, new RegExp(`not understood on the kernel command line: ${word} \\(.*${why.source}`))
      assert.ok(reports.some(({ lines }) => lines.includes(`unknown-word ${word}`)))
    })

  test(`${shell}: an unknown word that holds a secret is told without it`, () =>
    assert.deepEqual(unknownWords(shell, 'rd.iscsy.password=geheim'), ['rd.iscsy.password=…']))

  for (const [words, stage] of STAGES)
    test(`${shell}: ${words} stops at ${stage}`, () => {
      const { screen } = boot(shell, { plan: PLAN, commandLine: `quiet ${words}` })
      assert.match(screen, new RegExp(`^netroot: stopped at '${stage}'`, 'm'))
    })

  for (const [word, size] of [
    ['netroot.overlay-size=2g', '2g'],
    ['rd.overlay=tmpfs:size=30%', '30%'],
    ['rd.live.overlay.size=512', '512m'],
    ['overlay-size=1g', '1g'],
    ['overlayroot=tmpfs', '50%'],
  ] as const)
    test(`${shell}: ${word} makes the writable layer ${size}`, () => {
      const { commands } = boot(shell, { plan: PLAN, commandLine: `quiet ${word}` })
      assert.ok(commands.some((line) => line.includes(`size=${size} memory /layers/memory`)))
    })

  test(`${shell}: what the kernel hands to init, and what stands behind --, goes on to the real init`, () => {
    const { commands, screen } = boot(shell, { plan: PLAN, commandLine: 'quiet -- rd.bogus', words: ['single'] })
    assert.equal(commands.at(-1), 'switch_root /sysroot /sbin/init single')
    assert.doesNotMatch(screen, /rd\.bogus/)
  })
}

function unknownWords(shell: Shell, words: string): string[] {
  const commandLine = `quiet ${words.replaceAll(/\s+/g, ' ')}`
  const { reports } = boot(shell, { plan: PLAN, commandLine })
  return reports.flatMap(({ lines }) => lines.flatMap((line) => /^unknown-word (.*)/.exec(line)?.[1] ?? []))
}
