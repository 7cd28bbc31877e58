import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from './failure.ts'
import { parseExport } from './serve-nfs-words.ts'

const from = (address: string) => ({ address, port: 700 })
const refused = (words: RegExp) => (error: unknown) => error instanceof UsageError && words.test(error.message)

test('parseExport() reads name and path, and grants reading to all', () => {
  const { name, path, writes, policy } = parseExport('root=/srv/a=b,c')
  assert.deepEqual([name, path, writes], ['root', '/srv/a=b,c', false])
  const grant = policy(from('192.0.2.1'))
  assert.deepEqual([grant?.writes, grant?.squash, grant?.sync], [false, 'none', true])
})

test('parseExport() takes the words of exports(5) from the end', () => {
  const { path, policy } = parseExport('home=/srv/x,y,rw,all_squash,anonuid=1000,anongid=100,async,no_subtree_check')
  assert.equal(path, '/srv/x,y')
  const wanted = { writes: true, squash: 'all', anonymous: { uid: 1000, gid: 100 }, sync: false }
  assert.deepEqual(policy(from('192.0.2.1')), wanted)
  assert.equal(parseExport('a=/srv,rw').policy(from('192.0.2.1'))?.squash, 'root')
  assert.equal(parseExport('a=/srv', true).writes, true)
  assert.equal(parseExport('a=/srv,ro', true).writes, false)
})

test('parseExport() limits an export to machines and networks [HT20]', () => {
  const { policy } = parseExport('a=/srv,ro,no_root_squash,client=10.0.0.0/24,client=10.1.0.7,client=fd00::/64')
  for (const address of ['10.0.0.1', '10.0.0.255', '10.1.0.7', '::ffff:10.0.0.9', 'fd00::5']) {
    assert.equal(policy(from(address))?.squash, 'none', address)
  }
  for (const address of ['10.0.1.1', '10.1.0.8', 'fd00:1::5', '::ffff:10.0.1.9', 'unknown', '']) {
    assert.equal(policy(from(address)), undefined, address)
  }
})

test('parseExport() wants no_root_squash said twice where more than one machine may write [HT21] [AW28]', () => {
  const more = ['', ',client=10.0.0.0/24', ',client=10.0.0.1,client=10.0.0.2', ',client=10.0.0.0/32']
  for (const clients of more) {
    const spec = `a=/srv,rw,no_root_squash${clients}`
    assert.throws(() => parseExport(spec), refused(/write no_root_squash twice/), spec)
    assert.equal(parseExport(`${spec},no_root_squash`).writes, true)
  }
  assert.equal(
    parseExport('a=/srv,rw,no_root_squash,no_subtree_check,client=10.0.0.1').policy(from('10.0.0.1'))?.squash,
    'none',
  )
  assert.throws(() => parseExport('a=/srv,no_root_squash', true), refused(/twice/))
})

test('parseExport() says what is wrong with an export', () => {
  assert.throws(() => parseExport('nothing'), refused(/want NAME=DIRECTORY/))
  assert.throws(() => parseExport('..=/srv'), refused(/want NAME=DIRECTORY/))
  assert.throws(() => parseExport('a=/srv,client=pc5'), refused(/"pc5" is no client, want an address or a network/))
  assert.throws(() => parseExport('a=/srv,client=10.0.0.0/33'), refused(/no client/))
  assert.throws(() => parseExport('a=/srv,anonuid=me'), refused(/anonuid is "me", want a number/))
})
