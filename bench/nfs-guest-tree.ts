import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../src/sys/run.ts'

const MIB = 2 ** 20
const LOAD_SCRIPT = fileURLToPath(new URL('nfs-guest-load.sh', import.meta.url))

export const BIG_MIB = 256
export const MANY_FILES = 20_000
export const SMALL_FILES = 4000
/** Real files of Debian in the package that is unpacked and installed. */
export const PACKAGE_FILES = 600

/** One tree as a directory, as an archive, and on a disk for the machine; the package lies on the disk alone. */
export interface GuestTree {
  readonly directory: string
  readonly tar: string
  readonly disk: string
}

/**
 * Makes it.
 *
 * @param release a Debian, unpacked: where the package's files come from
 */
export async function guestTree(directory: string, release: string): Promise<GuestTree> {
  const [tree, tar, disk] = [join(directory, 'tree'), join(directory, 'tree.tar'), join(directory, 'data')]
  for (const name of ['many', 'small']) await mkdir(join(tree, name), { recursive: true })
  await writeBig(join(tree, 'big'))
  for (let at = 0; at < MANY_FILES; at += 1) await writeFile(join(tree, 'many', `f${at}`), '')
  for (let at = 0; at < SMALL_FILES; at += 1) await writeFile(join(tree, 'small', `f${at}`), randomBytes(4000))
  await run('tar', ['-C', tree, '--format=pax', '-cf', tar, '.'])
  await makeDisk(directory, tree, disk, release)
  return { directory: tree, tar, disk }
}

async function writeBig(path: string): Promise<void> {
  await using big = await open(path, 'w')
  for (let at = 0; at < BIG_MIB; at += 1) await big.write(randomBytes(MIB))
}

async function makeDisk(directory: string, tree: string, disk: string, release: string): Promise<void> {
  const content = join(directory, 'content')
  await mkdir(content)
  await run('cp', ['-a', tree, join(content, 'tree')])
  await copyFile(LOAD_SCRIPT, join(content, 'load.sh'))
  await makePackage(directory, release, join(content, 'package.deb'))
  await writeFile(disk, '')
  await truncate(disk, 1024 * MIB)
  await run('mkfs.ext4', ['-q', '-N', '60000', '-d', content, disk])
  await run('rm', ['-rf', content])
}

/** Files of the release's /usr as they are, in a package without scripts. */
async function makePackage(directory: string, release: string, deb: string): Promise<void> {
  const root = join(directory, 'package')
  await mkdir(join(root, 'DEBIAN'), { recursive: true })
  const fields = ['Package: netroot-bench', 'Version: 1', 'Architecture: all', 'Maintainer: a <a@b.example>']
  await writeFile(join(root, 'DEBIAN/control'), `${[...fields, 'Description: files of Debian'].join('\n')}\n`)
  const some = `cd "$0" && find usr/lib usr/share -xdev -type f -size -200k | sort | awk 'NR % 7 == 0' | head -n "$1" |
    tar -cf - -T - | tar -C "$2" -xf -`
  await run('sh', ['-c', some, release, String(PACKAGE_FILES), root])
  await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-b', root, deb])
}
