import { createHash } from 'node:crypto'

/** A configuration file for another server, without its header. */
export interface Export {
  /** What the other server calls itself, such as `dnsmasq`. */
  readonly daemon: string
  readonly body: string
  /** What begins a comment there. */
  readonly comment: '#' | '//'
}

/** What a file that was found turned out to be. */
export type DropInState = 'same' | 'outdated' | 'changed-by-hand' | 'foreign'

const MARK = 'netroot config export'

/**
 * The whole file: a header that says where it comes from and how to make it anew, then the body. The digest in it
 * tells later whether somebody has changed the file.
 *
 * @param source name of the configuration that it was made from
 */
export function dropIn({ daemon, body, comment }: Export, source: string): string {
  const header = [
    `Made by \`${MARK} ${daemon}\` from ${source}. Changes here are lost: change ${source} and make it anew.`,
    `SHA-256 of the lines below: ${digestOf(body)}`,
  ]
  return `${header.map((line) => `${comment} ${line}`).join('\n')}\n\n${body}`
}

/** Holds a file that is there against the one that would be written. */
export function stateOf(found: string, wanted: string): DropInState {
  if (found === wanted) return 'same'
  const noted = /^(?:#|\/\/) SHA-256 of the lines below: ([0-9a-f]{64})$/m.exec(found)?.[1]
  if (noted === undefined || !found.includes(MARK)) return 'foreign'
  const body = found.slice(found.indexOf('\n\n') + 2)
  return digestOf(body) === noted ? 'outdated' : 'changed-by-hand'
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}
