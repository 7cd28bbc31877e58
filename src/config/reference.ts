import { z } from 'zod'
import { nfsShape } from './nfs.ts'
import {
  classShape,
  clientShape,
  configShape,
  httpsShape,
  ipv6Shape,
  networkShape,
  portsShape,
  profileShape,
} from './schema.ts'

type Shape = Readonly<Record<string, z.ZodType>>

/** The page docs/config.md, made from the schema: every key with its meaning and its default. */
export function configReference(): string {
  return [
    '# netroot.yaml',
    '',
    'Made from the schema by `netroot config reference`. `netroot config check` finds every mistake in a file, with its',
    'line and column; `netroot config show --client NAME` shows what one machine boots.',
    '',
    ...section('## The file', configShape),
    ...section('## ipv6', ipv6Shape),
    ...section('## networks', networkShape),
    ...section('## ports', portsShape),
    ...section('## nfs', nfsShape),
    '`nfs: kernel` is short for `nfs: { server: kernel }`; [the page on it](real-nfs.md) says what happens then.',
    '',
    ...section('## https', httpsShape),
    ...section('## profiles: NAME', profileShape),
    'A profile takes from the one it inherits from what it does not say itself. Command lines add up: the inherited words',
    "come first, then the profile's, then the client's; of two equal words the kernel takes the last.",
    '',
    ...section('## classes: NAME', classShape),
    'All that a class says must hold. `unknown:` does not concern machines of a class: they boot their profile.',
    '',
    ...section('## clients: NAME', clientShape),
    'What a client says itself wins over its profile.',
    '',
  ].join('\n')
}

function section(title: string, shape: Shape): string[] {
  const rows = Object.entries(shape).map(([key, schema]) => {
    return `| \`${key}\` | ${schema.description ?? ''} | ${fallback(schema)} |`
  })
  return [title, '', '| key | meaning | default |', '|---|---|---|', ...rows, '']
}

/** What stands in place of a key that is missing. */
function fallback(schema: z.ZodType): string {
  if (schema instanceof z.ZodOptional) return ''
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return 'must be given'
  const value: unknown = schema.def.defaultValue
  if (typeof value === 'object') return Array.isArray(value) ? 'none' : 'see below'
  return typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : ''
}
