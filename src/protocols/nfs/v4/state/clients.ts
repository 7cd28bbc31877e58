import type { ByteString } from '../../../../wire/bytestring.ts'
import { NFS4, refuse } from '../status.ts'
import { Client, type ClientIdentity } from './client.ts'
import { KeptReplies } from './kept-replies.ts'
import { type ChannelLimits, Session } from './session.ts'
import type { States } from './states.ts'

/** Milliseconds for which a client need not be heard of. */
export const LEASE_MS = 60_000
/** Clients of one server, and of one address, so that none takes all; beyond it those that never confirmed go first. */
const MAX_CLIENTS = 4096
const MAX_CLIENTS_OF_ADDRESS = 1024
const MAX_SESSIONS = 16
/** Milliseconds beyond its lease for which a client keeps what nobody else wants: a day, as with kernel nfsd. */
const COURTESY_MS = 24 * 3600_000
/** Opens and locks, and byte ranges, of a client that is kept beyond its lease: more than a machine has that is at work. */
const MAX_KEPT = 8192

/** A client's number as the wire has it: which run of the server gave it, and which it is. */
export interface ClientId {
  readonly boot: number
  readonly number: number
}

export interface ClientsOptions {
  readonly states: States
  /** Stands in everything that this run of the server gives out: another number at each start. */
  readonly boot: number
  /** 8 random bytes. */
  readonly randomVerifier: () => ByteString
  readonly now: () => number
  readonly leaseMs?: number
}

/** The clients, their leases and sessions. No sockets, no files. */
export class Clients {
  readonly boot: number
  readonly leaseMs: number
  readonly kept = new KeptReplies()
  readonly #states: States
  readonly #randomVerifier: () => ByteString
  readonly #now: () => number
  readonly #byNumber = new Map<number, Client>()
  readonly #sessions = new Map<ByteString, Session>()
  #lastNumber = 0
  #lastSession = 0

  constructor({ states, boot, randomVerifier, now, leaseMs = LEASE_MS }: ClientsOptions) {
    this.#states = states
    this.boot = boot
    this.#randomVerifier = randomVerifier
    this.#now = now
    this.leaseMs = leaseMs
  }

  get size(): number {
    return this.#byNumber.size
  }
  [Symbol.iterator](): IterableIterator<Client> {
    return this.#byNumber.values()
  }

  /** The client of that number, if there is one. */
  get(number: number): Client | undefined {
    return this.#byNumber.get(number)
  }

