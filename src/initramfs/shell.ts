/**
 * An assignment that sh reads back as it was given: in single quotes nothing is special but the quote itself, which is
 * closed, escaped and opened again.
 *
 * @throws {TypeError} if the name is none that sh has, or the value holds a NUL
 */
export function shellAssignment(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`Cannot write for sh: "${name}" is no name`)
  if (value.includes('\0')) throw new TypeError(`Cannot write for sh: the value of ${name} holds a NUL`)
  return `${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`
}
