import type { z } from 'zod'
import type { ConfigProblem } from './error.ts'
import { nearest } from './nearest.ts'
import { nfsShape } from './nfs.ts'
import { clientShape, configShape, httpsShape, ipv6Shape, portsShape, profileShape } from './schema.ts'
import type { ConfigPath, YamlSource } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

/** What the schema found wrong, in words and with its place. */
export function schemaProblems(source: YamlSource, data: unknown, issues: readonly Issue[]): ConfigProblem[] {
  return issues.flatMap((issue) => problemsOf(source, data, issue))
}

function problemsOf(source: YamlSource, data: unknown, issue: Issue): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => source.atKey([...issue.path, key], unknownKey(issue.path, key)))
  }
  if (issue.code === 'invalid_key') {
    const want = issue.issues[0]?.message ?? issue.message
    return [source.atKey(issue.path, `found the name ${JSON.stringify(issue.path.at(-1))}, ${want}`)]
  }
  const found = valueAt(data, issue.path)
  if (found === undefined)
    return [source.atValue(issue.path, `${String(issue.path.at(-1))}: is missing, ${issue.message}`)]
  return [source.atValue(issue.path, `${label(issue.path)}found ${show(found)}, ${issue.message}`)]
}

function unknownKey(path: ConfigPath, key: string): string {
  const known = keysAt(path)
  const guess = nearest(key, known)
  const want = guess === undefined ? `want one of ${known.join(', ')}` : `did you mean ${guess}?`
  return `found the unknown key ${JSON.stringify(key)}, ${want}`
}

function keysAt(path: ConfigPath): string[] {
  if (path.at(-1) === 'ipv6') return Object.keys(ipv6Shape)
  if (path[0] === 'ports') return Object.keys(portsShape)
  if (path[0] === 'nfs') return Object.keys(nfsShape)
  if (path[0] === 'https') return Object.keys(httpsShape)
  if (path[0] === 'profiles') return Object.keys(profileShape)
  return Object.keys(path[0] === 'clients' ? clientShape : configShape)
}

function label(path: ConfigPath): string {
  const key = path.findLast((step) => typeof step === 'string')
  return key === undefined ? '' : `${key}: `
}

function show(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `the list ${JSON.stringify(value)}`
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  // a number where text is wanted: quotes keep leading zeros and colons as they were written
  return `the ${typeof value} ${JSON.stringify(value)}`
}

/** The value at a path of plain data. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((holder, step) => {
    return typeof holder === 'object' && holder !== null ? (holder as Record<PropertyKey, unknown>)[step] : undefined
  }, data)
}
