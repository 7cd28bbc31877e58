import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMac } from '../net/mac.ts'
import { whyNotOn } from './processor.ts'

const mac = parseMac('52:54:00:00:00:01')

test('whyNotOn() refuses a 64-bit kernel to a processor without that mode [FB40]', () => {
  assert.match(whyNotOn({ mac, is64Bit: false }, 'amd64') ?? '', /no 64-bit mode.*image for i386/)
  assert.match(whyNotOn({ mac, architecture: 0, is64Bit: false }, 'amd64') ?? '', /no 64-bit mode/)
  for (const machine of [{ mac, is64Bit: true }, { mac }, { mac, architecture: 0 }])
    assert.equal(whyNotOn(machine, 'amd64'), undefined)
  assert.equal(whyNotOn({ mac, is64Bit: false }, 'i386'), undefined)
})

test('whyNotOn() knows which kernels each firmware starts, and refuses nothing that it does not know', () => {
  assert.match(whyNotOn({ mac, architecture: 11 }, 'amd64') ?? '', /UEFI ARM64, .* image for arm64/)
  assert.match(whyNotOn({ mac, architecture: 7 }, 'i386') ?? '', /image for amd64/)
  for (const [architecture, kernel] of [
    [6, 'amd64'],
    [16, 'amd64'],
    [27, 'riscv64'],
    [7, 'unknown'],
    [41, 'arm64'],
  ] as const)
    assert.equal(whyNotOn({ mac, architecture }, kernel), undefined)
})
