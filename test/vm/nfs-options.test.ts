import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, withFiles } from './direct.ts'
import { serveDebian, showWhatFailed } from './served.ts'

/*
 * One machine mounts its root by every form of root= and with unusual options, one after the other, with the functions of
 * its initramfs: what the kernel of Debian makes of them.
 */

/** Stands in for the step after the network: tries each line, and says what is mounted then or what went wrong. */
const TRIES = `
stop_at() {
  [ "$1" = network ] || return 0
  wait "$LOADING_MODULES"
  ip address add fd77::77/64 dev eth0 nodad 2>/dev/null || ip address add fd77::77/64 dev eth0
  local line number=0
  while IFS= read -r line; do
    number=$((number + 1))
    try_words "$line" </dev/null
  done </netroot/tries
  echo "tries: done"
}
try_words() {
  local word
  forget_root_words
  for word in $1; do take_root_word "$word"; done
  if choose_roots && mount_root >/dev/null; then
    echo "try $number: $(grep ' nfs' /proc/mounts)"
    umount "$RELEASE_LAYER"
  else
    echo "try $number: $CAUSE: $WHAT $FOUND $NEXT"
  fi
}
`
const HOST = '10.77.0.1'
/** Stands for the path of the release. */
const PATH = '/release/DIGEST'
const URL = `nfs://${HOST}:2049${PATH}`

/** What is typed, and what is mounted or told then. */
const FORMS: readonly (readonly [words: string, seen: RegExp])[] = [
  [`root=nfs:${HOST}:${PATH}:vers=4.2,rsize=32768,timeo=50`, /nfs4 ro,.*vers=4\.2,rsize=32768,.*timeo=50,/],
  [`root=nfs:${HOST}:${PATH},vers=4.1`, /vers=4\.1,/],
  [`root=nfs4:${HOST}:${PATH}`, /vers=4\.2,/],
  [`root=nfs4:${HOST}:${PATH}:v4.0`, /vers=4\.0,/],
  [`root=nfs:${PATH}:vers=4.2`, /^10\.77\.0\.1:.*vers=4\.2,/],
  [`root=${HOST}:${PATH},vers=4.2`, /vers=4\.2,/],
  [`root=${PATH},vers=4.2`, /^10\.77\.0\.1:.*vers=4\.2,/],
  [`root=files.lab.example:${PATH},vers=4.2`, /^files\.lab\.example:.*vers=4\.2,.*addr=10\.77\.0\.1 /],
  [`root=/dev/nfs nfsroot=${HOST}:${PATH},v3,tcp,port=2049,mountport=2049,nolock`, /nfs ro,.*vers=3,.*nolock/],
  [`root=/dev/nfs nfsroot=${HOST}:${PATH}:vers=4.2`, /vers=4\.2,/],
  [`boot=nfs nfsroot=${HOST}:${PATH},nfsvers=4.1`, /vers=4\.1,/],
  [`netroot=nfs4:${HOST}:${PATH}`, /vers=4\.2,/],
  [`root=${URL}`, /nfs ro,.*vers=3,/],
  [`root=nfs://[fd77::1]:2049${PATH}?vers=4.2`, /^\[fd77::1\]:.*proto=tcp6,.*clientaddr=fd77::77,.*addr=fd77::1 /],
  [`root=nfs://[fd77::1]:2049${PATH}?vers=3`, /vers=3,.*proto=tcp6,.*mountproto=tcp6,/],
  [`root=nfs:fd77::1:${PATH}:vers=4.2`, /^\[fd77::1\]:.*addr=fd77::1 /],
  ['rootflags=vers=3,rsize=65536', /vers=3,rsize=65536,/],
]

