import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTree } from '../storage/memory-tree.ts'
import { findOwnInitramfs } from './own-initramfs.ts'

test('findOwnInitramfs() finds the one of this kernel', async () => {
  const boot = (version: string) => ({ path: `boot/initrd.img-${version}`, content: version })
  const tree = new MemoryTree([{ path: 'boot' }, boot('6.1'), boot('6.12')])
  const source = tree.open(await findOwnInitramfs(tree, '6.12'))
  assert.equal(source.size, 4)
})

test('findOwnInitramfs() says of an image without one how to build it', async () => {
  for (const content of [undefined, '']) {
    const boot = content === undefined ? [] : [{ path: 'boot/initrd.img-6.12', content }]
    await assert.rejects(findOwnInitramfs(new MemoryTree([{ path: 'boot' }, ...boot]), '6.12'), {
      name: 'StoreError',
      message: /^The image has no initramfs of its own for Linux 6\.12, want \/boot\/initrd\.img-6\.12; build it with /,
    })
  }
})
