import type { ByteString } from '../../../wire/bytestring.ts'

/** Who has mounted what, as far as the server has been told. */
export interface Mounted {
  readonly address: string
  /** As it was asked for, with single slashes. */
  readonly path: ByteString
}

/** Directories of one machine, and of all: a list for people, so the oldest give way. */
const PER_ADDRESS = 64
const IN_ALL = 1024

/**
 * The list that DUMP gives, RFC 1813 §5.2.2. Nothing depends on it: a handle is good without. A machine that was switched
 * off stays on it, and clients of version 4 never come on it.
 */
export class MountList {
  /** The paths of each address; the address that mounted last is last. */
  readonly #paths = new Map<string, Set<ByteString>>()
  #count = 0

  add(address: string, path: ByteString): void {
    const paths = this.#paths.get(address) ?? new Set<ByteString>()
    this.#paths.delete(address)
    this.#paths.set(address, paths)
    this.#drop(paths, path)
    if (paths.size >= PER_ADDRESS) this.#dropOldest(paths)
    paths.add(path)
    this.#count += 1
    if (this.#count > IN_ALL) this.#dropFirstAddress()
  }

  /** UMNT: nothing happens where it is not on the list. */
  remove(address: string, path: ByteString): void {
    const paths = this.#paths.get(address)
    if (paths === undefined) return
    this.#drop(paths, path)
    if (paths.size === 0) this.#paths.delete(address)
  }

  /** UMNTALL: all of a machine. */
  removeAll(address: string): void {
    this.#count -= this.#paths.get(address)?.size ?? 0
    this.#paths.delete(address)
  }

  *[Symbol.iterator](): IterableIterator<Mounted> {
    for (const [address, paths] of this.#paths) for (const path of paths) yield { address, path }
  }

  #dropFirstAddress(): void {
    const [address] = this.#paths.keys()
    if (address !== undefined) this.removeAll(address)
  }
  #dropOldest(paths: Set<ByteString>): void {
    const [oldest] = paths
    if (oldest !== undefined) this.#drop(paths, oldest)
  }
  #drop(paths: Set<ByteString>, path: ByteString): void {
    if (paths.delete(path)) this.#count -= 1
  }
}
