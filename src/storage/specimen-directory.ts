import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, ftruncateSync, linkSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs'
import { bytesOf } from '../wire/bytestring.ts'
import { type Specimen, SPECIMENS } from './conformance.ts'

/** For tests: makes a directory of this host that holds the specimens. */
export function makeSpecimens(root: string): void {
  for (const specimen of SPECIMENS) make(root, specimen)
  // Node's times are doubles; touch sets nanoseconds.
  execFileSync('find', [root, '-exec', 'touch', '-h', '-d', '@1707055890.123456789', '{}', '+'])
}

function make(root: string, specimen: Specimen): void {
  const pathOf = (name: string): Buffer => Buffer.concat([Buffer.from(`${root}/`), bytesOf(name)])
  const path = pathOf(specimen.name)
  if (specimen.type === 'directory') mkdirSync(path, { recursive: true })
  if (specimen.type === 'symlink') symlinkSync(specimen.linkName, path)
  if (specimen.type === 'hardlink') return linkSync(pathOf(specimen.linkName), path)
  if (specimen.type === 'fifo') execFileSync('mkfifo', [path.toString()])
  if (specimen.type === 'file') writeSparse(path, specimen)
  if (specimen.type !== 'symlink') chmodSync(path, specimen.mode)
}

function writeSparse(path: Buffer, { content = new Uint8Array(0), size, runs }: Specimen): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  let stored = 0
  for (const { fileOffset, length } of runs ?? [{ fileOffset: 0, length: size }]) {
    if (length > 0) writeSync(fd, content, stored, length, fileOffset)
    stored += length
  }
  closeSync(fd)
}
