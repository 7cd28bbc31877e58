/**
 * Files that loaders ask for and do without: PXELINUX goes through names of configurations, shim looks for newer
 * revocations and for keys, GRUB for lists of modules that it has built in, and for pictures of letters.
 */
const OPTIONAL = [
  /^pxelinux\.cfg\//,
  /^(?:.*\/)?(?:revocations\w*|shim_certificate_\d+)\.efi$/,
  /^grub\/.*\.(?:lst|mod|pf2|mo|gmo)$/,
  /^grub\/grub\.cfg-/,
  // a Raspberry Pi asks for all that it could use, below its serial number and then above it
  /^(?:[0-9a-f]{8}\/)?(?:recover4?\.elf|pieeprom\.\w+|vl805\.\w+|dt-blob\.bin|bootcfg\.txt|armstub8\S*\.bin|overlays\/\S+)$/,
]

/** Is it of no matter that a file of that name is not there? */
export function isOptional(path: string): boolean {
  const name = path.replaceAll('\\', '/').replace(/^\/+/, '')
  return OPTIONAL.some((pattern) => pattern.test(name))
}
