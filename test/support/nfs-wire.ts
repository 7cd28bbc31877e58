import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { RecordAssembler } from '../../src/protocols/rpc/record.ts'

const RECORD_BYTES = 2 * 1024 * 1024

/** A connection on which whole replies are waited for. */
export class Wire implements AsyncDisposable {
  readonly socket: Socket
  readonly #assembler = new RecordAssembler(RECORD_BYTES)

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }
  private constructor(socket: Socket) {
    this.socket = socket
  }
  async answer(record: Uint8Array, pieceBytes = Infinity): Promise<Buffer> {
    const mark = Buffer.alloc(4)
    mark.writeUInt32BE(0x8000_0000 + record.byteLength)
    const bytes = Buffer.concat([mark, record])
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) this.socket.write(bytes.subarray(at, at + pieceBytes))
    return await this.receive()
  }
  async receive(): Promise<Buffer> {
    for (;;) {
      const record = this.#assembler.next()
      if (record !== undefined) return record
      const [chunk] = (await once(this.socket, 'data')) as [Buffer]
      this.#assembler.push(chunk)
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
  }
}
