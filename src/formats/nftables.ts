/*
 * What the rules of a host's firewall do with a packet that begins a conversation, as far as rules tell: a part of
 * libnftables-json(5). What is not understood may match or not, so both outcomes stay possible.
 */

/** A packet that comes to a service of this host, of a conversation that nobody knows yet. */
export interface FirstPacket {
  /** The interface that it comes in by. */
  readonly interface: string
  readonly protocol: 'tcp' | 'udp'
  /** The port that it is sent to. */
  readonly port: number
}

/** What becomes of it; with `dropped` and `maybe` the chain that says so, as `inet filter input`. */
export type Fate = { readonly fate: 'open' } | { readonly fate: 'dropped' | 'maybe'; readonly chain: string }

type Expression = Readonly<Record<string, unknown>>
type Outcome = 'accept' | 'drop' | 'continue'
type Matched = 'yes' | 'no' | 'maybe'

interface Chain {
  readonly name: string
  readonly priority: number | undefined
  readonly policy: 'accept' | 'drop'
  readonly rules: (readonly Expression[])[]
}

/** An IPv4 packet passes these families' input hooks. */
const FAMILIES = new Set(['ip', 'inet'])
const DEEPEST_JUMP = 16

/** The rules of a host, as `nft -j list ruleset` writes them. */
export class Ruleset {
  readonly #chains = new Map<string, Chain>()

  /** @throws {TypeError} if the text is no ruleset */
  constructor(json: string) {
    const parsed: unknown = JSON.parse(json)
    const items = isObject(parsed) ? parsed['nftables'] : undefined
    if (!Array.isArray(items)) throw new TypeError('Cannot read the ruleset: found no list "nftables" in it')
    for (const item of items.filter(isObject)) this.#add(item)
  }

  /** What becomes of a packet in the chains that look at what comes to this host. */
  fateOf(packet: FirstPacket): Fate {
    const input = [...this.#chains.values()].filter(({ priority }) => priority !== undefined)
    input.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
    let doubt: string | undefined
    for (const chain of input) {
      const outcomes = this.#outcomes(chain, packet, 0)
      if (outcomes.delete('continue')) outcomes.add(chain.policy)
      if (!outcomes.has('accept')) return { fate: 'dropped', chain: chain.name }
      if (outcomes.has('drop')) doubt ??= chain.name
    }
    return doubt === undefined ? { fate: 'open' } : { fate: 'maybe', chain: doubt }
  }

  #add({ chain, rule }: Readonly<Record<string, unknown>>): void {
    const one = isObject(chain) ? chain : isObject(rule) ? rule : undefined
    if (one === undefined || !FAMILIES.has(String(one['family']))) return
    const place = `${String(one['family'])} ${String(one['table'])}`
    if (one === chain) {
      const name = `${place} ${String(one['name'])}`
      const priority = one['hook'] === 'input' && one['type'] === 'filter' ? Number(one['prio']) : undefined
      this.#chains.set(name, { name, priority, policy: one['policy'] === 'drop' ? 'drop' : 'accept', rules: [] })
    } else if (Array.isArray(one['expr'])) {
      this.#chains.get(`${place} ${String(one['chain'])}`)?.rules.push(one['expr'].filter(isObject))
    }
  }