  /**
   * A client that is confirmed.
   *
   * @throws {StatusError} NFS4ERR_STALE_CLIENTID if it is of another run of the server, NFS4ERR_EXPIRED if it is gone
   */
  confirmed({ boot, number }: ClientId): Client {
    if (boot !== this.boot || number > this.#lastNumber) refuse(NFS4.staleClientId)
    const client = this.#byNumber.get(number)
    return client?.confirmed === true ? client : refuse(NFS4.expired)
  }

  renew(client: Client): void {
    client.expiresAt = this.#now() + this.leaseMs
    client.isSilent = false
  }

  /** SETCLIENTID, RFC 7530 §16.33: a client that has still to be confirmed. @throws {StatusError} NFS4ERR_CLID_INUSE */
  setClientId(identity: ClientIdentity): Client {
    const present = this.#find(identity.owner, false, true)
    if (present !== undefined && this.#inUse(present, identity)) refuse(NFS4.clientIdInUse)
    this.#dropUnconfirmed(identity.owner, false)
    if (present?.identity.verifier === identity.verifier) {
      present.confirmVerifier = this.#randomVerifier() // it only has another callback, of which there are none here
      return present
    }
    const client = this.#add(identity, false)
    client.confirmVerifier = this.#randomVerifier()
    return client
  }

  /** SETCLIENTID_CONFIRM, RFC 7530 §16.34. @throws {StatusError} NFS4ERR_STALE_CLIENTID, NFS4ERR_CLID_INUSE */
  confirmClientId({ boot, number }: ClientId, verifier: ByteString, principal: string): Client {
    const client = boot === this.boot ? this.#byNumber.get(number) : undefined
    if (client === undefined || client.hasSessions || client.confirmVerifier !== verifier) refuse(NFS4.staleClientId)
    if (client.identity.principal !== principal) refuse(NFS4.clientIdInUse)
    this.confirm(client)
    return client
  }

  /** EXCHANGE_ID, RFC 8881 §18.35.5, not to update. @throws {StatusError} NFS4ERR_CLID_INUSE */
  exchangeId(identity: ClientIdentity): Client {
    const present = this.#find(identity.owner, true, true)
    if (present !== undefined) {
      if (this.#inUse(present, identity)) refuse(NFS4.clientIdInUse)
      const same = present.identity.verifier === identity.verifier && present.identity.principal === identity.principal
      if (same) return present
    }
    this.#dropUnconfirmed(identity.owner, true)
    return this.#add(identity, true)
  }

  /** EXCHANGE_ID that updates what is confirmed. @throws {StatusError} NFS4ERR_NOENT, NFS4ERR_NOT_SAME, NFS4ERR_PERM */
  updateClient(identity: ClientIdentity): Client {
    const present = this.#find(identity.owner, true, true)
    if (present === undefined) return refuse(NFS4.noEntry)
    if (present.identity.verifier !== identity.verifier) refuse(NFS4.notSame)
    if (present.identity.principal !== identity.principal) refuse(NFS4.notOwner)
    return present
  }

  /** The client of a CREATE_SESSION or DESTROY_CLIENTID. @throws {StatusError} NFS4ERR_STALE_CLIENTID */
  withSessions({ boot, number }: ClientId): Client {
    const client = boot === this.boot ? this.#byNumber.get(number) : undefined
    return client?.hasSessions === true ? client : refuse(NFS4.staleClientId)
  }

  /** Another session of a client. @throws {StatusError} NFS4ERR_NOSPC if it has too many */
  createSession(client: Client, limits: ChannelLimits): Session {
    // nobody has used them for as long as its lease
    if (this.lapsed(client)) for (const old of client.sessions) this.destroySession(old)
    if (client.sessions.size >= MAX_SESSIONS) refuse(NFS4.noSpace)
    this.#lastSession += 1
    const id = Buffer.alloc(16)
    id.writeUInt32BE(this.boot, 0)
    id.writeUInt32BE(client.number, 4)
    id.writeUInt32BE(this.#lastSession >>> 0, 8)
    const session = new Session(id.toString('latin1'), client, limits)
    this.#sessions.set(session.id, session)
    client.sessions.add(session)
    return session
  }

  /** @throws {StatusError} NFS4ERR_BADSESSION */
  session(id: ByteString): Session {
    return this.#sessions.get(id) ?? refuse(NFS4.badSession)
  }

  destroySession(session: Session): void {
    for (const slot of session.slots) this.kept.drop(slot)
    session.destroyed = true
    this.#sessions.delete(session.id)
    session.client.sessions.delete(session)
  }

  /** The client is there to stay; what an earlier run of it held is given back. */
  confirm(client: Client): void {
    const earlier = this.#find(client.identity.owner, client.hasSessions, true)
    if (earlier !== undefined && earlier !== client) this.remove(earlier)
    client.confirmed = true
    this.renew(client)
  }

  /** Forgets a client with everything that it holds. */
  remove(client: Client): void {
    this.#states.freeAll(client)
    for (const session of client.sessions) this.destroySession(session)
    this.#byNumber.delete(client.number)
  }

  /** Is there a client with a lease that speaks from this address? */
  hasAt(address: string): boolean {
    return [...this.#byNumber.values()].some((client) => client.address === address && !this.lapsed(client))
  }

  /** True of a client whose lease has ended: others may have what it holds, RFC 8881 §8.3. */
  lapsed({ expiresAt }: Client): boolean {
    return expiresAt <= this.#now()
  }
  /** Addresses at which nobody has a lease any more who had one when this was last asked. */
  silentAddresses(): readonly string[] {
    const silent = new Set<string>()
    for (const client of this.#byNumber.values()) {
      if (client.address === undefined || client.isSilent || !this.lapsed(client)) continue
      client.isSilent = true
      if (!this.hasAt(client.address)) silent.add(client.address)
    }
    return [...silent]
  }
  /** True if there is no room for clients who may never come back. */
  get isCrowded(): boolean {
    return this.#byNumber.size > MAX_CLIENTS / 2
  }

  /**
   * Those to be forgotten. A client that holds something keeps it beyond its lease: a machine whose cable was out for some
   * minutes goes on as if nothing had been. Unless another wants it, or there is no room.
   */
  expired({ courteous }: { readonly courteous: boolean }): readonly Client[] {
    const now = this.#now()
    const lapsed = [...this.#byNumber.values()].filter((client) => this.lapsed(client))
    if (!courteous) return lapsed
    return lapsed.filter((client) => client.expiresAt + COURTESY_MS <= now || !mayStay(client))
  }

  /** Somebody else speaks in the name of a client that still holds something. */
  #inUse(present: Client, { principal }: ClientIdentity): boolean {
    return (
      present.identity.principal !== principal &&
      present.expiresAt > this.#now() &&
      (present.states.size > 0 || present.sessions.size > 0)
    )
  }

  #add(identity: ClientIdentity, hasSessions: boolean): Client {
    const all = [...this.#byNumber.values()]
    const neighbours = all.filter((client) => client.identity.address === identity.address)
    if (neighbours.length >= MAX_CLIENTS_OF_ADDRESS) this.#dropOldestUnconfirmed(neighbours)
    else if (all.length >= MAX_CLIENTS) this.#dropOldestUnconfirmed(all)
    this.#lastNumber += 1
    const client = new Client(this.#lastNumber, identity, hasSessions, this.#now() + this.leaseMs)
    this.#byNumber.set(client.number, client)
    return client
  }

  #dropOldestUnconfirmed(clients: readonly Client[]): void {
    this.remove(clients.find(({ confirmed }) => !confirmed) ?? refuse(NFS4.delay))
  }

  #dropUnconfirmed(owner: ByteString, hasSessions: boolean): void {
    const old = this.#find(owner, hasSessions, false)
    if (old !== undefined) this.remove(old)
  }

  #find(owner: ByteString, hasSessions: boolean, confirmed: boolean): Client | undefined {
    for (const client of this.#byNumber.values()) {
      if (client.hasSessions !== hasSessions || client.confirmed !== confirmed) continue
      if (client.identity.owner === owner) return client
    }
    return undefined
  }
}

/** One that holds something, and does not keep others from reading and writing: those without an open ask nobody. */
function mayStay({ confirmed, states, ranges }: Client): boolean {
  if (!confirmed || states.size === 0 || states.size > MAX_KEPT || ranges > MAX_KEPT) return false
  return [...states.values()].every((state) => state.kind === 'lock' || state.deny === 0)
}
