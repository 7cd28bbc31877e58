import { readFile } from 'node:fs/promises'
import { type ArpSender, decodeArpSender, encodeArpProbe } from '../net/arp.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { type Mac, parseMac } from '../net/mac.ts'
import { type Libc, loadLibc } from './libc.ts'

const AF_PACKET = 17
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const ETH_P_ARP = 0x0806
const EVERYBODY = Uint8Array.of(255, 255, 255, 255, 255, 255)

/** A machine that is awake answers within a few milliseconds; who asks for an address should not notice. */
const WAIT_MS = 120
/** The second probe, had the first been lost. */
const AGAIN_MS = 50
/** Node cannot wait for such a socket, so it is looked at. */
const LOOK_EVERY_MS = 10
/** More at once are not asked: in a storm of machines none is to wait for that. */
const MOST_AT_ONCE = 256

interface Probe {
  readonly done: PromiseWithResolvers<Mac | undefined>
  readonly askedAt: number
  again: boolean
}

/** Finds out by ARP whether somebody on the network of one interface uses an address, RFC 5227 §2.1. */
export class ArpProber implements Disposable {
  readonly #libc: Libc
  readonly #index: number
  readonly #mac: Mac
  readonly #probes = new Map<Ipv4, Probe>()
  /** Open while there are probes: an idle one would collect the ARP of the whole network. */
  #fd = -1
  #looking: NodeJS.Timeout | undefined

  /**
   * Opens one, or nothing where this cannot be: without `node:ffi`, without CAP_NET_RAW, on no Ethernet.
   *
   * @param name of the interface
   */
  static async open(name: string): Promise<ArpProber | undefined> {
    const read = (file: string): Promise<string> => readFile(`/sys/class/net/${name}/${file}`, 'utf8').catch(() => '')
    const [libc, index, type, address] = await Promise.all([loadLibc(), read('ifindex'), read('type'), read('address')])
    if (libc === undefined || type.trim() !== ETHERNET) return undefined
    const prober = new ArpProber(libc, Number(index), parseMac(address.trim()))
    const isAllowed = prober.#openSocket()
    prober.#close()
    return isAllowed ? prober : undefined
  }

  private constructor(libc: Libc, index: number, mac: Mac) {
    this.#libc = libc
    this.#index = index
    this.#mac = mac
  }

  /** Who uses the address, or undefined: nobody, or nobody who said so in time. */
  probe(address: Ipv4): Promise<Mac | undefined> {
    const running = this.#probes.get(address)
    if (running !== undefined) return running.done.promise
    if (this.#probes.size >= MOST_AT_ONCE || !this.#openSocket()) return Promise.resolve(undefined)
    const probe: Probe = { done: Promise.withResolvers(), askedAt: performance.now(), again: false }
    this.#probes.set(address, probe)
    this.#send(address)
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS)
    return probe.done.promise
  }
  /** Ends the probes under way without a result. */
  [Symbol.dispose](): void {
    for (const address of this.#probes.keys()) this.#finish(address, undefined)
  }

  #look(): void {
    for (const sender of this.#received()) this.#finish(sender.address, sender.mac)
    const now = performance.now()
    for (const [address, probe] of this.#probes) {
      if (now - probe.askedAt >= WAIT_MS) this.#finish(address, undefined)
      else if (!probe.again && now - probe.askedAt >= AGAIN_MS) {
        probe.again = true
        this.#send(address)
      }
    }
  }

  *#received(): Generator<ArpSender> {
    const packet = new Uint8Array(64)
    while (this.#fd >= 0) {
      const length = this.#libc.recv(this.#fd, packet, BigInt(packet.byteLength), 0)
      if (length < 0n) return
      const sender = decodeArpSender(packet.subarray(0, Number(length)))
      if (sender !== undefined) yield sender
    }
  }

  #finish(address: Ipv4, holder: Mac | undefined): void {
    this.#probes.get(address)?.done.resolve(holder)
    if (this.#probes.delete(address) && this.#probes.size === 0) this.#close()
  }

  #send(address: Ipv4): void {
    const packet = encodeArpProbe(this.#mac, address)
    const target = socketAddress(this.#index, EVERYBODY)
    this.#libc.sendto(this.#fd, packet, BigInt(packet.byteLength), 0, target, target.byteLength)
  }

  #openSocket(): boolean {
    if (this.#fd >= 0) return true
    // protocol 0: it receives nothing before it is bound to one interface
    const fd = this.#libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    const address = socketAddress(this.#index)
    if (fd < 0) return false
    this.#fd = fd
    if (this.#libc.bind(fd, address, address.byteLength) >= 0) return true
    this.#close()
    return false
  }
  #close(): void {
    clearInterval(this.#looking)
    this.#looking = undefined
    if (this.#fd >= 0) this.#libc.close(this.#fd)
    this.#fd = -1
  }
}

const ETHERNET = '1' // ARPHRD_ETHER

/** `struct sockaddr_ll`: family and index in the byte order of the host, the protocol in that of the network. */
function socketAddress(index: number, mac: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.alloc(20)
  new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = AF_PACKET
  bytes.writeUInt16BE(ETH_P_ARP, 2)
  new Int32Array(bytes.buffer, bytes.byteOffset + 4, 1)[0] = index
  bytes.writeUInt8(mac.byteLength, 11)
  bytes.set(mac, 12)
  return bytes
}