  /** All that a chain may do with the packet. */
  #outcomes(chain: Chain, packet: FirstPacket, depth: number): Set<Outcome> {
    const all = new Set<Outcome>()
    if (depth > DEEPEST_JUMP) return new Set(['accept', 'drop'])
    for (const rule of chain.rules) {
      const { matched, outcomes } = this.#apply(rule, chain, packet, depth)
      if (matched === 'no') continue
      for (const outcome of outcomes) if (outcome !== 'continue') all.add(outcome)
      if (matched === 'yes' && !outcomes.has('continue')) return all
    }
    return all.add('continue')
  }

  /** One rule: its statements from the left, until one does not match. */
  #apply(rule: readonly Expression[], chain: Chain, packet: FirstPacket, depth: number) {
    let matched: Matched = 'yes'
    const outcomes = new Set<Outcome>()
    for (const expression of rule) {
      const said = this.#statement(expression, chain, packet, depth)
      if (said.matched === 'no') return { matched: 'no' as const, outcomes }
      if (said.matched === 'maybe') matched = 'maybe'
      for (const outcome of said.outcomes) outcomes.add(outcome)
    }
    if (outcomes.size === 0) outcomes.add('continue')
    return { matched, outcomes }
  }

  #statement(
    expression: Expression,
    chain: Chain,
    packet: FirstPacket,
    depth: number,
  ): { readonly matched: Matched; readonly outcomes: ReadonlySet<Outcome> } {
    const { match, vmap } = expression
    if (isObject(match)) return { matched: matches(match, packet), outcomes: new Set() }
    if (isObject(vmap)) return this.#mapped(vmap, chain, packet, depth)
    const verdict = this.#verdict(expression, chain, packet, depth)
    if (verdict !== undefined) return { matched: 'yes', outcomes: verdict }
    const harmless = ['counter', 'log', 'comment', 'mangle', 'meta'].some((name) => name in expression)
    return { matched: harmless ? 'yes' : 'maybe', outcomes: new Set() }
  }

  #verdict(expression: Expression, chain: Chain, packet: FirstPacket, depth: number): Set<Outcome> | undefined {
    if ('accept' in expression) return new Set(['accept'])
    if ('drop' in expression || 'reject' in expression) return new Set(['drop'])
    if ('return' in expression || 'continue' in expression) return new Set(['continue'])
    const jump = expression['jump'] ?? expression['goto']
    if (!isObject(jump)) return undefined
    const table = chain.name.slice(0, chain.name.lastIndexOf(' '))
    const target = this.#chains.get(`${table} ${String(jump['target'])}`)
    return target === undefined ? undefined : this.#outcomes(target, packet, depth + 1)
  }

  /** A map from values to verdicts: the value may be one of it, or none. */
  #mapped({ key, data }: Expression, chain: Chain, packet: FirstPacket, depth: number) {
    const pairs = isObject(data) && Array.isArray(data['set']) ? (data['set'] as unknown[]) : []
    const outcomes = new Set<Outcome>()
    let matched: Matched = pairs.length === 0 ? 'maybe' : 'no'
    for (const pair of pairs) {
      const [value, verdict] = Array.isArray(pair) ? (pair as unknown[]) : []
      const fits = matches({ op: '==', left: key, right: value }, packet)
      if (fits === 'no' || !isObject(verdict)) continue
      matched = fits === 'yes' ? 'yes' : matched === 'yes' ? 'yes' : 'maybe'
      for (const outcome of this.#verdict(verdict, chain, packet, depth) ?? []) outcomes.add(outcome)
    }
    return { matched, outcomes }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function matches({ op, left, right }: Expression, packet: FirstPacket): Matched {
  const value = valueOf(left, packet)
  if (value === 'none') return 'no'
  if (value === undefined) return 'maybe'
  const fits = fitsIn(right, value)
  if (fits === 'maybe' || op !== '!=') return fits
  return fits === 'yes' ? 'no' : 'yes'
}

/** What the packet has there; `none` where such a packet has nothing of the kind, undefined where nobody can say. */
function valueOf(left: unknown, packet: FirstPacket): string | number | undefined {
  if (!isObject(left)) return undefined
  const { meta, payload, ct } = left
  if (isObject(ct)) return ct['key'] === 'state' ? 'new' : undefined
  if (isObject(meta)) return metaOf(String(meta['key']), packet)
  return isObject(payload) ? fieldOf(String(payload['protocol']), String(payload['field']), packet) : undefined
}

function metaOf(key: string, packet: FirstPacket): string | undefined {
  if (key === 'iifname' || key === 'iif') return packet.interface
  if (key === 'l4proto') return packet.protocol
  return key === 'nfproto' ? 'ipv4' : undefined
}

function fieldOf(protocol: string, field: string, packet: FirstPacket): string | number | undefined {
  if (protocol === 'ip') return field === 'protocol' ? packet.protocol : undefined
  if (protocol !== 'th' && protocol !== packet.protocol) return 'none'
  return field === 'dport' ? packet.port : undefined
}

function fitsIn(right: unknown, value: string | number): Matched {
  if (typeof right === 'string' && right.startsWith('@')) return 'maybe' // a set of its own
  if (typeof right === 'string' && right.endsWith('*')) return yesOrNo(String(value).startsWith(right.slice(0, -1)))
  if (typeof right === 'string' || typeof right === 'number') return yesOrNo(right === value)
  if (Array.isArray(right)) return anyOf(right.map((one) => fitsIn(one, value)))
  if (!isObject(right)) return 'maybe'
  const { set, range } = right
  if (Array.isArray(set)) return anyOf(set.map((one) => fitsIn(one, value)))
  if (!Array.isArray(range)) return 'maybe'
  return yesOrNo(Number(range[0]) <= Number(value) && Number(value) <= Number(range[1]))
}

function anyOf(each: readonly Matched[]): Matched {
  if (each.includes('yes')) return 'yes'
  return each.includes('maybe') ? 'maybe' : 'no'
}

const yesOrNo = (is: boolean): Matched => (is ? 'yes' : 'no')
