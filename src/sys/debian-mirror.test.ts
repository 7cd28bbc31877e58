import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type DebianMirror, hostMirror, hostSecurityMirror } from './debian-mirror.ts'

async function mirrorOf(
  files: Readonly<Record<string, string>>,
  read: (directory: string) => Promise<DebianMirror | undefined> = hostMirror,
): Promise<DebianMirror | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-apt-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), text)
    }
    return await read(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('hostMirror() reads the one-line form with its keyring', async () => {
  const list = `# deb http://commented.example/debian trixie main
deb-src http://source.example/debian trixie main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://near.example/debian/ trixie main contrib # near
`
  const mirror = await mirrorOf({ 'sources.list': list })
  assert.deepEqual(mirror, { uri: 'http://near.example/debian', keyring: '/usr/share/keyrings/k.gpg' })
})

test('hostMirror() reads deb822 stanzas, passing over those that are switched off', async () => {
  const sources = `Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb deb-src
# a remark inside
URIs: https://near.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
`
  const mirror = await mirrorOf({ 'sources.list.d/debian.sources': sources })
  assert.deepEqual(mirror, { uri: 'https://near.example/debian' })
})

test("hostMirror() does not take a security, vendor's or Ubuntu archive for Debian's", async () => {
  const files = {
    'sources.list': 'deb cdrom:[Debian]/ trixie main\ndeb http://archive.example/ubuntu noble main\n',
    'sources.list.d/a.list': 'deb http://security.example/debian-security bookworm-security main\n',
    'sources.list.d/b.sources': 'Types: deb\nURIs: http://vendor.example\nSuites: nodistro\nComponents: main\n',
    'sources.list.d/c.list': 'deb http://near.example/debian bookworm main\n',
    'sources.list.d/d.list.save': 'deb http://old.example/debian bookworm main\n',
  }
  assert.deepEqual(await mirrorOf(files), { uri: 'http://near.example/debian' })
})

test('hostMirror() says what to do where the host names no mirror', async () => {
  await assert.rejects(mirrorOf({}), /^NoMirrorError: Cannot find a mirror of Debian: .* names none; .* --mirror URL/)
})

test('hostSecurityMirror() takes the archive of the security suite, if there is one', async () => {
  const line = 'deb http://near.example/debian trixie main\n'
  const security = 'deb http://near.example/debian-security/ trixie-security main\n'
  assert.deepEqual(await mirrorOf({ 'sources.list': line + security }, hostSecurityMirror), {
    uri: 'http://near.example/debian-security',
  })
  assert.equal(await mirrorOf({ 'sources.list': line }, hostSecurityMirror), undefined)
})
