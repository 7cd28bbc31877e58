/** Says which archive a directory of changes is above: another one of the same name has another size or time. */
export function archiveKey({ size, mtimeNs }: { readonly size: bigint; readonly mtimeNs: bigint }): string {
  return `${size.toString(36)}-${mtimeNs.toString(36)}`
}
