/*
 * A portmapper: `node portmapper.ts ADDRESS PORT NFS-PORT`. klibc's nfsmount, which Debian's own initramfs mounts its root
 * with, is told the port of NFS but asks port 111 for that of MOUNT; netroot serves both on one port and needs no 111.
 */
import { portmapperProgram } from '../src/protocols/rpc/portmapper.ts'
import type { RpcProgram } from '../src/protocols/rpc/program.ts'
import { RpcServer } from '../src/protocols/rpc/server.ts'

const [host = '127.0.0.1', port = '111', nfsPort = '2049'] = process.argv.slice(2)

function registered(number: number, name: string): RpcProgram {
  return { number, name, versions: new Map([[3, []]]) }
}

const programs = [registered(100_003, 'nfs'), registered(100_005, 'mount')]
const server = await RpcServer.listen({
  host,
  port: Number(port),
  programs: [portmapperProgram(programs, () => Number(nfsPort))],
})
process.stdout.write(`listening on ${host}:${server.port}\n`)