const OPTIONS: readonly (readonly [options: string, seen: RegExp])[] = [
  ['vers=4', /vers=4\.2,/],
  ['vers=4.2&nfsvers=4,minorversion=1', /vers=4\.1,/],
  ['vers=4.2,rsize=8192,vers=3.0', /nfs ro,.*vers=3,rsize=8192,/],
  ['vers=4.2&soft&timeo=30&retrans=5', /,soft,.*timeo=30,retrans=5,/],
  ['vers=4.2&softerr&nconnect=4&max_connect=8', /,softerr,.*nconnect=4,max_connect=8,/],
  ['vers=3&nconnect=4&lookupcache=pos&nordirplus', /nordirplus,.*nconnect=4,.*lookupcache=pos,/],
  ['vers=4.2&noac&lookupcache=none', /,noac,.*lookupcache=none,/],
  ['vers=4.2&acregmin=5&acdirmax=60&nosharecache&noresvport', /acregmin=5,.*nosharecache,noresvport,/],
  [
    'vers=3&local_lock=all&mounthost=files.lab.example&mountvers=3',
    /mountaddr=10\.77\.0\.1,mountvers=3,.*local_lock=all,/,
  ],
  ['vers=4.2&intr&bg&retry=1&retrans=2&write=eager&namlen=255', /vers=4\.2,/],
  ['vers=4.2&fsc&noacl&sec=sys&resvport&proto=tcp&tcp', /sec=sys,.*,fsc,/],
  ['vers=3&sec=none', /sec=null,/],
  ['vers=4.2&rw&noatime&nodev&auto&x-systemd.automount&_netdev&nofail&defaults', /nfs4 ro,nodev,noatime,/],
  ['vers=4.2&clientaddr=10.77.0.99', /clientaddr=10\.77\.0\.99,/],
  ['vers=4.2&proto=udp', /^bad-option: .* an option of the root's mount\. proto=udp: .* no NFS over UDP/],
  ['vers=3&udp&rsize=8192', /^bad-option: .* an option of the root's mount\. udp: /],
  ['vers=4.2&nconnect=17', /^bad-option: .* an option of the root's mount\. nconnect=17: /],
  ['vers=4.2&sec=krb5', /^bad-option: .* an option of the root's mount\. sec=krb5: .*use sec=sys/],
  ['vers=4.2&xprtsec=tls', /^bad-option: .* over TLS\..*tlshd/],
  ['vers=4.2&rdma', /^bad-option: .* an option of the root's mount\. rdma: .*rpcrdma/],
  ['vers=3&lock', /^bad-option: .*locks of version 3\..*rpcbind and rpc\.statd/],
  ['vers=4.3', /^bad-option: .* an option of the root's mount\. vers=4\.3: .*vers=4\.2, 4\.1, 4\.0 or 3/],
  ['vers=2', /^root-refused: .*does not speak this version/],
  ['vers=4.2&hart&rsize=8192', /^bad-option: .* an option of the root's mount\. hart: .*spelling/],
  [
    'vers=4.2&rsize=8192:wsize=8192',
    /^bad-option: .* an option of the root's mount\. rsize=8192:wsize=8192: .*separated by commas/,
  ],
]

const TRIED = [...FORMS, ...OPTIONS.map(([options, seen]) => [`root=${URL}?${options}`, seen] as const)]

let served: ServedLab
let seen: readonly string[]

before(
  async () => {
    const { digest } = await debianRelease()
    served = await serveDebian({
      config: 'ipv6: { prefix: "fd77::/64", range: "fd77::100-fd77::1ff" }',
      prepare: async (lab) => {
        await lab.run('ip', ['address', 'add', 'fd77::1/64', 'dev', 'br0', 'nodad'])
        await lab.run('ip', ['address', 'add', '10.77.0.53/24', 'dev', 'br0']) // the name server of the leases
        const names = ['--no-hosts', '--no-resolv', '--address=/files.lab.example/10.77.0.1']
        lab.spawn('dnsmasq', [
          '--no-daemon',
          '--user=root',
          '--bind-interfaces',
          '--listen-address=10.77.0.53',
          ...names,
        ])
      },
    })
    const tries = TRIED.map(([words]) => `${words.replaceAll('DIGEST', digest)}\n`).join('')
    await using pc = await bootDirectly(served, {
      name: 'tries',
      parts: (files) => withFiles(files, { 'netroot/lib/zz-tries.sh': TRIES, 'netroot/tries': tries }),
    })
    await pc.console.waitFor('tries: done', { timeoutMs: 200_000 })
    seen = [...pc.console.text.replaceAll('\r', '').matchAll(/^try \d+: (.*)$/gm)].map(([, line = '']) => line)
  },
  { timeout: 240_000 },
)
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('every form of root=, and every option, is mounted by the kernel or named with what to do [HT34] [AW47]', () => {
  assert.equal(seen.length, TRIED.length)
  const wrong = TRIED.flatMap(([words, wanted], at) => (wanted.test(seen[at] ?? '') ? [] : [{ words, is: seen[at] }]))
  assert.deepEqual(wrong, [])
})
