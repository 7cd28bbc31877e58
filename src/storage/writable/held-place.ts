import { closeSync } from 'node:fs'
import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import { asTreeError } from './errors.ts'
import { checkName } from './names.ts'
import type { Nodes } from './nodes.ts'

/** A name in a directory that is held open, whoever moves it meanwhile. */
export interface HeldPlace {
  /** O_PATH, of the directory. */
  readonly fd: number
  readonly path: Buffer
}

/**
 * Does something with a name of which there may be nothing yet, or anything.
 *
 * @param call its slow parts belong to the thread pool: a file system that is busy writing makes changes wait
 * @throws {StaleNodeError} and {@link TreeError}
 */
export async function atPlace<T>(
  nodes: Nodes,
  directory: NodeId,
  name: ByteString,
  call: (place: HeldPlace) => Promise<T>,
): Promise<T> {
  const place = await nodes.use(() => {
    checkName(name)
    return holdPlace(nodes, directory, name)
  })
  return during([place.fd], () => call(place))
}

/** To be closed. @throws as `Resolver.hold` */
export function holdPlace(nodes: Nodes, directory: NodeId, name: ByteString): HeldPlace {
  const fd = nodes.resolver.hold(directory)
  return { fd, path: Buffer.from(`/proc/self/fd/${fd}/${name}`, 'latin1') }
}

/** Both, or none. */
export function holdPlaces(
  nodes: Nodes,
  [first, firstName]: readonly [NodeId, ByteString],
  [second, secondName]: readonly [NodeId, ByteString],
): readonly [HeldPlace, HeldPlace] {
  const one = holdPlace(nodes, first, firstName)
  try {
    return [one, holdPlace(nodes, second, secondName)]
  } catch (error) {
    closeSync(one.fd)
    throw error
  }
}

/** Does something, and closes these descriptors. @throws {TreeError} where the system has a word for what went wrong */
export async function during<T>(fds: readonly number[], call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw asTreeError(error)
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}
