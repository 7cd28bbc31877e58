/*
 * A load of TFTP clients for the benchmark, in a process of its own: `node bench/tftp-load.ts JSON`. It makes the
 * system's calls itself through node:ffi and blocks in them, so that what it costs per block is what a client in C costs.
 */
import { dlopen } from 'node:ffi'

/** What is to be fetched. */
export interface TftpLoad {
  /** IPv4 address of the server. */
  readonly host: string
  readonly port: number
  readonly file: string
  /** Bytes of the file, to see that it came whole. */
  readonly size: number
  /** Clients at the same time, each with a port of its own. */
  readonly clients: number
  readonly blockSize: number
  /** 1 asks for no window at all, as old firmware. */
  readonly windowSize: number
}

/** What it came to. */
export interface TftpLoadResult {
  readonly seconds: number
  /** Requests and acknowledgements that were sent again because nothing came for a second. */
  readonly repeated: number
  /** CPU seconds of the clients: near `seconds`, they and not the server are what is measured. */
  readonly clientCpuSeconds: number
}

const { functions: libc } = dlopen('libc.so.6', {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
  connect: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  send: { arguments: ['i32', 'pointer', 'u64', 'i32'], return: 'i64' },
  sendto: { arguments: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'u32'], return: 'i64' },
  recvfrom: { arguments: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'pointer'], return: 'i64' },
  poll: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

const AF_INET = 2
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const MSG_DONTWAIT = 0x40
const POLLIN = 1
const POLLFD_BYTES = 8
const ACK_BYTES = 4n

/** Seconds without an answer, in all. */
const MOST_REPEATS = 20
/** All clients read into one buffer: they run one after the other. */
const datagram = Buffer.alloc(66_000)
const from = Buffer.alloc(16)
const fromLength = Buffer.alloc(4)

/** One transfer, RFC 1350 with RFC 2348 and RFC 7440, from the receiver's side. */
class Fetch {
  readonly fd: number
  readonly #load: TftpLoad
  readonly #ack = Buffer.from([0, 4, 0, 0])
  #connected = false
  /** Blocks received in order. */
  #block = 0
  #bytes = 0
  #acknowledged = 0
  #outOfOrder = false
  /** As agreed: a server may not know windows, and answers with less than was asked for. */
  #window = 1
  done = false
  repeated = 0

  constructor(load: TftpLoad) {
    this.#load = load
    this.fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
    const size = Buffer.alloc(4)
    size.writeUInt32LE(1 << 20)
    libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, size, 4)
    const second = Buffer.alloc(16)
    second.writeBigInt64LE(1n)
    libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, second, 16)
    this.#request()
  }

  /** Takes what came; false if nothing was there. */
  receive(flags: number): boolean {
    fromLength.writeUInt32LE(16)
    const length = Number(libc.recvfrom(this.fd, datagram, BigInt(datagram.length), flags, from, fromLength))
    if (length < 0) return false
    if (!this.#connected) this.#connect()
    const opcode = datagram.readUInt16BE(0)
    if (opcode === 3) this.#take(datagram.readUInt16BE(2), length - 4)
    else if (opcode === 6) this.#agree(datagram.toString('latin1', 2, length))
    else throw new Error(`Cannot fetch ${this.#load.file}: ${datagram.toString('latin1', 4, length)}`)
    return true
  }
  /** Nothing came for a second. */
  repeat(): void {
    this.repeated += 1
    if (this.repeated > MOST_REPEATS)
      throw new Error(`Cannot fetch ${this.#load.file}: ${this.#bytes} bytes, then silence`)
    if (this.#connected) this.#acknowledge()
    else this.#request()
  }
  close(): void {
    libc.close(this.fd)
  }

  #request(): void {
    const { file, host, port, blockSize, windowSize } = this.#load
    const options = blockSize === 512 && windowSize === 1 ? '' : `blksize\0${blockSize}\0`
    const window = windowSize === 1 ? '' : `windowsize\0${windowSize}\0`
    const request = Buffer.from(`\0\x01${file}\0octet\0${options}${window}`)
    libc.sendto(this.fd, request, BigInt(request.length), 0, socketAddress(host, port), 16)
  }
  #connect(): void {
    libc.connect(this.fd, from, 16)
    this.#connected = true
  }
  #agree(options: string): void {
    this.#window = Number(/(?:^|\0)windowsize\0(\d+)/i.exec(options)?.[1] ?? 1)
    this.#acknowledge()
  }
  #take(block: number, length: number): void {
    if (block !== ((this.#block + 1) & 0xffff)) return this.#missed()
    this.#outOfOrder = false
    this.#block += 1
    this.#bytes += length
    this.done = length < this.#load.blockSize
    if (this.done || this.#block - this.#acknowledged >= this.#window) this.#acknowledge()
    if (this.done && this.#bytes !== this.#load.size) throw new Error(`Got ${this.#bytes} of ${this.#load.size} bytes`)
  }
  /** A gap is told once: RFC 7440 §4. */
  #missed(): void {
    if (!this.#outOfOrder) this.#acknowledge()
    this.#outOfOrder = true
  }
  #acknowledge(): void {
    this.#ack.writeUInt16BE(this.#block & 0xffff, 2)
    this.#acknowledged = this.#block
    libc.send(this.fd, this.#ack, ACK_BYTES, 0)
  }
}

/** `struct sockaddr_in`, on a processor that puts the low byte first. */
function socketAddress(host: string, port: number): Buffer {
  const address = Buffer.alloc(16)
  address.set([AF_INET, 0, port >> 8, port & 0xff, ...host.split('.').map(Number)])
  return address
}

function fetchOne(load: TftpLoad): number {
  const fetch = new Fetch(load)
  while (!fetch.done) if (!fetch.receive(0)) fetch.repeat()
  fetch.close()
  return fetch.repeated
}

function fetchMany(load: TftpLoad): number {
  const running = Array.from({ length: load.clients }, () => new Fetch(load))
  const polled = Buffer.alloc(running.length * POLLFD_BYTES)
  let left = running.length
  running.forEach(({ fd }, index) => {
    polled.writeInt32LE(fd, index * POLLFD_BYTES)
    polled.writeInt16LE(POLLIN, index * POLLFD_BYTES + 4)
  })
  while (left > 0) {
    const ready = libc.poll(polled, BigInt(running.length), 1000)
    for (const [index, fetch] of running.entries()) {
      if (fetch.done) continue
      if (ready === 0) fetch.repeat()
      if (polled.readInt16LE(index * POLLFD_BYTES + 6) === 0) continue
      while (!fetch.done && fetch.receive(MSG_DONTWAIT));
      if (!fetch.done) continue
      left -= 1
      polled.writeInt32LE(-1, index * POLLFD_BYTES) // poll() leaves it out
    }
  }
  for (const fetch of running) fetch.close()
  return running.reduce((sum, fetch) => sum + fetch.repeated, 0)
}

function main(load: TftpLoad): TftpLoadResult {
  const began = performance.now()
  const cpu = process.cpuUsage()
  const repeated = load.clients === 1 ? fetchOne(load) : fetchMany(load)
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - began) / 1000, repeated, clientCpuSeconds: (user + system) / 1e6 }
}

if (import.meta.main) process.stdout.write(JSON.stringify(main(JSON.parse(process.argv[2] ?? '') as TftpLoad)))
