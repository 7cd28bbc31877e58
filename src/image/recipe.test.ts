import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { mmdebstrapArguments } from './build.ts'
import { makeRecipe, PREPARE, recipeDigest } from './recipe.ts'

test('makeRecipe() takes the kernel of the architecture and the mirror that is named', async () => {
  const recipe = await makeRecipe({
    arch: 'i386',
    suite: 'bookworm',
    mirrors: ['http://near.example/debian'],
    packages: ['vim', 'less'],
  })
  assert.deepEqual(recipe.sources, ['deb http://near.example/debian bookworm main'])
  assert.ok(
    ['linux-image-686-pae', 'systemd-sysv', 'openssh-server', 'vim'].every((name) => recipe.packages.includes(name)),
  )
  assert.equal(recipe.packages.filter((name) => name === 'less').length, 1)
})

test('makeRecipe() takes security updates of a released suite, and none of sid', async () => {
  const suites = async (suite: string): Promise<unknown> =>
    (await makeRecipe({ suite })).sources.map((line) => line.split(' ').at(-2))
  assert.deepEqual(await suites('trixie'), ['trixie', 'trixie-updates', 'trixie-security'])
  assert.deepEqual(await suites('sid'), ['sid'])
})

test('recipeDigest() changes with all that an image depends on, also with the text of a hook', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'netroot-recipe-'))
  const hook = join(directory, 'hook.sh')
  const digest = async (text: string, password: string): Promise<string> => {
    writeFileSync(hook, text)
    return recipeDigest(await makeRecipe({ mirrors: ['http://near.example/debian'], hooks: [hook], password }))
  }
  const [first, again, otherHook, otherPassword] = [
    await digest('a', 'x'),
    await digest('a', 'x'),
    await digest('b', 'x'),
    await digest('a', 'y'),
  ]
  rmSync(directory, { recursive: true })
  assert.equal(first, again)
  assert.equal(new Set([first, otherHook, otherPassword]).size, 3)
})

test('mmdebstrapArguments() never shows the password, and runs our hook last', async () => {
  const recipe = await makeRecipe({ password: 'secret', hooks: ['/bin/mine'], mirrors: ['http://near.example/debian'] })
  const args = mmdebstrapArguments(recipe)
  assert.ok(!args.join(' ').includes('secret'))
  assert.deepEqual(
    args.filter((arg) => arg.startsWith('--customize-hook=')),
    ['--customize-hook=/bin/mine', `--customize-hook=${PREPARE}`],
  )
  assert.deepEqual(args.slice(-3), ['trixie', '-', 'deb http://near.example/debian trixie main'])
})
