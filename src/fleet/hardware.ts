import type { DatabaseSync } from 'node:sqlite'
import type { Mac } from '../net/mac.ts'
import { textOf } from './boots-reader.ts'
import type { ReportCards } from './events.ts'

const TABLE = `
CREATE TABLE IF NOT EXISTS hardware (
  mac TEXT PRIMARY KEY,
  devices TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;
`

/** Machines; the one that has not been heard of for longest is forgotten first. */
const MOST_MACHINES = 20_000
/** Of one machine, more than any has. */
const MOST_DEVICES = 32
/** What the kernel writes as `modalias` for buses that network cards sit on. */
const MODALIAS = /^(?:pci|usb|virtio|vmbus|xen|of|acpi|platform|sdio|ssb|bcma|pcmcia|fsl-mc|dpaa2)[\w:+,.-]{1,250}$/

/** PCI class 06: what stands between the card and the processor needs no driver of an initramfs. */
const BRIDGE = /^pci:v\w+bc06/

/**
 * The network devices of each machine, as it reported them when it booted last, so that the next boot's drivers are
 * right for its second card too. Anybody may report in a machine's name: what is remembered may add drivers to a boot,
 * it must never take any away.
 */
export class HardwareBook {
  readonly #database: DatabaseSync
  readonly #mostMachines: number

  /** Uses its own table of the database, which it makes where it is missing. The caller closes the database. */
  constructor(database: DatabaseSync, mostMachines = MOST_MACHINES) {
    database.exec(TABLE)
    this.#database = database
    this.#mostMachines = mostMachines
  }

  /** The modaliases of a machine's network devices, sorted; empty for one that never reported. */
  devicesOf(mac: Mac): readonly string[] {
    const row = this.#database.prepare('SELECT devices FROM hardware WHERE mac = ?').get(mac)
    return row === undefined ? [] : (JSON.parse(textOf(row['devices'])) as string[])
  }

  /** Remembers what a machine reports of its cards, in place of what it reported before. */
  learn(mac: Mac, { cards, missing, at }: Pick<ReportCards, 'cards' | 'missing' | 'at'>): void {
    const told = [...cards.flatMap(({ modaliases = [] }) => modaliases), ...missing.map(({ modalias }) => modalias)]
    const devices = [...new Set(told.filter((one) => MODALIAS.test(one) && !BRIDGE.test(one)))]
      .toSorted()
      .slice(0, MOST_DEVICES)
    if (devices.length === 0) return // an older initramfs does not say
    this.#database
      .prepare('INSERT OR REPLACE INTO hardware (mac, devices, seen_at) VALUES (?, ?, ?)')
      .run(mac, JSON.stringify(devices), at)
    this.#database
      .prepare('DELETE FROM hardware WHERE mac IN (SELECT mac FROM hardware ORDER BY seen_at DESC LIMIT -1 OFFSET ?)')
      .run(this.#mostMachines)
  }
}
