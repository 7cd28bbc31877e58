/** A fenced block of a Markdown page. */
export interface DocBlock {
  readonly language: string
  /** Of its first line, counted from 1. */
  readonly line: number
  readonly text: string
  /** How its last command is said to end, by a comment above it: `<!-- status 2: default -->`. */
  readonly ends: { readonly status: number; readonly words: string }
}

/** What is typed at once: lines up to a command that stays, or such a command. */
export interface Step {
  readonly line: number
  readonly text: string
  /** It serves, or follows, until it is stopped. */
  readonly stays: boolean
}

const FENCE = /^```(\w*)\n([^]*?)^```$/gm
const ENDS = /<!-- status (\d+): (.*) -->\s*$/
const STAYS = /^netroot (?:up|serve \w+|boots(?: show \S+)? --follow)\b/

/** The fenced blocks of a page, in their order. */
export function fencedBlocks(markdown: string): DocBlock[] {
  return [...markdown.matchAll(FENCE)].map(({ 1: language = '', 2: text = '', index }) => {
    const before = markdown.slice(0, index)
    const [, status = '0', words = ''] = ENDS.exec(before) ?? []
    return { language, line: before.split('\n').length + 1, text, ends: { status: Number(status), words } }
  })
}

/** The commands of a block as somebody types them: a command that stays is a step of its own. */
export function stepsOf({ line, text }: DocBlock): Step[] {
  const steps: Step[] = []
  let at = line
  for (const whole of text.split(/(?<!\\)\n/)) {
    const stays = STAYS.test(whole)
    const last = steps.at(-1)
    if (whole.trim() !== '') {
      if (stays || last === undefined || last.stays) steps.push({ line: at, text: whole, stays })
      else steps.splice(-1, 1, { ...last, text: `${last.text}\n${whole}` })
    }
    at += whole.split('\n').length
  }
  return steps
}
