import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTar } from '../src/formats/tar/feed.ts'
import type { PlacedEntry } from '../src/formats/tar/entry.ts'
import { run } from '../src/sys/run.ts'
import type { LibNfs, OpenFile } from './libnfs.ts'

/** Many small files and links; some large ones. */
const PACKAGES = ['tzdata', 'man-db'] as const
const WRITE_BYTES = 256 * 1024

/**
 * Fetches real packages of Debian. @returns their trees, as archives
 * @throws {CommandError} if they cannot be fetched
 */
export async function fetchPackages(directory: string): Promise<readonly string[]> {
  const place = join(directory, 'packages')
  await mkdir(place)
  await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...PACKAGES], { cwd: place })
  const fetched = (await readdir(place)).filter((name) => name.endsWith('.deb'))
  const toTar = async (name: string): Promise<string> => {
    await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" > "$1"', join(place, name), join(place, `${name}.tar`)])
    return join(place, `${name}.tar`)
  }
  return Promise.all(fetched.map(toTar))
}

/**
 * Unpacks the tree of a package below a new directory as dpkg does: each file under another name with its owner and times,
 * when all are there each to the medium and renamed. Returns how many entries it has.
 */
export function installPackage(mount: LibNfs, root: string, archive: string): number {
  const fd = openSync(archive, 'r')
  try {
    mount.makeDirectory(root, 0o755)
    const read = (target: Uint8Array, position: number): number => readSync(fd, target, 0, target.byteLength, position)
    const entries: PlacedEntry[] = []
    readTar({ size: fstatSync(fd).size, read }, (entry) => void entries.push(entry))
    const waiting = entries.flatMap((entry) => unpackEntry(mount, root, entry, read))
    for (const finish of waiting) finish()
    return entries.length
  } finally {
    closeSync(fd)
  }
}

/** Returns what is left to do when all others are unpacked. */
function unpackEntry(
  mount: LibNfs,
  root: string,
  entry: PlacedEntry,
  read: (target: Uint8Array, position: number) => number,
): (() => void)[] {
  const path = pathIn(root, entry.name)
  const news = `${path}.dpkg-new`
  if (entry.type === 'directory') {
    if (path !== root) mount.makeDirectory(path, entry.mode)
    return []
  }
  if (entry.type === 'symlink') mount.makeSymlink(entry.linkName, news)
  else if (entry.type === 'hardlink') mount.link(`${pathIn(root, entry.linkName)}.dpkg-new`, news)
  else {
    const file = mount.create(news, entry.mode)
    writeContent(mount, file, entry, read)
    mount.close(file)
    mount.setOwner(news, entry.uid, entry.gid)
    mount.setTimes(news, entry.modified.seconds)
    return [() => mount.commit(news), () => mount.rename(news, path)]
  }
  return [() => mount.rename(news, path)]
}

function writeContent(
  mount: LibNfs,
  file: OpenFile,
  { extents }: PlacedEntry,
  read: (target: Uint8Array, position: number) => number,
): void {
  for (const { position, length } of extents) {
    for (let at = 0; at < length; at += WRITE_BYTES) {
      const chunk = Buffer.alloc(Math.min(WRITE_BYTES, length - at))
      read(chunk, position + at)
      mount.write(file, chunk)
    }
  }
}

function pathIn(root: string, name: string): string {
  const steps = name.split('/').filter((step) => step !== '' && step !== '.')
  return [root, ...steps].join('/')
}
