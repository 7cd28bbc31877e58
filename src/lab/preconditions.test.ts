import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainNoNamespace, explainTun } from './preconditions.ts'

const failed = (code: string): Error => Object.assign(new Error(code), { code })

test('explainTun() says how to get the device, by what is wrong with it', () => {
  assert.match(
    explainTun('/dev/net/tun', failed('ENOENT')),
    /\/dev\/net\/tun is not there.*modprobe tun.*mknod \/dev\/net\/tun c 10 200/,
  )
  assert.match(explainTun('/dev/net/tun', failed('EACCES')), /no permission to open \/dev\/net\/tun.*chmod 666/)
  assert.match(explainTun('/dev/net/tun', failed('ENODEV')), /no tun driver.*modprobe tun/)
  assert.match(explainTun('/dev/net/tun', failed('EIO')), /cannot be opened \(EIO\)/)
})

test('explainNoNamespace() names the setting of the kernel that forbids it', () => {
  const text = explainNoNamespace(
    'unshare: unshare failed: Operation not permitted\n',
    new Map([
      ['user.max_user_namespaces', '96365'],
      ['kernel.unprivileged_userns_clone', '0'],
    ]),
  )
  assert.match(text, /Operation not permitted\. The kernel forbids it by kernel.unprivileged_userns_clone = 0/)
  assert.match(text, /sysctl -w kernel.unprivileged_userns_clone=1$/)
})

test('explainNoNamespace() says what it knows where no setting is guilty', () => {
  assert.match(explainNoNamespace('', new Map()), /unshare failed\. Run it as root/)
})
