import { type RpcProgram, type Procedure, nullProcedure } from './program.ts'

const PORTMAPPER = 100_000
const PORTMAPPER_VERSION = 2
const TCP = 6
const GETPORT = 3

/**
 * The two procedures of the portmapper, RFC 1833 §3, that a client needs who was told this port instead of 111: NULL
 * and GETPORT. The programs it knows are those served on the same port.
 */
export function portmapperProgram(programs: readonly RpcProgram[], port: () => number): RpcProgram {
  const getPort: Procedure = ({ args, reply }) => {
    const program = args.u32('program')
    const version = args.u32('version')
    const protocol = args.u32('protocol')
    const known = programs.some(({ number, versions }) => number === program && versions.has(version))
    reply.u32(known && protocol === TCP ? port() : 0)
    return undefined
  }
  const procedures: Procedure[] = []
  procedures[0] = nullProcedure
  procedures[GETPORT] = getPort
  return { number: PORTMAPPER, name: 'portmapper', versions: new Map([[PORTMAPPER_VERSION, procedures]]) }
}
