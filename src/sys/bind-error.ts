import { run } from './run.ts'

/** A port that cannot be had, and what to do about it. `reportFailure` ends with status 77 when a permission is missing. */
export class BindError extends Error {
  /** The system's name of the error, such as `EADDRINUSE`. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.name = code === 'EACCES' || code === 'EPERM' ? 'PermissionError' : 'BindError'
    this.code = code
  }
}

/** The socket that could not be bound. */
export interface WantedPort {
  readonly protocol: 'udp' | 'tcp'
  readonly port: number
  /** What it is for, as a sentence goes on after "Cannot": `serve DHCP on eth1`. */
  readonly action: string
}

/** Makes of a failed bind an error that says who holds the port, or which right is missing, and what to do next. */
export async function explainBindError(error: unknown, { protocol, port, action }: WantedPort): Promise<BindError> {
  const code = codeOf(error)
  const where = `${protocol.toUpperCase()} port ${port}`
  if (code === 'EADDRINUSE') {
    const holders = await portHolders(protocol, port)
    const advice = `stop it, or have it leave this interface alone (see: ss -l${protocol[0]}np 'sport = :${port}')`
    return new BindError(`Cannot ${action}: ${where} is in use by ${holders}; ${advice}`, code)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const advice = 'run it as root, or with CAP_NET_BIND_SERVICE'
    return new BindError(`Cannot ${action}: no permission for ${where}; ${advice}`, code)
  }
  if (code === 'EADDRNOTAVAIL') {
    const advice = 'see which ones it has with: ip -br address'
    return new BindError(`Cannot ${action}: this machine does not have that address; ${advice}`, code)
  }
  return new BindError(`Cannot ${action} (${where})`, code, { cause: error })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}

/** The programs that listen on a port, such as `dnsmasq (pid 812)`, as far as `ss` may tell us. */
async function portHolders(protocol: 'udp' | 'tcp', port: number): Promise<string> {
  try {
    const output = await run('ss', ['-H', '-n', '-l', '-p', protocol === 'udp' ? '-u' : '-t', `sport = :${port}`])
    return parseHolders(output.toString()).join(' and ') || 'a program of another user'
  } catch {
    return 'another program'
  }
}

/** Reads `users:(("dnsmasq",pid=812,fd=4),…)` out of the lines of `ss -p`. */
export function parseHolders(output: string): string[] {
  const found = [...output.matchAll(/\("((?:[^"\\]|\\.)*)",pid=(\d+)/g)].map(([, name, pid]) => `${name} (pid ${pid})`)
  return [...new Set(found)]
}
