import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ganeshaExport, knfsdExport } from './nfs.ts'

const [A, B] = ['00000001'.padEnd(64, 'a'), '0000c001'.padEnd(64, 'b')]
const releases = [A, B].map((digest) => ({ digest, directory: `/srv/${digest.slice(-1)}` }))
const networks = ['10.0.0.0/24', 'fd77::/64']

test('knfsdExport() lets each network read each release, with handles that are the release and not the disk', () => {
  const { body } = knfsdExport({ releases, networks, port: 2049 })
  const options = String.raw`\(ro,no_root_squash,no_subtree_check,sec=sys,fsid=([0-9a-f-]{36})\)`
  const lines = new RegExp(String.raw`^"/srv/a" 10\.0\.0\.0/24${options} fd77::/64${options}\n"/srv/b" .*\n$`).exec(
    body,
  )
  assert.equal(lines?.[1], lines?.[2])
  const moved = knfsdExport({ releases: [{ digest: A, directory: '/mnt' }], networks: ['10.0.0.0/24'], port: 2049 })
  assert.match(moved.body, new RegExp(lines?.[1] ?? 'none'))
})

test('knfsdExport() of nothing is an empty file', () => {
  assert.equal(knfsdExport({ releases: [], networks, port: 2049 }).body, '')
})

test('ganeshaExport() gives a release the same number whatever is beside it, since file handles hold it', () => {
  const ids = (list: typeof releases): string[] =>
    [...ganeshaExport({ releases: list, networks, port: 2049 }).body.matchAll(/Export_Id = (\d+)/g)].map(
      ([, id]) => id ?? '',
    )
  // both digests want the same number: the first keeps it
  assert.deepEqual(ids(releases), ['16385', '16386'])
  assert.deepEqual(ids(releases.slice(0, 1)), ['16385'])
  assert.ok(ids([{ digest: 'f'.repeat(64), directory: '/srv/f' }]).every((id) => Number(id) < 65_536))
})
