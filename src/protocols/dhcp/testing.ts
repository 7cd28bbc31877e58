import { macToBytes } from '../../net/mac.ts'
import { type MessageType, option, rawOption } from './options.ts'
import type { DhcpMessage } from './packet.ts'

/** A client's message, as the tests of this folder need it: a broadcast of one machine, with what is named changed. */
export function clientMessage(
  type: MessageType | undefined,
  { options = [], mac = '52:54:00:12:34:56', ...fields }: ClientMessageFields = {},
): DhcpMessage {
  return {
    operation: 'request',
    hardwareType: 1,
    hardwareAddress: macToBytes(mac),
    hops: 0,
    transactionId: 0x1d3e5f7a,
    seconds: 0,
    broadcast: false,
    clientAddress: '0.0.0.0',
    yourAddress: '0.0.0.0',
    nextServer: '0.0.0.0',
    relayAddress: '0.0.0.0',
    serverName: '',
    bootFile: '',
    ...fields,
    options: new Map([...(type === undefined ? [] : [rawOption(option.messageType, type)]), ...options]),
  }
}

export interface ClientMessageFields extends Partial<Omit<DhcpMessage, 'options' | 'hardwareAddress'>> {
  readonly mac?: string
  readonly options?: readonly (readonly [number, Uint8Array])[]
}
