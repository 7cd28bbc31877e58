import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'
import { steadyNow } from '../../sys/steady-clock.ts'
import type { Binding, LeaseBook, LeaseClient, Offer } from './lease-book.ts'

/** One address and whose it is, or was. */
export interface Lease {
  readonly address: Ipv4
  readonly mac: Mac
  /** Hexadecimal, as last sent. */
  readonly clientId?: string
  readonly hostName?: string
  /** `offered` is held in memory only; `declined` belongs to nobody until it expires. */
  readonly state: 'offered' | 'bound' | 'released' | 'declined'
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Where leases outlive the process. The pool reads it once and then only writes. */
export interface LeaseStore {
  load(): readonly Lease[]
  /**
   * Resolves when the lease is safe; it replaces what was known of the address.
   *
   * @param left the address that the machine had before and has no more
   */
  save(lease: Lease, left?: Ipv4): Promise<void>
}

/** First and last address that machines nobody named get, both included. */
export interface AddressRange {
  readonly first: Ipv4
  readonly last: Ipv4
}

/** How the addresses of a pool are counted. */
export interface Numbering {
  readonly toNumber: (address: string) => number
  readonly fromNumber: (value: number) => string
}

const IPV4: Numbering = { toNumber: ipv4ToNumber, fromNumber: ipv4FromNumber }

export interface LeasePoolOptions {
  readonly range?: AddressRange
  /** Of addresses that are not IPv4's. */
  readonly numbering?: Numbering
  /** Addresses of known machines, in the range or outside it. */
  readonly fixed?: ReadonlyMap<Mac, Ipv4>
  readonly store?: LeaseStore
  /** Milliseconds since 1970 of a clock that does not jump; tests bring their own. */
  readonly now?: () => number
}

/** Firmware asks several servers and takes its time: PXE collects offers for up to 15 s. */
const OFFER_MS = 30_000
/** Long enough for a person to find the other machine; short enough that a pool does not run dry for ever. */
const DECLINED_MS = 3_600_000

/**
 * The one way of giving out addresses, whatever keeps them: a machine's fixed address, else the one it had, else the
 * one it asks for, else one never used, else the one that expired first.
 */
export class LeasePool implements LeaseBook {
  readonly #range: { readonly first: number; readonly last: number }
  readonly #numbering: Numbering
  readonly #store: LeaseStore
  readonly #now: () => number
  readonly #byAddress = new Map<Ipv4, Lease>()
  readonly #byMac = new Map<Mac, Lease>()
  #fixed: ReadonlyMap<Mac, Ipv4> = new Map()
  #reserved: ReadonlySet<Ipv4> = new Set()
  /** Every address of the range before this one has an entry, or is reserved. */
  #neverUsed: number
  /** Nothing of the range expires before: a flood of strangers must not make us look through it each time. */
  #fullUntil = 0

  constructor({ range, numbering = IPV4, fixed = new Map(), store = FORGETFUL, now = steadyNow }: LeasePoolOptions) {
    this.#numbering = numbering
    this.#range = range === undefined ? { first: 1, last: 0 } : numbersOf(range, numbering)
    this.#neverUsed = this.#range.first
    this.#store = store
    this.#now = now
    this.setFixed(fixed)
    for (const lease of store.load()) this.#enter(lease)
  }

  /** Replaces the fixed addresses, after the configuration changed. Leases in force stay as they are. */
  setFixed(fixed: ReadonlyMap<Mac, Ipv4>): void {
    this.#fixed = fixed
    this.#reserved = new Set(fixed.values())
    this.#neverUsed = this.#range.first
    this.#fullUntil = 0
  }

