import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf } from './matrix-reporter.ts'

test('pageOf() counts what failed, keeps the order, and no name breaks a table', () => {
  const page = pageOf([
    { file: 'test/vm/a.test.ts', name: 'boots | once', passed: true, seconds: 61.4 },
    { file: 'test/matrix/b.test.ts', name: 'boots sid', passed: false, seconds: 60 },
    { file: 'test/vm/a.test.ts', name: 'boots twice', passed: true, seconds: 2 },
  ])
  assert.match(page, /: 2 passed, 1 failed, 2 minutes\.$/m)
  assert.match(page, /^\| boots \\\| once \| yes \| 61 \|$/m)
  assert.match(page, /^\| boots sid \| \*\*no\*\* \| 60 \|$/m)
  const [first, second, third] = ['boots \\| once', 'boots twice', 'boots sid'].map((name) => page.indexOf(name))
  assert.ok((first ?? 0) < (second ?? 0) && (second ?? 0) < (third ?? 0))
})
