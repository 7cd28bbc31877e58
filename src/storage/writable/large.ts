/** Bytes from which on a file system takes a while to have the blocks of a file back. */
export const LARGE = 4 * 2 ** 20
/** Of `st_blocks`. */
export const BLOCK = 512
