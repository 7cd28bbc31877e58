import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { idsInTitles } from './requirement-ids.ts'
import { trackedFiles } from './shell-files.ts'

const PAGE = 'docs/requirements.md'

/** The titles of tests that carry an id, by id: `test/vm/boot.test.ts: boots …`. */
function shownBy(): Map<string, string[]> {
  const shown = new Map<string, string[]>()
  for (const file of trackedFiles().filter((name) => name.endsWith('.test.ts'))) {
    for (const [, , title = ''] of readFileSync(file, 'utf8').matchAll(/\b(?:test|it)\(\s*(['"`])((?:(?!\1).)*)\1/g)) {
      for (const id of idsInTitles(title)) {
        const words = title.replace(/\s*\[[A-Z]{2}[^\]]*\]/g, '')
        shown.set(id, [...(shown.get(id) ?? []), `${file.replace(/^(src|test)\//, '')}: ${words}`])
      }
    }
  }
  return shown
}

/** docs/requirements.md, made from the texts, the tests' titles and the reasons kept by hand. */
function page(): string {
  const shown = shownBy()
  const reasons = new Map(Object.entries(parse(readFileSync('docs/requirements/met-otherwise.yaml', 'utf8')) as object))
  const texts = readFileSync('docs/requirements/texts.tsv', 'utf8').trimEnd().split('\n')
  const rows = texts.map((line) => {
    const [id = '', text = ''] = line.split('\t')
    const how =
      shown
        .get(id)
        ?.map((title) => title.replaceAll('|', '\\|'))
        .join('<br>') ??
      reasons.get(id) ??
      'open'
    return `| ${id} | ${text} | ${how} |`
  })
  const open = rows.filter((row) => row.endsWith('| open |')).length
  return `# The requirements

What five texts of twenty years of diskless Linux asked for, and the test that shows each. ${shown.size} of ${rows.length} are
shown by a test, ${rows.length - open - shown.size} are met otherwise, ${open} are open. Made by \`node tools/requirements.ts\`
from the titles of the tests; not edited by hand.

| id | requirement | shown by |
|---|---|---|
${rows.join('\n')}
`
}

/** What is out of date about the page, for the check. */
export function requirementsPageProblems(): string[] {
  const fresh = readFileSync(PAGE, 'utf8') === page()
  return fresh ? [] : [`${PAGE} is not what the tests say: node tools/requirements.ts writes it anew`]
}

if (import.meta.main) writeFileSync(PAGE, page())
