import { isIpv4 } from '../net/ipv4.ts'
import { UsageError } from './failure.ts'

/** An address and a port to listen on; port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/**
 * Reads `--listen ADDR:PORT`, `ADDR` or `:PORT`.
 *
 * @throws {UsageError} if it is none of these
 */
export function parseListen(text: string, defaultPort: number): ListenAddress {
  const match = /^([^:]*)(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] === '' ? '0.0.0.0' : match?.[1]
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  if (host === undefined || !isIpv4(host) || port > 65_535) {
    throw new UsageError(`Cannot listen on "${text}", want ADDRESS:PORT such as 127.0.0.1:${defaultPort}`)
  }
  return { host, port }
}

/**
 * Prints the one line that says a service is ready, then keeps it until the process is told to stop (SIGINT, SIGTERM).
 */
export async function serveUntilSignal(server: AsyncDisposable, address: ListenAddress): Promise<void> {
  const stopped = stopSignal() // first: who reads the line may end the server at once
  process.stdout.write(`listening on ${address.host}:${address.port}\n`)
  await stopped
  await server[Symbol.asyncDispose]()
}

/** Resolves with the name of the first SIGINT or SIGTERM. A second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name))
  })
}
