import type { Boot } from '../fleet/boots-reader.ts'
import type { BootEvent } from '../fleet/events.ts'
import type { Machine } from '../fleet/machine.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import type { BootStory } from './boot-story.ts'
import { machineOf, speakerIn } from './machine.ts'

/**
 * Writes what DHCP did into the boot that it belongs to.
 *
 * @param onCard called when a loader has told its card, seconds before it asks what to boot
 * @param classOf the class of netroot.yaml that a machine is of; all stages of its boot are of it then
 * @param isReplaced is a machine sent another loader, because it started iPXE not once?
 */
export function dhcpStory(
  story: BootStory,
  onCard: (boot: Boot) => void = () => undefined,
  isReplaced: (client: DhcpClient) => boolean = () => false,
  classOf: (client: DhcpClient) => string | undefined = () => undefined,
): (exchange: DhcpExchange) => void {
  return (exchange) => {
    const at = Date.now()
    const events = eventsOf(exchange, at)
    if (events.length === 0) return
    const { client } = exchange
    const boot = story.bootOfDhcp(classified(machineOf(client), classOf(client)), speakerIn(client), at)
    if (boot === undefined) return
    for (const event of events) story.record(boot.id, event)
    const chosen = 'answer' in exchange.outcome ? exchange.outcome.answer.chosen : undefined
    if (chosen !== undefined) story.choose(boot.id, chosen.name, at)
    if (exchange.received === 'discover' && isReplaced(client)) tellReplaced(story, boot, at)
    if (exchange.received === 'discover' && client.busId !== undefined) onCard(boot)
  }
}

function classified(machine: Machine, name: string | undefined): Machine {
  return name === undefined ? machine : { ...machine, class: name }
}

function tellReplaced(story: BootStory, { id }: Boot, at: number): void {
  if (story.events(id).some(({ type }) => type === 'boot.loader')) return // once, however often it asks
  const why = 'it fetched iPXE and did not start it, as Secure Boot has it'
  story.record(id, { type: 'boot.loader', at, loader: 'grub', why })
}

/** The events of one message and of what it was answered. */
export function eventsOf(exchange: DhcpExchange, at: number): BootEvent[] {
  const asked = exchange.received === 'discover' ? [discoverOf(exchange, at)] : []
  return [...asked, ...answersTo(exchange, at)]
}

function discoverOf({ client }: DhcpExchange, at: number): BootEvent {
  const { architecture, busId } = machineOf(client)
  return {
    type: 'dhcp.discover',
    at,
    speaker: speakerIn(client),
    ...(architecture === undefined ? {} : { architecture }),
    ...(busId === undefined ? {} : { busId }),
    ...(client.relay === undefined ? {} : { relay: client.relay }),
  }
}

function answersTo({ client, outcome }: DhcpExchange, at: number): BootEvent[] {
  const when = { at, speaker: speakerIn(client) }
  switch (outcome.kind) {
    case 'offered':
      return [
        { type: 'dhcp.offer', ...when, address: outcome.address, ...bootFileOf(outcome.answer) },
        ...menuOf(outcome.answer, at),
      ]
    case 'boot-offered':
      return [
        { type: 'dhcp.offer', ...when, address: '0.0.0.0', ...bootFileOf(outcome.answer) },
        ...menuOf(outcome.answer, at),
      ]
    case 'acknowledged': {
      const { address, leaseSeconds, answer } = outcome
      return [{ type: 'dhcp.ack', ...when, address, leaseSeconds, ...bootFileOf(answer) }]
    }
    case 'denied':
      return [{ type: 'dhcp.nak', ...when, address: outcome.address, reason: outcome.text }]
    case 'ignored':
      if (outcome.server !== undefined) return [otherServer(outcome.server, outcome.address, when)]
      return TOLD.has(outcome.reason) ? [{ type: 'dhcp.unanswered', ...when, reason: outcome.text }] : []
    case 'failed':
      return [{ type: 'dhcp.unanswered', ...when, reason: `the server failed: ${outcome.text}` }]
    default:
      return [] // a lease given back, an INFORM: nothing of a boot
  }
}

function otherServer(
  server: Ipv4,
  address: Ipv4 | undefined,
  when: Pick<BootEvent & { type: 'dhcp.offer' }, 'at' | 'speaker'>,
) {
  return { type: 'dhcp.other-server', ...when, server, ...(address === undefined ? {} : { address }) } as const
}

/** Reasons for silence that an operator must see; the others are packets that are none of our business. */
const TOLD: ReadonlySet<string> = new Set(['not-served', 'pool-full', 'unknown-lease', 'unknown-network'])

/** A menu that the firmware shows. */
function menuOf({ menu }: DhcpAnswer, at: number): BootEvent[] {
  if (menu === undefined) return []
  return [{ type: 'boot.menu', at, entries: menu.entries.map(({ name }) => name), timeoutSeconds: menu.seconds }]
}

function bootFileOf({ bootFile }: { readonly bootFile?: string }): { bootFile?: string } {
  return bootFile === undefined ? {} : { bootFile }
}
