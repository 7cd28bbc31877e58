import { constants } from 'node:fs'
import { dlopen, toString as textAt } from 'node:ffi'

/** A file that is open, as libnfs has it. */
export type OpenFile = bigint
/** What a call came to: a count or 0, negative if it failed; and what it brought, good only now. */
type Done = (result: number, data: bigint) => void

const NOTHING = 0n
const POLL_MS = 30_000
/** struct pollfd */
const POLLFD_BYTES = 8
/** struct timeval of a 64-bit system */
const TIMEVAL_BYTES = 16

const { functions: nfs, lib } = dlopen('libnfs.so.13', {
  nfs_init_context: { arguments: [], return: 'pointer' },
  nfs_destroy_context: { arguments: ['pointer'], return: 'void' },
  nfs_parse_url_dir: { arguments: ['pointer', 'string'], return: 'pointer' },
  nfs4_set_client_name: { arguments: ['pointer', 'string'], return: 'void' },
  nfs_mount: { arguments: ['pointer', 'string', 'string'], return: 'i32' },
  nfs_get_error: { arguments: ['pointer'], return: 'pointer' },
  nfs_get_fd: { arguments: ['pointer'], return: 'i32' },
  nfs_which_events: { arguments: ['pointer'], return: 'i32' },
  nfs_service: { arguments: ['pointer', 'i32'], return: 'i32' },
  nfs_open: { arguments: ['pointer', 'string', 'i32', 'pointer'], return: 'i32' },
  nfs_opendir: { arguments: ['pointer', 'string', 'pointer'], return: 'i32' },
  nfs_readdir: { arguments: ['pointer', 'pointer'], return: 'pointer' },
  nfs_closedir: { arguments: ['pointer', 'pointer'], return: 'void' },
  nfs_open2: { arguments: ['pointer', 'string', 'i32', 'i32', 'pointer'], return: 'i32' },
  nfs_write: { arguments: ['pointer', 'pointer', 'u64', 'pointer'], return: 'i32' },
  nfs_fsync: { arguments: ['pointer', 'pointer'], return: 'i32' },
  nfs_close: { arguments: ['pointer', 'pointer'], return: 'i32' },
  nfs_mkdir2: { arguments: ['pointer', 'string', 'i32'], return: 'i32' },
  nfs_symlink: { arguments: ['pointer', 'string', 'string'], return: 'i32' },
  nfs_link: { arguments: ['pointer', 'string', 'string'], return: 'i32' },
  nfs_lchown: { arguments: ['pointer', 'string', 'i32', 'i32'], return: 'i32' },
  nfs_lutimes: { arguments: ['pointer', 'string', 'pointer'], return: 'i32' },
  nfs_rename: { arguments: ['pointer', 'string', 'string'], return: 'i32' },
  nfs_fstat64_async: { arguments: ['pointer', 'pointer', 'pointer', 'pointer'], return: 'i32' },
  nfs_stat64_async: { arguments: ['pointer', 'string', 'pointer', 'pointer'], return: 'i32' },
  nfs_pread_async: { arguments: ['pointer', 'pointer', 'u64', 'u64', 'pointer', 'pointer'], return: 'i32' },
  nfs_open_async: { arguments: ['pointer', 'string', 'i32', 'pointer', 'pointer'], return: 'i32' },
  nfs_close_async: { arguments: ['pointer', 'pointer', 'pointer', 'pointer'], return: 'i32' },
})
const { functions: libc } = dlopen('libc.so.6', { poll: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' } })

/** What waits for its answer, by a number that libnfs hands back. */
const failures: unknown[] = []
const waiting = new Map<bigint, Done>()
let number = 0n
const answered = lib.registerCallback(
  { arguments: ['i32', 'pointer', 'pointer', 'pointer'], return: 'void' },
  (result, _context, data, told) => {
    const key = addressOf(told)
    const done = waiting.get(key)
    waiting.delete(key)
    try {
      done?.(result, addressOf(data))
    } catch (error) {
      failures.push(error) // it cannot be thrown through libnfs
    }
  },
)

function addressOf(pointer: unknown): bigint {
  return typeof pointer === 'bigint' ? pointer : NOTHING
}

/** Where a server is, and what it exports. */
export interface Mount {
  readonly port: number
  readonly mountPort: number
  readonly path: string
  readonly version: 3 | 4
}

/** One mount of libnfs: one connection. Calls are answered while {@link serve} runs. */
export class LibNfs implements Disposable {
  readonly #context: bigint

  /** @throws {Error} with the words of libnfs */
  constructor({ port, mountPort, path, version }: Mount) {
    this.#context = nfs.nfs_init_context()
    nfs.nfs4_set_client_name(this.#context, `bench-${process.pid}-${++number}`) // a client of its own
    const query = `version=${version}&nfsport=${port}&mountport=${mountPort}&uid=0&gid=0`
    if (nfs.nfs_parse_url_dir(this.#context, `nfs://127.0.0.1${path}?${query}`) === NOTHING) this.#fail('URL')
    this.#check(nfs.nfs_mount(this.#context, '127.0.0.1', path), 'mount')
  }

  get fd(): number {
    return nfs.nfs_get_fd(this.#context)
  }
  get events(): number {
    return nfs.nfs_which_events(this.#context)
  }
  service(events: number): void {
    this.#check(nfs.nfs_service(this.#context, events), 'go on')
  }

  /** Opens a file to read, at once. */
  open(path: string): OpenFile {
    return this.#opened(path, constants.O_RDONLY)
  }
  /** The names in a directory, at once; returns how many. libnfs asks for attributes too. */
  list(path: string): number {
    const room = Buffer.alloc(8)
    this.#check(nfs.nfs_opendir(this.#context, path, room), `list ${path}`)
    const directory = room.readBigUInt64LE()
    let entries = 0
    while (nfs.nfs_readdir(this.#context, directory) !== NOTHING) entries += 1
    nfs.nfs_closedir(this.#context, directory)
    return entries
  }

  /** Writes a new file as dpkg does, at once: under another name, to the medium, then renamed. Returns its length. */
  unpack(path: string, content: Buffer): number {
    const news = `${path}.dpkg-new`
    const file = this.create(news, 0o644)
    this.write(file, content)
    this.#check(nfs.nfs_fsync(this.#context, file), 'fsync')
    this.close(file)
    this.rename(news, path)
    return content.byteLength
  }
  /** The steps of which packages are unpacked, each at once. */
  create(path: string, mode: number): OpenFile {
    const room = Buffer.alloc(8)
    const flags = constants.O_CREAT | constants.O_WRONLY
    this.#check(nfs.nfs_open2(this.#context, path, flags, mode, room), `create ${path}`)
    return room.readBigUInt64LE()
  }
  write(file: OpenFile, content: Buffer): void {
    this.#check(nfs.nfs_write(this.#context, file, BigInt(content.byteLength), content), 'write')
  }
  close(file: OpenFile): void {
    this.#check(nfs.nfs_close(this.#context, file), 'close')
  }
  commit(path: string): void {
    const file = this.#opened(path, constants.O_WRONLY)
    this.#check(nfs.nfs_fsync(this.#context, file), 'fsync')
    this.close(file)
  }
  rename(from: string, to: string): void {
    this.#check(nfs.nfs_rename(this.#context, from, to), `rename ${from}`)
  }
  makeDirectory(path: string, mode: number): void {
    this.#check(nfs.nfs_mkdir2(this.#context, path, mode), `make ${path}`)
  }
  makeSymlink(target: string, path: string): void {
    this.#check(nfs.nfs_symlink(this.#context, target, path), `make ${path}`)
  }
  link(from: string, to: string): void {
    this.#check(nfs.nfs_link(this.#context, from, to), `link ${to}`)
  }
  setOwner(path: string, uid: number, gid: number): void {
    this.#check(nfs.nfs_lchown(this.#context, path, uid, gid), `chown ${path}`)
  }
  /** Both times, in seconds. */
  setTimes(path: string, seconds: number): void {
    const times = Buffer.alloc(TIMEVAL_BYTES * 2)
    for (const at of [0, TIMEVAL_BYTES]) times.writeBigInt64LE(BigInt(seconds), at)
    this.#check(nfs.nfs_lutimes(this.#context, path, times), `set the times of ${path}`)
  }

  getAttributes(file: OpenFile, done: Done): void {
    this.#check(nfs.nfs_fstat64_async(this.#context, file, answered, this.#wait(done)), 'fstat')
  }
  stat(path: string, done: Done): void {
    this.#check(nfs.nfs_stat64_async(this.#context, path, answered, this.#wait(done)), 'stat')
  }
  read(file: OpenFile, offset: number, count: number, done: Done): void {
    const told = this.#wait(done)
    this.#check(nfs.nfs_pread_async(this.#context, file, BigInt(offset), BigInt(count), answered, told), 'read')
  }
  /** Opens, reads and closes a file; `done` gets the bytes that were read. */
  readFile(path: string, count: number, done: Done): void {
    const opened: Done = (_, file) =>
      this.read(file, 0, count, (bytes) => {
        const told = this.#wait(() => done(bytes, NOTHING))
        this.#check(nfs.nfs_close_async(this.#context, file, answered, told), 'close')
      })
    this.#check(nfs.nfs_open_async(this.#context, path, 0, answered, this.#wait(opened)), 'open')
  }

  [Symbol.dispose](): void {
    nfs.nfs_destroy_context(this.#context)
  }

  #opened(path: string, flags: number): OpenFile {
    const room = Buffer.alloc(8)
    this.#check(nfs.nfs_open(this.#context, path, flags, room), `open ${path}`)
    return room.readBigUInt64LE()
  }
  #wait(done: Done): bigint {
    waiting.set(++number, (result, data) => {
      this.#check(result, 'do it')
      done(result, data)
    })
    return number
  }
  #check(result: number, what: string): void {
    if (result < 0) this.#fail(what)
  }
  #fail(what: string): never {
    throw new Error(`Cannot ${what}: ${textAt(nfs.nfs_get_error(this.#context))}`)
  }
}

/** Passes bytes on between these mounts and their servers until `ended` says so. @throws {Error} if nothing comes */
export function serve(mounts: readonly LibNfs[], ended: () => boolean): void {
  const fds = Buffer.alloc(POLLFD_BYTES * mounts.length)
  while (!ended()) {
    mounts.forEach((mount, at) => {
      fds.writeInt32LE(mount.fd, at * POLLFD_BYTES)
      fds.writeInt16LE(mount.events, at * POLLFD_BYTES + 4)
    })
    if (libc.poll(fds, BigInt(mounts.length), POLL_MS) <= 0) throw new Error('Cannot go on: the server is silent')
    mounts.forEach((mount, at) => {
      const events = fds.readInt16LE(at * POLLFD_BYTES + 6)
      if (events !== 0) mount.service(events)
    })
    if (failures.length > 0) throw failures[0]
  }
}
