import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, PLAN, SHELLS } from './machine.ts'
import { sourced } from './sourced.ts'

/* Options of an NFS mount: what becomes of each of nfs(5) and fstab(5), which a kernel without mount.nfs does not know all. */

/** What nfs(5) has that goes to the kernel as it is. */
const KERNELS = `soft hard softerr softreval nosoftreval intr nointr timeo=50 retrans=3 rsize=8192 wsize=8192 ac noac
  acregmin=3 acregmax=60 acdirmin=30 acdirmax=60 actimeo=600 bg fg retry=1 nconnect=4 max_connect=8 trunkdiscovery
  notrunkdiscovery rdirplus nordirplus rdirplus=force sec=sys sec=none sharecache nosharecache resvport noresvport
  lookupcache=all lookupcache=pos lookupcache=none fsc nofsc fsc=tag sloppy proto=tcp proto=tcp6 proto=udp tcp udp rdma
  port=2049 mountport=2049 mountproto=tcp mountvers=3 mountaddr=10.0.0.8 namlen=255 lock nolock cto nocto acl noacl
  local_lock=all local_lock=none clientaddr=10.0.0.7 migration nomigration write=eager alignwrite xprtsec=none
  ro sync async noatime nodiratime nosuid nodev noexec _netdev nofail noauto user users defaults comment=x`.split(/\s+/)

/** What the kernel would refuse, and what becomes of it: versions to try, options. */
const CHANGED: readonly (readonly [options: string, versions: string, rest: string])[] = [
  ['vers=3', '3', ''],
  ['vers=3.0', '3', ''],
  ['nfsvers=3', '3', ''],
  ['v3', '3', ''],
  ['vers=4', '4.2/4.1/4.0', ''],
  ['v4', '4.2/4.1/4.0', ''],
  ['nfsvers=4', '4.2/4.1/4.0', ''],
  ['vers=4.0', '4.0', ''],
  ['v4.1', '4.1', ''],
  ['nfsvers=4.2', '4.2', ''],
  ['nfsvers=4.2/3', '4.2/3', ''],
  ['vers=4/3', '4.2/4.1/4.0/3', ''],
  ['vers=4,minorversion=1', '4.1', ''],
  ['minorversion=2', '4.2', ''],
  ['vers=4.2,rsize=8192,vers=3', '3', 'rsize=8192'],
  ['vers=5', '5', ''],
  ['rw,noatime', '', 'noatime'],
  ['auto,nouser,owner,group,x-systemd.automount,X-mount.mkdir,rsize=8192', '', 'rsize=8192'],
  ['mounthost=10.0.0.8', '', 'mountaddr=10.0.0.8'],
  [',,rsize=8192,', '', 'rsize=8192'],
  ['', '', ''],
]

const sorted = (options: string): string => `nfs_sort_options '${options}'; echo "$NFS_VERSIONS $NFS_OPTIONS"`

for (const shell of SHELLS) {
  test(`${shell}: every option of nfs(5) that the kernel knows reaches it, in its order [HT34]`, () => {
    const [all, ...each] = sourced(shell, [sorted(KERNELS.join(',')), ...KERNELS.map(sorted)])
    assert.equal(all, ` ${KERNELS.join(',')}\n`)
    assert.deepEqual(
      each,
      KERNELS.map((option) => ` ${option}\n`),
    )
  })

  test(`${shell}: versions in all their forms, and what is for fstab's readers alone, are taken from the options [HT34]`, () => {
    assert.deepEqual(
      sourced(
        shell,
        CHANGED.map(([options]) => sorted(options)),
      ),
      CHANGED.map(([, versions, rest]) => `${versions} ${rest}\n`),
    )
  })

  test(`${shell}: a root that keeps what is written may say rw; the mount server's name is looked up`, () => {
    const keeps = 'NETROOT_WRITES=keep; NETROOT_ROOTS=nfs://10.0.0.1/a?vers=4.2; ROOT_URL=nfs://10.0.0.1/a?vers=4.1;'
    const looks = "run() { printf 'Name:\\tfiles\\nAddress: 10.0.0.7\\n'; };"
    assert.deepEqual(sourced(shell, [`${keeps} ${sorted('rw')}`, `${looks} ${sorted('mounthost=files')}`]), [
      ' rw\n',
      ' mountaddr=10.0.0.7\n',
    ])
  })

  test(`${shell}: an IPv6 server without brackets is understood too`, () => {
    const { commands } = boot(shell, { commandLine: 'quiet root=nfs:fd00::9:/srv/root:vers=4.2' })
    assert.ok(commands.some((line) => line.includes('addr=fd00::9,') && line.includes(' [fd00::9]:/srv/root ')))
  })

  test(`${shell}: a path with commas or colons is written as a URL`, () => {
    const { commands } = boot(shell, { commandLine: 'quiet root=nfs://10.0.0.9/srv/a,b:c?vers=3&rsize=8192' })
    assert.ok(commands.some((line) => line.endsWith(',vers=3,rsize=8192 10.0.0.9:/srv/a,b:c /layers/release')))
  })

  for (const [option, advice] of [
    ['proto=udp', /no NFS over UDP.*TCP is the default/],
    ['udp', /no NFS over UDP/],
    ['sec=krb5p', /rpc\.gssd.*use sec=sys/],
    ['rdma', /rpcrdma/],
    ['vers=4.3', /vers=4\.2, 4\.1, 4\.0 or 3/],
    ['bogus', /See its spelling/],
    ['rsize=8192:wsize=8192', /Options are separated by commas/],
  ] as const)
    test(`${shell}: where the kernel refuses ${option}, it is named with what to do [HT34]`, () => {
      const world = `on_mount() { case $* in *[,]${option}*) echo 'mount: mounting a on b failed: Invalid argument' >&2; return 1 ;; esac; }`
      const plan = { ...PLAN, NETROOT_ROOTS: `nfs://10.77.0.1:2049/a?vers=4.2&timeo=50&${option}&rsize=65536` }
      const { screen, reports } = boot(shell, { plan, world, cards: [CARD], commandLine: 'quiet' })
      const box = screen.replaceAll(/\s*\n\| +/g, ' ')
      assert.match(box, /this machine cannot boot: bad-option/)
      assert.ok(
        box.replaceAll(/ +/g, ' ').includes(`Found ${option}: Invalid argument on mounting 10.77.0.1:/a by NFS`),
        box,
      )
      assert.match(box, advice)
      assert.ok(reports.some(({ stage, lines }) => stage === 'failed' && lines.includes('cause bad-option')))
    })
}
