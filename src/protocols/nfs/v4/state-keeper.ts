import { randomBytes } from 'node:crypto'
import { type Logger, silent } from '../../../sys/log.ts'
import { textOf } from '../../../wire/bytestring.ts'
import { Clients, LEASE_MS } from './state/clients.ts'
import { Grace } from './state/grace.ts'
import { type ClientRecords, NO_RECORDS } from './state/records.ts'
import { type StateLimits, States } from './state/states.ts'

export interface StateKeeperOptions {
  readonly records?: ClientRecords
  readonly leaseMs?: number
  readonly limits?: StateLimits
  readonly now?: () => number
  readonly log?: Logger
  /** Told when the lease of the last client at an address has ended; of clients of version 4.0 nothing is told. */
  readonly onGone?: (address: string) => void
}

/** All that the server remembers of clients of version 4, and what becomes of it as time goes by. */
export class StateKeeper {
  readonly records: ClientRecords
  readonly states: States
  readonly clients: Clients
  readonly grace: Grace
  readonly now: () => number
  readonly #log: Logger
  readonly #onGone: StateKeeperOptions['onGone']
  #graceOver = false

  /** Reads who was there before the start. @throws what the records throw */
  static async open(options: StateKeeperOptions = {}): Promise<StateKeeper> {
    const { records = NO_RECORDS, now = () => performance.now(), leaseMs = LEASE_MS } = options
    const grace = new Grace(await records.load(), now() + leaseMs)
    return new StateKeeper(options, grace)
  }

  private constructor(options: StateKeeperOptions, grace: Grace) {
    const { records = NO_RECORDS, now = () => performance.now(), leaseMs = LEASE_MS, log = silent, limits } = options
    this.records = records
    this.now = now
    this.states = new States(limits)
    const randomVerifier = (): string => randomBytes(8).toString('latin1')
    this.clients = new Clients({ states: this.states, boot: newBoot(), randomVerifier, now, leaseMs })
    this.grace = grace
    this.#log = log
    this.#onGone = options.onGone
  }

  /** Forgets clients whose lease has ended, and who did not come back in the grace period. To be called now and then. */
  async tick(): Promise<void> {
    try {
      for (const client of this.clients.expire()) {
        const { owner } = client.identity
        if (client.address !== undefined && !this.clients.hasAt(client.address)) this.#onGone?.(client.address)
        this.#log.info('NFSv4 client has gone: its lease has ended', { client: textOf(owner) })
        if (client.recorded) await this.records.remove(owner)
      }
      if (this.#graceOver || this.grace.active(this.now())) return
      this.#graceOver = true
      for (const owner of this.grace.missing) await this.records.remove(owner)
    } catch (error) {
      this.#log.warn('NFSv4 could not change the records of its clients', { error })
    }
  }
}

/** Neither all zeros nor all ones, which stateids need for themselves. */
function newBoot(): number {
  return 1 + (randomBytes(4).readUInt32BE(0) % 0xffff_fffd)
}
