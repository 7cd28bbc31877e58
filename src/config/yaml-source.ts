import { type Document, isAlias, isMap, isNode, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml'
import type { ConfigProblem } from './error.ts'

/** Keys and list positions that lead from the top of the file to a value. */
export type ConfigPath = readonly PropertyKey[]

/** A parsed YAML file that still knows where each key and value stands. */
export class YamlSource {
  /** What the YAML parser refused: tabs, duplicate keys, wrong nesting. */
  readonly problems: readonly ConfigProblem[]
  readonly #document: Document
  readonly #lines = new LineCounter()

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    this.problems = this.#document.errors.map((error) => this.#problemOf(error))
  }

  /** Nothing but blanks and comments. */
  get isEmpty(): boolean {
    return this.#document.contents === null
  }

  /**
   * The file as plain data.
   *
   * @throws {ReferenceError} if its aliases unfold to more than is sane
   */
  toData(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 })
  }

  /** A problem with the value at `path`; where it is missing, with what should hold it. */
  atValue(path: ConfigPath, text: string): ConfigProblem {
    return this.#at(startOf(this.#nodeAt(path)), text)
  }

  /** A problem with the last key of `path`. */
  atKey(path: ConfigPath, text: string): ConfigProblem {
    const parent = this.#nodeAt(path.slice(0, -1))
    const wanted = String(path.at(-1))
    const key = isMap(parent) ? parent.items.find((pair) => keyText(pair.key) === wanted)?.key : undefined
    return this.#at(startOf(key ?? parent), text)
  }

  /** The node at `path`, or the nearest one above it that exists. */
  #nodeAt(path: ConfigPath): unknown {
    let node: unknown = this.#document.contents
    for (const step of path) {
      const holder = isAlias(node) ? node.resolve(this.#document) : node
      const next = childOf(holder, step)
      if (next === undefined || next === null) break
      node = next
    }
    return node
  }

  #at(offset: number, text: string): ConfigProblem {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col), text }
  }

  #problemOf(error: YAMLError): ConfigProblem {
    return this.#at(error.pos[0], WORDS[error.code] ?? error.message)
  }
}

/** The parser's errors that people meet most, in our words. */
const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands here twice, want it once',
  TAB_AS_INDENT: 'a tab indents this line, want blanks: YAML forbids tabs there',
}

function childOf(node: unknown, step: PropertyKey): unknown {
  if (isMap(node)) {
    const pair = node.items.find((candidate) => keyText(candidate.key) === String(step))
    // an empty value has no place of its own: its key has
    return isNode(pair?.value) && (pair.value.range?.[1] ?? 0) > (pair.value.range?.[0] ?? 0) ? pair.value : pair?.key
  }
  return isSeq(node) ? node.items[Number(step)] : undefined
}

function keyText(key: unknown): string {
  return isNode(key) ? String(key) : String(key)
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}
