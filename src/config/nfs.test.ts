import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './error.ts'
import { parseConfig } from './load.ts'

const HEAD = 'interface: eth1\nrange: 10.0.0.100-10.0.0.199\nprofiles:\n  debian: { image: debian }\n'

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'netroot.yaml')
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').slice(1)
  }
}

test('nfs: is one word, or says more of a server; without it netroot serves NFS itself', () => {
  const nfs = (text: string) => parseConfig(HEAD + text, 'netroot.yaml').config.nfs
  assert.deepEqual(nfs(''), { server: 'embedded', port: 2049 })
  assert.deepEqual(nfs('nfs: ganesha'), { server: 'ganesha', port: 2049 })
  assert.deepEqual(nfs('nfs: { server: kernel, directory: /srv/netroot, reload: ssh nas exportfs -ra }'), {
    server: 'kernel',
    port: 2049,
    directory: '/srv/netroot',
    reload: ['ssh', 'nas', 'exportfs', '-ra'],
  })
  assert.deepEqual(nfs('nfs: { server: kernel, reload: none }').reload, [])
  assert.deepEqual(nfs(`nfs: { server: kernel, reload: 'sh -c "cp a b && exportfs -ra"' }`).reload, [
    'sh',
    '-c',
    'cp a b && exportfs -ra',
  ])
  assert.deepEqual(nfs('nfs: { server: kernel, reload: [ssh, nas, cp a b] }').reload, ['ssh', 'nas', 'cp a b'])
})

test('nfs: that does not fit is refused with its line', () => {
  assert.deepEqual(problemsOf(`${HEAD}nfs: knfsd`), [
    'netroot.yaml:5:6: nfs: found "knfsd", want embedded, kernel or ganesha',
  ])
  assert.deepEqual(problemsOf(`${HEAD}nfs: { server: kernel, dir: /srv }`), [
    'netroot.yaml:5:24: found the unknown key "dir", want one of server, directory, path, address, port, file, reload',
  ])
  const embedded = problemsOf(`${HEAD}nfs: { server: embedded, directory: /srv, port: 2050 }`)
  assert.match(embedded[0] ?? '', /^netroot\.yaml:5:26: directory: is for server: kernel and server: ganesha/)
  assert.match(embedded[1] ?? '', /^netroot\.yaml:5:43: port: is another server's; want ports: /)
  assert.deepEqual(problemsOf(`${HEAD}nfs: { server: kernel, directory: "/srv/a b" }`), [
    'netroot.yaml:5:24: directory: found "/srv/a b", want a path that begins with a slash, of letters, digits and ._+@=~- only',
  ])
  assert.match(problemsOf(`${HEAD}nfs: { server: kernel, path: /srv }`)[0] ?? '', /:24: path: needs directory:/)
  assert.match(problemsOf(`${HEAD}nfs: { server: kernel, address: 10.0.0.9 }`)[0] ?? '', /address: .*, want file: too/)
})

test('rpcbind: belongs to the NFS server that is used', () => {
  assert.deepEqual(problemsOf(`${HEAD}nfs: ganesha\nrpcbind: true\n`), [
    "netroot.yaml:6:1: rpcbind: is for netroot's own NFS server, and nfs: names another, which registers itself; take one of them out",
  ])
})

test('writes: keep needs a port of its own beside another NFS server', () => {
  const text = `${HEAD}  office: { inherit: debian, writes: keep }\ndefault: debian\nnfs: kernel\n`
  assert.deepEqual(problemsOf(text), [
    'netroot.yaml:5:38: writes: keep is served by netroot itself, and its port 2049 is that of nfs: kernel; want another in ports:, such as nfs: 2050, or writes: discard',
  ])
  assert.deepEqual(problemsOf(`${text}ports: { nfs: 2050 }\n`), [])
  assert.deepEqual(problemsOf(text.replace('nfs: kernel', 'nfs: embedded')), [])
})
