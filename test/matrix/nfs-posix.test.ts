import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { NETROOT } from '../support/netroot.ts'
import { bootDirectly } from '../vm/direct.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed } from '../vm/served.ts'

/*
 * What programs may expect of a file system, asked of netroot's exports through the kernel's client and of the machine's own
 * memory: test/support/posix.pl must say the same of both.
 */

const SCRIPT = fileURLToPath(new URL('../support/posix.pl', import.meta.url))
const PORT = 2050
let served: ServedLab
let session: Session
let work: string
let address: string
let local: ReadonlyMap<string, string>

before(async () => {
  served = await serveDebian()
  work = join(served.lab.directory, 'exports')
  for (const name of ['tools', 'home', 'squashed', 'full']) await mkdir(join(work, name), { recursive: true })
  await copyFile(SCRIPT, join(work, 'tools/posix.pl'))
  for (const tool of ['setfattr', 'getfattr']) await copyFile(`/usr/bin/${tool}`, join(work, 'tools', tool))
  const pc = await bootDirectly(served, { name: 'posix', memoryMiB: 1024, cpus: 2 })
  await eventOf(served, 'report.alive')
  address = (await eventOf(served, 'dhcp.ack')).address
  const mine = `rw,client=${address}`
  const words = [
    `tools=${work}/tools,ro`,
    `home=${work}/home,${mine},no_root_squash`,
    `others=${work}/home,rw,client=10.77.0.250,no_root_squash`,
    `squashed=${work}/squashed,${mine}`,
    `all=${work}/squashed,${mine},all_squash,anonuid=1234,anongid=77`,
    `read=${work}/home,ro`,
    `full=${work}/full,${mine},no_root_squash`,
  ]
  // The small file system is in a mount namespace of the server's own.
  const script = 'mount -t tmpfs -o size=2m,nr_inodes=60 tmpfs "$0"; exec "$@"'
  const listen = ['serve', 'nfs', ...words, '--listen', `10.77.0.1:${PORT}`]
  served.lab.spawn('unshare', ['-m', 'sh', '-c', script, join(work, 'full'), NETROOT, ...listen])
  session = await Session.login(pc)
  await mount('tools', '4.2')
  await session.run('mkdir -p /mnt/local && mount -t tmpfs tmpfs /mnt/local; export TOOLS=/mnt/tools')
  local = await ask('/mnt/local', 'old hole lock xattr')
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

type Version = '3' | '4.0' | '4.1' | '4.2'

/** Mounts an export on /mnt/NAME; what mount said if it could not. */
async function mount(name: string, version: Version, options = ''): Promise<string> {
  // There is no mount.nfs in the release: the kernel is told what that would find out.
  const v3 = version === '3' ? `,nolock,proto=tcp,mountport=${PORT},mountproto=tcp` : ',clientaddr=0.0.0.0'
  const words = `addr=10.77.0.1,vers=${version},port=${PORT}${v3}${options}`
  return await session.run(
    `mkdir -p /mnt/${name}; mount -t nfs -o ${words} 10.77.0.1:/${name} /mnt/${name} 2>&1 || true`,
  )
}

/** What the script says of a directory, by the names of its parts. */
async function ask(directory: string, also: string): Promise<ReadonlyMap<string, string>> {
  const said = await session.run(`timeout 300 perl /mnt/tools/posix.pl ${directory} ${also} 2>&1`, {
    timeoutMs: BOOT_MS,
  })
  return new Map(said.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line]))
}

const EVERYTHING: readonly (readonly [Version, string])[] = [
  ['3', ''], // its times begin in 1970; it has no locks here, no holes, no attributes
  ['4.2', 'old hole lock xattr'],
]
for (const [version, also] of EVERYTHING) {
  test(`an export mounted with version ${version} is to programs as a file system of the machine's own`, {
    timeout: BOOT_MS,
  }, async () => {
    assert.equal(await mount('home', version), '')
    const found = await ask('/mnt/home', also)
    await session.run('umount /mnt/home')
    assert.ok(found.size >= 16, [...found.values()].join('\n'))
    for (const [part, line] of found) {
      const wanted = local.get(part)
      // There every process keeps its own hour: times before 1970 are asked of later versions alone.
      if (part === 'times' && version === '3') assert.equal(line, wanted?.replace(' ok -5/-7', ''))
      else assert.equal(line, wanted)
    }
  })
}

test('whose rights count is what the export says: nobody for root, nobody for all, root for root [HT20]', {
  timeout: BOOT_MS,
}, async () => {
  for (const name of ['squashed', 'home']) await chmod(join(work, name), 0o1777)
  const asUser = 'setpriv --reuid 1000 --regid 1000 --clear-groups'
  for (const version of ['3', '4.2'] as const) {
    for (const name of ['squashed', 'all', 'home']) assert.equal(await mount(name, version), '')
    const said = await session.run(
      [
        `for d in squashed all home; do cd /mnt/$d; : > root-$d; ${asUser} sh -c ": > user-$d"; stat -c %u:%g root-$d user-$d`,
        'chown 5 user-$d 2>&1 | grep -o "not permitted"; cd /; umount /mnt/$d; done',
      ].join('; '),
    )
    const wanted = '65534:65534 1000:1000 not permitted 1234:77 1234:77 not permitted 0:0 1000:1000'
    assert.equal(said.split(/\s+/).join(' '), wanted)
    for (const name of ['squashed', 'home']) {
      for (const made of await readdir(join(work, name))) await rm(join(work, name, made))
    }
  }
})

test('a disk that is full, or has room for no more files, is told to the program that writes, and goes on once there is room', {
  timeout: BOOT_MS,
}, async () => {
  for (const version of ['3', '4.2'] as const) {
    assert.equal(await mount('full', version), '')
    const said = await session.run(
      [
        'cd /mnt/full; dd if=/dev/zero of=a bs=64k count=64 conv=fsync 2>&1 | grep -o "No space left on device"; echo kept > b 2>/dev/null; rm -f a b',
        'for i in $(seq 80); do : > f$i || break; done 2>&1 | grep -o "No space left on device"; rm -f f*',
        'dd if=/dev/zero of=a bs=64k count=16 conv=fsync 2>/dev/null && stat -c %s a; rm a; cd /; umount /mnt/full',
      ].join('; '),
    )
    assert.deepEqual(said.split(/\s*\n/), ['No space left on device', 'No space left on device', '1048576'])
  }
})

test('an export is refused to a machine it is not for, and writing to one that may only read', {
  timeout: BOOT_MS,
}, async () => {
  for (const version of ['3', '4.2'] as const)
    assert.match(await mount('others', version), /Couldn't follow remote path|cannot mount/)
  for (const version of ['3', '4.2'] as const) {
    assert.equal(await mount('read', version), '')
    const said = await session.run('(: > /mnt/read/x) 2>&1 | grep -o "Read-only file system"; umount /mnt/read')
    assert.equal(said, 'Read-only file system')
  }
  assert.deepEqual(await readdir(join(work, 'home')), [])
})
