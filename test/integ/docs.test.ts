import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { type DocBlock, fencedBlocks, type Step, stepsOf } from '../support/doc-blocks.ts'
import { DocNetwork } from '../support/doc-network.ts'

/** Pages that tools make of the code. */
const GENERATED = new Set(['config.md', 'matrix.md', 'requirements.md'])

const PAGES = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md') && !GENERATED.has(name))
    .toSorted()
    .map((name) => `docs/${name}`),
]

/** Commands that are not typed here, and why. Every other command of every page is. */
const NOT_TYPED_HERE: Readonly<Record<string, string>> = {
  'npm test': 'it is what runs this test',
  'npm run demo': 'it may install packages on this host; test/vm/demo.test.ts runs the rest of it, to the login prompt',
}

/** What is typed, what is a whole netroot.yaml, and what only shows something. */
const LANGUAGES = new Set(['sh', 'yaml', 'text'])

/** Types what a block says, as its page goes on. */
async function typeBlock(network: DocNetwork, page: string, block: DocBlock): Promise<void> {
  if (block.language === 'yaml') await writeConfig(network, page, block)
  const steps = block.language === 'sh' ? stepsOf(block).filter(({ text }) => NOT_TYPED_HERE[text] === undefined) : []
  for (const step of steps) await typeStep(network, page, step, step === steps.at(-1) ? block.ends : undefined)
}

/** Links to files that do not exist, or to headings that their page has not. */
function deadLinks(page: string, markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  return links.flatMap(([whole, path = '', heading]) => {
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(target)) return [whole]
    return heading === undefined || headingsOf(readFileSync(target, 'utf8')).includes(heading) ? [] : [whole]
  })
}

/** As the sites that show Markdown name them. */
function headingsOf(markdown: string): string[] {
  const words = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text.toLowerCase())
  return words.map((text) => text.replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}

/** Every YAML block of a page is a whole netroot.yaml, and what follows it works on that. */
async function writeConfig(network: DocNetwork, page: string, { line, text }: DocBlock): Promise<void> {
  await writeFile(join(network.home, 'netroot.yaml'), text)
  const { status, output } = await network.type('netroot config check')
  assert.equal(status, 0, `${page}:${line}: ${output}`)
}

async function typeStep(network: DocNetwork, page: string, step: Step, ends?: DocBlock['ends']): Promise<void> {
  const { status, output } = await (step.stays ? network.typeStaying(step.text) : network.type(step.text))
  assert.equal(status, ends?.status ?? 0, `${page}:${step.line}: ${step.text}\n${output}`)
  assert.ok(output.includes(ends?.words ?? ''), `${page}:${step.line}: no "${ends?.words}" in\n${output}`)
}

describe('the pages', { timeout: 300_000, concurrency: 2 }, () => {
  for (const page of PAGES) {
    const markdown = readFileSync(page, 'utf8')
    const blocks = fencedBlocks(markdown)

    test(`${page}: marks what is to be typed as such, and leads to pages that are there`, () => {
      const others = blocks.filter(({ language }) => !LANGUAGES.has(language))
      assert.deepEqual(others, [])
      assert.equal(
        markdown.match(/^ *(?:```|~~~)/gm)?.length ?? 0,
        2 * blocks.length,
        'a fence that is indented, or not closed',
      )
      assert.deepEqual(deadLinks(page, markdown), [])
    })

    test(`${page}: what it says to type works as it stands [FB41, AW2]`, async () => {
      if (!blocks.some(({ language }) => language === 'sh' || language === 'yaml')) return
      await using network = await DocNetwork.make()
      for (const block of blocks) await typeBlock(network, page, block)
      assert.deepEqual(await network.stopStaying(), [])
    })
  }
})

/** What all files of a directory of the client say. */
function clientText(...folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join('client', folder)).map((name) => join('client', folder, name)),
  )
  return files.map((file) => readFileSync(file, 'utf8')).join('\n')
}

describe('docs/when-it-does-not-boot.md', () => {
  const page = readFileSync('docs/when-it-does-not-boot.md', 'utf8')
  const sections = [...page.matchAll(/^### ([\w-]+)\n\n> (.+)$/gm)].map(([, cause, words]) => ({ cause, words }))

  test('has a section for each cause that the client reports', () => {
    const known = new Set(
      [...clientText('lib', 'roots').matchAll(/\b(?:trouble|cause=)\s*(no-[\w-]+|[a-z]+-[a-z]+)/g)].map(
        ([, cause]) => cause,
      ),
    )
    assert.deepEqual(new Set(sections.map(({ cause }) => cause)), known)
  })

  test('quotes the words that the client shows', () => {
    const text = clientText('lib', 'roots')
    for (const { words = '' } of sections) assert.ok(text.includes(`"${words}"`), words)
  })
})

describe('docs/kernel-command-line.md', () => {
  const page = readFileSync('docs/kernel-command-line.md', 'utf8')
  const code = ['cmdline', 'networds', 'rootwords', 'failwords']
    .map((file) => readFileSync(`client/lib/${file}.sh`, 'utf8'))
    .join('\n')

  test('has every word that the client takes, and every stage at which it stops [DB9]', () => {
    const takers = [...code.matchAll(/^take_(?:\w+_word|limit)\(\) \{\n([^]*?)^\}/gm)].map(([, body = '']) => body)
    const patterns = takers.flatMap((body) =>
      [...body.matchAll(/^ {4,6}([a-z][^'")\n]*)(?:\)|\\$)/gim)].flatMap(([, list = '']) => list.split(' | ')),
    )
    assert.ok(patterns.length > 60)
    const words = new Set(
      patterns.filter((word) => !word.startsWith('/')).map((word) => word.replace(/=.*|[.*]*\*$/, '')),
    )
    assert.deepEqual(
      [...words].filter((word) => !['=', '.', '`'].some((end) => page.includes(`\`${word}${end}`))),
      [],
    )
    const stages = [...readFileSync('client/init', 'utf8').matchAll(/^stop_at (\w+)$/gm)].map(([, stage]) => stage)
    assert.deepEqual(
      stages.filter((stage) => !page.includes(`\`${stage}\``)),
      [],
    )
  })
})
