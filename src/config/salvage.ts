import type { z } from 'zod'
import { type Config, configSchema } from './schema.ts'
import { valueAt } from './schema-problems.ts'

/** More rounds than the schema is deep. */
const ROUNDS = 4

/**
 * What is right in a file that has mistakes, so that the checks which need values can run in the same go and a person
 * hears of all mistakes at once. Required keys at the top may be missing.
 */
export function salvage(data: unknown): Partial<Config> {
  const rest: unknown = structuredClone(data)
  const schema = configSchema.partial()
  for (let round = 0; round < ROUNDS; round += 1) {
    const result = schema.safeParse(rest)
    if (result.success) return withoutUndefined(result.data)
    for (const issue of result.error.issues) drop(rest, issue)
  }
  return {}
}

function drop(data: unknown, issue: z.core.$ZodIssue): void {
  const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
  for (const path of paths) {
    const missing = valueAt(data, path) === undefined
    remove(data, missing ? path.slice(0, -1) : path)
  }
}

function remove(data: unknown, path: readonly PropertyKey[]): void {
  const holder = valueAt(data, path.slice(0, -1))
  const key = path.at(-1)
  if (typeof holder !== 'object' || holder === null || key === undefined) return
  // a profile that says nothing right exists all the same: others may name it
  if (path[0] === 'profiles' && path.length === 2) Object.assign(holder, { [key]: {} })
  else if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else Reflect.deleteProperty(holder, key)
}

function withoutUndefined(config: object): Partial<Config> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as Partial<Config>
}
