import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type VerifierFile, WriteVerifier } from './write-verifier.ts'

class KeptText implements VerifierFile {
  text: string | undefined
  verifier(): string | undefined {
    return this.text
  }
  putVerifier(text: string): void {
    this.text = text
  }
  dropVerifier(): void {
    this.text = undefined
  }
}

const [KERNEL, OTHER] = ['6f1c0000-0000-4000-8000-000000000001', '6f1c0000-0000-4000-8000-000000000002']

test('WriteVerifier is the same in the next run on the same kernel, and another on another kernel', async () => {
  const file = new KeptText()
  const { bytes } = await WriteVerifier.open(file, async () => KERNEL)
  assert.equal(bytes.byteLength, 8)
  assert.deepEqual((await WriteVerifier.open(file, async () => KERNEL)).bytes, bytes)
  const elsewhere = await WriteVerifier.open(file, async () => OTHER)
  assert.notDeepEqual(elsewhere.bytes, bytes)
  // back again: what the first host had not on its disk may be lost
  assert.notDeepEqual((await WriteVerifier.open(file, async () => KERNEL)).bytes, bytes)
})

test('WriteVerifier changes when the disk has lost something, for the next run as well', async () => {
  const file = new KeptText()
  const first = await WriteVerifier.open(file, async () => KERNEL)
  const before = first.bytes
  await first.lost()
  assert.notDeepEqual(first.bytes, before)
  const next = await WriteVerifier.open(file, async () => KERNEL)
  assert.notDeepEqual(next.bytes, before)
})

test('WriteVerifier is drawn anew where nothing is kept, what is kept is damaged, or the kernel has no name', async () => {
  assert.notDeepEqual((await WriteVerifier.open(undefined)).bytes, (await WriteVerifier.open(undefined)).bytes)
  const file = new KeptText()
  file.text = `${KERNEL} 01020304`
  await WriteVerifier.open(file, async () => KERNEL)
  assert.match(file.text, /^6f1c\S+ [0-9a-f]{16}$/)
  const nameless = await WriteVerifier.open(file, async () => undefined)
  assert.notEqual(file.text, `${KERNEL} ${Buffer.from(nameless.bytes).toString('hex')}`)
})
