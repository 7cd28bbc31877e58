import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { bootDirectly } from '../vm/direct.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed } from '../vm/served.ts'

/* The kernel's client writes into a directory, and into a Debian release with a directory of its own above it. */

const PORT = 2050
let served: ServedLab
let session: Session
let home: string
let keep: string

before(async () => {
  served = await serveDebian()
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  home = join(served.lab.directory, 'home')
  keep = join(served.lab.directory, 'keep')
  await mkdir(home)
  const words = 'rw,no_root_squash,client=10.77.0.0/24,no_root_squash'
  const exports = [`home=${home},${words}`, `keep=${release.tar},${words},upper=${keep}`]
  served.lab.spawn(NETROOT, ['serve', 'nfs', ...exports, '--listen', `10.77.0.1:${PORT}`])
  const pc = await bootDirectly(served, { name: 'writer', memoryMiB: 1024, cpus: 2 })
  await eventOf(served, 'report.alive')
  session = await Session.login(pc)
  await session.run('mkdir -p /mnt/home /mnt/keep')
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

const mount = async (name: string, version: '3' | '4.2'): Promise<void> => {
  // There is no mount.nfs in the release: the kernel is told what that would find out.
  const v3 = version === '3' ? `,nolock,proto=tcp,mountport=${PORT},mountproto=tcp` : ',clientaddr=0.0.0.0'
  await session.run(
    `mount -t nfs -o addr=10.77.0.1,vers=${version},port=${PORT}${v3} 10.77.0.1:/${name} /mnt/${name} && echo mounted`,
  )
}

/** What a program may expect of a file system; each line says what it saw. */
const PLAIN = [
  'set -e',
  'cd /mnt/home',
  'rm -rf * .[!.]*',
  'cp -a /etc copy && diff -r --no-dereference /etc copy && echo copied',
  'exec 7< copy/passwd; rm copy/passwd; head -c 4 <&7; echo; exec 7<&-',
  'ln copy/group g && stat -c %h g && mv g copy/moved && rm copy/moved && stat -c %h copy/group',
  'mkfifo f && mknod n c 1 3 && echo x > n && ln -s /nowhere s && stat -c %F f n s',
  'touch -d @1707055890.123456789 t && stat -c %.9Y t',
  'mkdir -m 1777 sticky && stat -c %a sticky && truncate -s 5G sparse && stat -c %s:%b sparse',
  'for i in $(seq 500); do : > d$i; done; ls | grep -c ^d; rm d*; ls | grep -c ^d || true',
  'dd if=/dev/urandom of=big bs=1M count=24 conv=fsync status=none; md5sum < big > sum; echo 3 > /proc/sys/vm/drop_caches; md5sum < big | cmp - sum && echo same',
  'cd /; rm -rf /mnt/home/copy && ls /mnt/home',
].join('; ')
const SEEN = [
  'copied root 2 1 fifo character special file symbolic link',
  '1707055890.123456789 1777 5368709120:0 500 0 same big f n s sparse sticky sum t',
].join(' ')

for (const version of ['3', '4.2'] as const) {
  test(`the kernel's client of version ${version} finds a directory as a local one`, { timeout: BOOT_MS }, async () => {
    await mount('home', version)
    const seen = await session.run(`( ${PLAIN} ) 2>&1`, { timeoutMs: BOOT_MS })
    assert.equal(seen.split(/\s+/).join(' ').trim(), SEEN)
    await session.run('umount /mnt/home')
  })
}

test('a package is built, installed and removed in a release that keeps what is written [JS6]', {
  timeout: BOOT_MS,
}, async () => {
  await mount('keep', '3')
  const script = [
    'set -e',
    'mkdir -p /tmp/p/DEBIAN /tmp/p/usr/lib/tried && echo content > /tmp/p/usr/lib/tried/file',
    "printf 'Package: tried\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: tried\\n' > /tmp/p/DEBIAN/control",
    'dpkg-deb -b /tmp/p /mnt/keep/root/tried.deb > /dev/null',
    'chroot /mnt/keep dpkg -i /root/tried.deb > /dev/null',
    "chroot /mnt/keep dpkg-query -W -f '${Status}\\n' tried",
    'cat /mnt/keep/usr/lib/tried/file',
    'chroot /mnt/keep dpkg -r tried > /dev/null',
    'test ! -e /mnt/keep/usr/lib/tried && echo gone',
  ].join('; ')
  const seen = await session.run(`( ${script} ) 2>&1`, { timeoutMs: BOOT_MS })
  assert.match(seen, /^install ok installed\s+content\s+gone\s*$/)
  assert.ok((await readdir(join(keep, 'upper/var/lib/dpkg'))).includes('status'))
  await session.run('umount /mnt/keep')
})
