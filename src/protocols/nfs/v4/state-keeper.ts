import { randomBytes } from 'node:crypto'
import type { Awaitable } from '../../../storage/byte-source.ts'
import { type Logger, silent } from '../../../sys/log.ts'
import { type ByteString, textOf } from '../../../wire/bytestring.ts'
import type { Client } from './state/client.ts'
import { Clients, LEASE_MS } from './state/clients.ts'
import { Grace } from './state/grace.ts'
import { type ClientRecord, type ClientRecords, NO_RECORDS } from './state/records.ts'
import { STATE_LIMITS, type StateLimits, States } from './state/states.ts'

/** A disk that is full fails at every record: the log says so now and then. */
const COMPLAINT_EVERY_MS = 60_000
const COMPLAINT =
  'NFSv4 cannot keep the records of its clients: after a restart they may not get back what they hold; see that its directory can be written, and has room'

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
  readonly states: States
  readonly clients: Clients
  readonly grace: Grace
  readonly now: () => number
  readonly #records: ClientRecords
  readonly #limits: StateLimits
  readonly #log: Logger
  readonly #onGone: StateKeeperOptions['onGone']
  #graceOver = false
  #complainedAt = Number.NEGATIVE_INFINITY

  /** Reads who was there before the start. Where that cannot be read, nobody gets anything back, and the log says so. */
  static async open(options: StateKeeperOptions = {}): Promise<StateKeeper> {
    const { records = NO_RECORDS, now = () => performance.now(), leaseMs = LEASE_MS, log = silent } = options
    let known: readonly ClientRecord[] = []
    try {
      known = await records.load()
    } catch (error) {
      log.error(COMPLAINT, { error })
    }
    return new StateKeeper(options, new Grace(known, now() + leaseMs))
  }

  private constructor(options: StateKeeperOptions, grace: Grace) {
    const { records = NO_RECORDS, now = () => performance.now(), leaseMs = LEASE_MS, log = silent } = options
    this.#records = records
    this.#limits = options.limits ?? STATE_LIMITS
    this.now = now
    this.states = new States(this.#limits)
    const randomVerifier = (): string => randomBytes(8).toString('latin1')
    this.clients = new Clients({ states: this.states, boot: newBoot(), randomVerifier, now, leaseMs })
    this.grace = grace
    this.#log = log
    this.#onGone = options.onGone
  }

  /** Writes a record down. @returns false if that failed, which the log says */
  put(record: ClientRecord): Awaitable<boolean> {
    return this.#change(() => this.#records.put(record))
  }
  /** Removes a record. @returns false if that failed, which the log says */
  forget(owner: ByteString): Awaitable<boolean> {
    return this.#change(() => this.#records.remove(owner))
  }
  /** Forgets a client with all that it holds; others may be given it when this resolves. */
  drop(client: Client): Awaitable<boolean> {
    this.clients.remove(client)
    return client.recorded ? this.forget(client.identity.owner) : true
  }

  /** Forgets clients who are gone for good, and those who did not come back in the grace period. To be called now and then. */
  async tick(): Promise<void> {
    for (const address of this.clients.silentAddresses()) this.#onGone?.(address)
    for (const client of this.clients.expired({ courteous: !this.#crowded })) {
      this.#log.info('NFSv4 client has gone: its lease has ended', { client: textOf(client.identity.owner) })
      await this.drop(client)
    }
    if (this.#graceOver || this.grace.active(this.now())) return
    this.#graceOver = true
    await this.#forgetMissing()
    this.grace.close()
  }

  /** Only when it is on the disk that they have lost it may others have it: else, after a restart, two would. */
  async #forgetMissing(): Promise<void> {
    const back = new Set([...this.clients].filter(({ recorded }) => recorded).map(({ identity }) => identity.owner))
    for (const owner of this.grace.missing) {
      if (back.has(owner)) continue // version 4.0 does not say that it has taken all
      this.#log.info('NFSv4 client did not come back, and has lost what it held', { client: textOf(owner) })
      await this.forget(owner)
    }
  }

  /** There is no room for those who may never come back. */
  get #crowded(): boolean {
    return this.states.count > this.#limits.inAll / 2 || this.clients.isCrowded
  }

  #change(change: () => Awaitable<void>): Awaitable<boolean> {
    const failed = (error: unknown): false => {
      if (this.now() - this.#complainedAt < COMPLAINT_EVERY_MS) return false
      this.#complainedAt = this.now()
      this.#log.error(COMPLAINT, { error })
      return false
    }
    try {
      const done = change()
      return done instanceof Promise ? done.then(() => true, failed) : true
    } catch (error) {
      return failed(error)
    }
  }
}

/** Neither all zeros nor all ones, which stateids need for themselves. */
function newBoot(): number {
  return 1 + (randomBytes(4).readUInt32BE(0) % 0xffff_fffd)
}
