import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { textFile, writeCpio } from '../formats/cpio/write.ts'
import { compressArchive } from './compress.ts'
import { inspectInitramfs } from './inspect.ts'
import { joinParts } from './join.ts'
import { temporaryDirectory } from './testing.ts'

const archive = (name: string): Buffer => Buffer.concat(writeCpio([textFile(name, `${name}\n`.repeat(1000))]))

test('inspectInitramfs() takes joined archives apart, each compressed in its own way', async () => {
  await using directory = await temporaryDirectory()
  const parts = [
    archive('plain'),
    await compressArchive(archive('zstd'), 'zstd'),
    gzipSync(archive('gzip')),
    await compressArchive(archive('xz'), 'xz'),
    archive('last'),
  ]
  const paths = parts.map((_, at) => join(directory.path, String(at)))
  await Promise.all(paths.map((path, at) => writeFile(path, parts[at] ?? '')))
  await joinParts(paths, join(directory.path, 'whole'))
  const segments = await inspectInitramfs(await readFile(join(directory.path, 'whole')))
  assert.deepEqual(
    segments.map(({ compression, size, entries }) => [compression, size, entries.map(({ name }) => name)]),
    [
      ['none', parts[0]?.byteLength, ['plain']],
      ['zstd', parts[1]?.byteLength, ['zstd']],
      ['gzip', parts[2]?.byteLength, ['gzip']],
      ['xz', parts[3]?.byteLength, ['xz']],
      ['none', parts[4]?.byteLength, ['last']],
    ],
  )
  for (const { offset } of segments)
    assert.equal(offset % 4, 0, 'the kernel wants archives that are not compressed there')
})

test('inspectInitramfs() says where something else begins', async () => {
  const bytes = Buffer.concat([archive('a'), Buffer.from('garbage')])
  await assert.rejects(inspectInitramfs(bytes), /Cannot read the archive that begins at byte \d+/)
  await assert.rejects(inspectInitramfs(new Uint8Array(16)), /it is empty/)
  const cut = await compressArchive(archive('a'), 'zstd')
  await assert.rejects(inspectInitramfs(cut.subarray(0, 60)), /begins at byte 0/)
})
