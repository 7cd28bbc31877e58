import type { Boot } from '../fleet/boots-reader.ts'
import type { BootEvent } from '../fleet/events.ts'
import { type Machine, type Speaker, speakerOf } from '../fleet/machine.ts'
import { tryParseMac } from '../net/mac.ts'
import type { Dhcp6Client } from '../protocols/dhcp6/client.ts'
import type { Dhcp6Exchange } from '../protocols/dhcp6/exchange.ts'
import type { BootStory } from './boot-story.ts'

/**
 * Writes what DHCPv6 did into the boot that it belongs to, in the same words as DHCPv4. Of a machine whose card is not
 * known nothing can be told.
 */
export function dhcp6Story(story: BootStory): (exchange: Dhcp6Exchange) => void {
  return (exchange) => {
    const mac = tryParseMac(exchange.key ?? exchange.client.cardMac ?? '')
    if (mac === undefined) return
    const at = Date.now()
    const speaker = speakerIn6(exchange.client, story.current(mac), at)
    const events = eventsOf6(exchange, at, speaker)
    if (events.length === 0) return
    const boot = story.bootOfDhcp(machineOf6(mac, exchange.client), speaker, at)
    if (boot !== undefined) for (const event of events) story.record(boot.id, event)
  }
}

function machineOf6(mac: string, { architecture }: Dhcp6Client): Machine {
  return { mac, ...(architecture === undefined ? {} : { architecture }) }
}

/** Between two packets of firmware that is at work. */
const FIRMWARE_MS = 60_000

/**
 * Two say nothing of themselves: the IPv6 stack of UEFI, which asks for an address beside its PXE client, and udhcpc6 in
 * our initramfs, between the kernel and the root.
 */
function speakerIn6(
  { isIpxe, vendorClass, userClasses }: Dhcp6Client,
  latest: Pick<Boot, 'phase' | 'lastAt'> | undefined,
  at: number,
): Speaker {
  if (isIpxe) return 'ipxe'
  const said = speakerOf({ vendorClass: vendorClass?.text ?? '', userClass: userClasses.join(' ') })
  if (said !== 'system' || latest === undefined) return said
  if (latest.phase === 'firmware' && at - latest.lastAt < FIRMWARE_MS) return 'firmware'
  return latest.phase === 'kernel' || latest.phase === 'initramfs' ? 'initramfs' : said
}

/** The events of one message and of what it was answered. */
export function eventsOf6({ client, received, outcome }: Dhcp6Exchange, at: number, speaker: Speaker): BootEvent[] {
  const asked = received === 'solicit' ? [discoverOf(client, { at, speaker })] : []
  return [...asked, ...answersTo(outcome, { at, speaker }, received === 'renew' || received === 'rebind')]
}

interface When {
  readonly at: number
  readonly speaker: Speaker
}

function discoverOf({ architecture, relay }: Dhcp6Client, when: When): BootEvent {
  return {
    type: 'dhcp.discover',
    ...when,
    ipv6: true,
    ...(architecture === undefined ? {} : { architecture }),
    ...(relay === undefined ? {} : { relay }),
  }
}

function answersTo(outcome: Dhcp6Exchange['outcome'], when: When, hadLease: boolean): BootEvent[] {
  switch (outcome.kind) {
    case 'offered':
      return [{ type: 'dhcp.offer', ...when, address: outcome.address, ...bootFileOf(outcome.answer) }]
    case 'leased': {
      const { address, leaseSeconds, answer } = outcome
      return [{ type: 'dhcp.ack', ...when, address, leaseSeconds, ...bootFileOf(answer) }]
    }
    case 'denied':
      if (hadLease && outcome.address !== undefined) {
        return [{ type: 'dhcp.nak', ...when, address: outcome.address, reason: outcome.text }]
      }
      return [{ type: 'dhcp.unanswered', ...when, reason: outcome.text }]
    case 'ignored':
      return TOLD.has(outcome.reason) ? [{ type: 'dhcp.unanswered', ...when, reason: outcome.text }] : []
    case 'failed':
      return [{ type: 'dhcp.unanswered', ...when, reason: `the server failed: ${outcome.text}` }]
    default:
      return []
  }
}

/** Reasons for silence that an operator must see; the others are packets that are none of our business. */
const TOLD: ReadonlySet<string> = new Set(['not-served', 'unknown-network'])

function bootFileOf({ bootFile }: { readonly bootFile?: string }): { bootFile?: string } {
  return bootFile === undefined ? {} : { bootFile }
}
