import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cachedPages } from './page-cache.ts'
import { run } from './run.ts'
import { withoutColdPages } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'netroot-pages-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'file')

const skip = await withoutColdPages(directory)

test('cachedPages() tells what is in memory from what a disk has to be asked for', { skip }, async () => {
  writeFileSync(path, Buffer.alloc(100_000, 1), { flush: true })
  const fd = openSync(path, 'r')
  const pages = cachedPages(fd, 100_000)
  readSync(fd, Buffer.alloc(100_000), 0, 100_000, 0)
  assert.ok(pages !== undefined)
  assert.equal(pages.has(0, 100_000), true)
  await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']) // out of memory with it
  assert.equal(pages.has(0, 100_000), false)
  assert.equal(pages.has(50_000, 10), false)
  readSync(fd, Buffer.alloc(10), 0, 10, 50_000)
  assert.equal(pages.has(50_000, 10), true)
  assert.equal(pages.has(99_999, 2), false, 'behind the end')
  pages.close()
  assert.equal(pages.has(50_000, 10), false, 'closed')
  closeSync(fd)
})

test('cachedPages() cannot tell of an empty file', () => {
  const fd = openSync('/dev/null', 'r')
  assert.equal(cachedPages(fd, 0), undefined)
  closeSync(fd)
})
