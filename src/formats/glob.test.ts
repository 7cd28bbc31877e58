import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globRegExp } from './glob.ts'

test('globRegExp() keeps * within a directory and lets ** cross them', () => {
  const cases: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
    ['net/*', 'net/mii', true],
    ['net/*', 'net/ethernet/mii', false],
    ['net/**', 'net/ethernet/intel/e1000/e1000', true],
    ['net/**/e1000', 'net/e1000', true],
    ['net/**/e1000', 'net/intel/e1000', true],
    ['net/**', 'nets/a', false],
    ['net/{usb,wan}/**', 'net/wan/x/y', true],
    ['net/{tun,tap*}', 'net/tap0', true],
    ['net/{tun,tap*}', 'net/tunnel', false],
    ['fs/nfs.v?', 'fs/nfs.v4', true],
    ['fs/nfs.v?', 'fs/nfsxv4', false],
    ['a[12]', 'a2', true],
    ['a[!12]', 'a2', false],
    ['a+b(c)', 'a+b(c)', true],
  ]
  for (const [pattern, path, matches] of cases)
    assert.equal(globRegExp(pattern).test(path), matches, `${pattern} ${path}`)
})

test('globRegExp() says what is not closed', () => {
  assert.throws(() => globRegExp('a/{b'), /Cannot read pattern "a\/{b": { is not closed/)
})