  /** The lease of a machine, in force or not. */
  leaseOf(mac: Mac): Lease | undefined {
    return this.#byMac.get(mac)
  }
  /** The lease of an address, in force or not. */
  leaseAt(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address)
  }
  /** All leases that a machine holds now, in the order of their addresses. */
  active(): Lease[] {
    const leases = [...this.#byAddress.values()].filter((lease) => lease.state === 'bound' && this.#inForce(lease))
    return leases.sort((a, b) => this.#numbering.toNumber(a.address) - this.#numbering.toNumber(b.address))
  }

  /** A pool knows one network and is asked about no other. */
  serves(): boolean {
    return true
  }

  offer(client: LeaseClient, wanted: Ipv4 | undefined): Offer {
    const address = this.#pick(client.mac, wanted)
    if (address === undefined) return { refused: 'pool-full', text: this.#fullText() }
    const known = this.#byMac.get(client.mac)
    const isHeld = known?.address === address && this.#inForce(known)
    // a lease in force is not shortened by asking again; it is already held
    if (isHeld && known.state === 'bound') return { address, fresh: false }
    this.#enter({ ...entryOf(client, address), state: 'offered', expiresAt: this.#now() + OFFER_MS })
    return { address, fresh: !isHeld }
  }

  async bind(client: LeaseClient, address: Ipv4, seconds: number, { adopt = false } = {}): Promise<Binding> {
    const known = this.#byMac.get(client.mac)
    const isTheirs = known?.address === address
    if (!isTheirs && known !== undefined && !adopt) return 'other'
    if (!this.#isFreeFor(client.mac, address)) return 'taken'
    if (!isTheirs && !(adopt && this.#isOurs(client.mac, address))) return 'unknown'
    // entered before it is saved, so that nobody else is offered it meanwhile
    const lease: Lease = { ...entryOf(client, address), state: 'bound', expiresAt: this.#now() + seconds * 1000 }
    this.#enter(lease)
    try {
      await this.#store.save(lease, isTheirs ? undefined : known?.address)
    } catch (error) {
      this.#enter(known ?? { ...lease, state: 'offered', expiresAt: this.#now() + OFFER_MS })
      throw error
    }
    return 'bound'
  }

  withdraw({ mac }: LeaseClient): void {
    const known = this.#byMac.get(mac)
    if (known?.state === 'offered') this.#enter({ ...known, expiresAt: 0 })
  }

  async release(mac: Mac, address: Ipv4): Promise<void> {
    const known = this.#byMac.get(mac)
    if (known?.address !== address || known.state !== 'bound') return
    await this.#change({ ...known, state: 'released', expiresAt: this.#now() })
  }

  async decline(mac: Mac, address: Ipv4): Promise<void> {
    const known = this.#byMac.get(mac)
    if (known?.address !== address) return // only the machine that was given it may put it aside
    await this.#change({ ...known, state: 'declined', expiresAt: this.#now() + DECLINED_MS })
  }

  async quarantine(address: Ipv4, holder: Mac): Promise<void> {
    if (this.#byAddress.get(address)?.state === 'bound') return // that of a lease is found out by its own machine
    await this.#change({ address, mac: holder, state: 'declined', expiresAt: this.#now() + DECLINED_MS })
  }

  async #change(lease: Lease): Promise<void> {
    this.#enter(lease)
    await this.#store.save(lease)
  }

  #pick(mac: Mac, wanted: Ipv4 | undefined): Ipv4 | undefined {
    const usable = [this.#fixed.get(mac), this.#byMac.get(mac)?.address, wanted].find(
      (address) => address !== undefined && this.#isOurs(mac, address) && this.#isFreeFor(mac, address),
    )
    return usable ?? this.#takeNeverUsed() ?? this.#takeExpired()
  }

  #takeNeverUsed(): Ipv4 | undefined {
    for (; this.#neverUsed <= this.#range.last; this.#neverUsed += 1) {
      const address = this.#numbering.fromNumber(this.#neverUsed)
      if (!this.#byAddress.has(address) && !this.#reserved.has(address)) return address
    }
    return undefined
  }

  /** Offers that nobody took come before leases: those machines may return. Then the one that expired first. */
  #takeExpired(): Ipv4 | undefined {
    if (this.#now() < this.#fullUntil) return undefined
    let best: Lease | undefined
    let earliest = Number.POSITIVE_INFINITY
    for (const lease of this.#byAddress.values()) {
      if (!this.#inRange(lease.address) || this.#reserved.has(lease.address)) continue
      earliest = Math.min(earliest, lease.expiresAt)
      if (!this.#inForce(lease) && (best === undefined || comesBefore(lease, best))) best = lease
    }
    if (best === undefined) this.#fullUntil = earliest
    return best?.address
  }

  /** May this machine have the address at all: its fixed one, or one of the range that is no other's fixed one. */
  #isOurs(mac: Mac, address: Ipv4): boolean {
    const fixed = this.#fixed.get(mac)
    if (fixed === address) return true
    if (this.#reserved.has(address)) return false
    return this.#inRange(address)
  }
  #isFreeFor(mac: Mac, address: Ipv4): boolean {
    const lease = this.#byAddress.get(address)
    if (lease === undefined || !this.#inForce(lease)) return true
    return lease.mac === mac && lease.state !== 'declined'
  }
  #inForce(lease: Lease): boolean {
    return lease.expiresAt > this.#now()
  }
  #inRange(address: Ipv4): boolean {
    const number = this.#numbering.toNumber(address)
    return number >= this.#range.first && number <= this.#range.last
  }

  /** Writes the one entry of an address and of a machine. An address that its machine left is the next to be reused. */
  #enter(lease: Lease): void {
    if (lease.state === 'declined') return this.#putAside(lease)
    const before = this.#byMac.get(lease.mac)
    if (before !== undefined && before.address !== lease.address) {
      this.#byAddress.set(before.address, { ...before, state: 'offered', expiresAt: 0 })
      this.#fullUntil = 0
    }
    const holder = this.#byAddress.get(lease.address)
    if (holder !== undefined && holder.mac !== lease.mac) this.#byMac.delete(holder.mac)
    this.#byAddress.set(lease.address, lease)
    this.#byMac.set(lease.mac, lease)
    this.#fullUntil = Math.min(this.#fullUntil, lease.expiresAt)
  }

  /** The address is nobody's now. Whoever uses it may well have a lease of another one, which stays. */
  #putAside(lease: Lease): void {
    const holder = this.#byAddress.get(lease.address)
    if (holder !== undefined && this.#byMac.get(holder.mac)?.address === lease.address) this.#byMac.delete(holder.mac)
    this.#byAddress.set(lease.address, lease)
    this.#fullUntil = Math.min(this.#fullUntil, lease.expiresAt)
  }

  #fullText(): string {
    const size = this.#range.last - this.#range.first + 1
    if (size <= 0) return 'no address: the machine has no fixed one, and there is no range'
    const range = `${this.#numbering.fromNumber(this.#range.first)}-${this.#numbering.fromNumber(this.#range.last)}`
    return `no address is free: all ${size} of the range ${range} are leased; widen the range or shorten the leases`
  }
}

const FORGETFUL: LeaseStore = { load: () => [], save: () => Promise.resolve() }

function entryOf({ mac, clientId, hostName }: LeaseClient, address: Ipv4): Omit<Lease, 'state' | 'expiresAt'> {
  return {
    address,
    mac,
    ...(clientId === undefined ? {} : { clientId }),
    ...(hostName === undefined ? {} : { hostName }),
  }
}

function comesBefore(a: Lease, b: Lease): boolean {
  const aOffer = a.state === 'offered'
  return aOffer === (b.state === 'offered') ? a.expiresAt < b.expiresAt : aOffer
}

function numbersOf({ first, last }: AddressRange, { toNumber }: Numbering): { first: number; last: number } {
  return { first: toNumber(first), last: toNumber(last) }
}
