import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { WireError } from '../wire/error.ts'
import { hex } from '../wire/hex.ts'
import { decompress, detectCompression } from './compression.ts'
import { xzContentSize } from './xz.ts'
import { zstdFrameLength } from './zstd.ts'

test('detectCompression() knows what the kernel knows', () => {
  const magics = {
    gzip: '1f8b08',
    zstd: '28b52ffd',
    xz: 'fd377a585a00',
    bzip2: '425a68',
    lz4: '02214c18',
    none: '3037',
  }
  for (const [name, magic] of Object.entries(magics)) assert.equal(detectCompression(hex(magic)), name)
})

test('decompress() gives back gzip, zstd and plain bytes, and names what it cannot', async () => {
  const bytes = Buffer.from('hello hello hello')
  for (const packed of [gzipSync(bytes), zstdCompressSync(bytes), bytes])
    assert.deepEqual(await decompress(packed), bytes)
  await assert.rejects(decompress(hex('fd377a585a0000')), /Cannot decompress xz here, want gzip or zstd/)
})

/** `printf 'hello\n' | xz --check=crc32`, The .xz File Format 1.2. */
const XZ = hex(
  [
    'fd377a585a00 0001 6922de36', // stream header: magic, flags (CRC32), CRC32
    '020021011600 0000 742fe5a3', // block header: LZMA2, padding, CRC32
    '010005 68656c6c6f0a 00 0000 20303a36', // a chunk of 6 bytes, its end, padding, CRC32 of the content
    '00 01 1a06 c5eac879', // index: one record: 26 bytes in the file, 6 out of it; CRC32
    '9042990d 01000000 0001 595a', // footer: CRC32, (size of the index / 4) - 1, flags, YZ
  ].join(''),
)

test('xzContentSize() reads the index at the end', () => {
  assert.equal(xzContentSize(XZ), 6)
  assert.throws(() => xzContentSize(XZ.subarray(0, 40)), WireError)
  assert.throws(() => xzContentSize(new Uint8Array(3)), /it may be cut/)
})

test('zstdFrameLength() finds the end of a frame, whatever follows', () => {
  const options = fc.record({ level: fc.integer({ min: 1, max: 5 }), checksum: fc.boolean(), pledged: fc.boolean() })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5000 }),
      options,
      fc.uint8Array(),
      (bytes, { level, checksum, pledged }, more) => {
        const params = {
          [constants.ZSTD_c_compressionLevel]: level,
          [constants.ZSTD_c_checksumFlag]: Number(checksum),
          [constants.ZSTD_c_contentSizeFlag]: Number(pledged),
        }
        const frame = zstdCompressSync(bytes, { params })
        assert.equal(zstdFrameLength(Buffer.concat([frame, more])), frame.byteLength)
      },
    ),
  )
})

test('zstdFrameLength() reads every form of the frame header', () => {
  const block = '010000' // the last one, raw, empty
  const headers = {
    'window, no size': '00 58',
    'single segment, size in 1 byte': '20 00',
    'window, size in 2 bytes': '40 58 0000',
    'window, dictionary id of 4 bytes, size in 4': '83 58 00000001 00000000',
    'window, size in 8 bytes, checksum': 'c4 58 0000000000000000',
  }
  for (const [form, header] of Object.entries(headers)) {
    const frame = hex(`28b52ffd ${header} ${block} ${form.includes('checksum') ? '51d8e999' : ''}`)
    assert.equal(zstdFrameLength(Buffer.concat([frame, hex('ffff')])), frame.byteLength, form)
  }
})

test('zstdFrameLength() counts blocks of one repeated byte, and says when a frame is cut', () => {
  const frame = zstdCompressSync(Buffer.alloc(3_000_000))
  assert.equal(zstdFrameLength(frame), frame.byteLength)
  for (let length = 0; length < frame.byteLength; length++)
    assert.throws(() => zstdFrameLength(frame.subarray(0, length)), WireError)
})
