import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nfsRootUrl } from '../boot/nfs-root.ts'
import type { OtherNfs } from '../config/nfs.ts'
import { hasRootExport, nfsServerExport, nfsServerPlan, nfsServerRoots } from './nfs-settings.ts'

const KERNEL: OtherNfs = { server: 'kernel', port: 2049 }
const RELEASE = { digest: 'ab'.repeat(32), directory: `/srv/netroot/${'ab'.repeat(32)}` }

const urls = (nfs: OtherNfs, hasOwnRoot = false): string[] =>
  nfsServerRoots(nfs, RELEASE, '10.0.0.1', hasOwnRoot).map(nfsRootUrl)

test('nfsServerRoots() names no port where the machine is to ask rpcbind, and the path that each server has', () => {
  assert.deepEqual(urls(KERNEL), [`nfs://10.0.0.1${RELEASE.directory}?vers=4.2/4.1/4.0/3`])
  assert.deepEqual(urls({ ...KERNEL, server: 'ganesha' }), [`nfs://10.0.0.1/release/${RELEASE.digest}?vers=4.1/4.0/3`])
})

test('nfsServerRoots() leaves version 3 out where the port is another, as MOUNT is not on it', () => {
  const url = `nfs://10.0.0.1:2050/release/${RELEASE.digest}?vers=4.1/4.0`
  assert.deepEqual(urls({ server: 'ganesha', port: 2050 }), [url])
})

test('nfsServerRoots() goes by version 3 where paths of version 4 begin at an export of somebody else', () => {
  assert.deepEqual(urls(KERNEL, true), [`nfs://10.0.0.1${RELEASE.directory}?vers=3`])
  const etab = '/srv\t10.0.0.0/24(ro,sync,no_subtree_check,fsid=0,anonuid=65534,sec=sys,ro)\n'
  assert.equal(hasRootExport(etab), true)
  assert.equal(hasRootExport(etab.replace('fsid=0', 'fsid=00000000-1111-2222-3333-444444444444')), false)
})

test('another host has the directory by a name of its own, and is told nothing by a command of this one', () => {
  const nfs: OtherNfs = { ...KERNEL, address: '10.0.0.2', directory: '/srv/netroot/', path: '/export', file: '/srv/x' }
  assert.deepEqual(urls(nfs), [`nfs://10.0.0.2/export/${RELEASE.digest}?vers=4.2/4.1/4.0/3`])
  assert.match(nfsServerExport(nfs, [RELEASE], ['10.0.0.0/24']).body, /^"\/export\/(?:ab){32}" 10\.0\.0\.0\/24\(ro,/)
  const { file, reload, isRemote } = nfsServerPlan(nfs)
  assert.deepEqual({ file, reload, isRemote }, { file: '/srv/x', reload: [], isRemote: true })
  assert.deepEqual(nfsServerPlan(KERNEL).reload, ['exportfs', '-ra'])
})
