const SHIFTED = new Map(
  Object.entries({
    '!': '1',
    '@': '2',
    '#': '3',
    $: '4',
    '%': '5',
    '^': '6',
    '&': '7',
    '*': '8',
    '(': '9',
    ')': '0',
    _: 'minus',
    '+': 'equal',
    '{': 'bracket_left',
    '}': 'bracket_right',
    ':': 'semicolon',
    '"': 'apostrophe',
    '~': 'grave_accent',
    '|': 'backslash',
    '<': 'comma',
    '>': 'dot',
    '?': 'slash',
  }),
)

const PLAIN = new Map(
  Object.entries({
    ' ': 'spc',
    '\n': 'ret',
    '\t': 'tab',
    '-': 'minus',
    '=': 'equal',
    '[': 'bracket_left',
    ']': 'bracket_right',
    ';': 'semicolon',
    "'": 'apostrophe',
    '`': 'grave_accent',
    '\\': 'backslash',
    ',': 'comma',
    '.': 'dot',
    '/': 'slash',
  }),
)

/**
 * The keys of an American keyboard that type one character, by QEMU's names (QKeyCode).
 *
 * @throws {RangeError} if that keyboard has no such character
 */
export function keysFor(character: string): readonly string[] {
  if (/^[a-z0-9]$/.test(character)) return [character]
  if (/^[A-Z]$/.test(character)) return ['shift', character.toLowerCase()]
  const plain = PLAIN.get(character)
  if (plain !== undefined) return [plain]
  const shifted = SHIFTED.get(character)
  if (shifted !== undefined) return ['shift', shifted]
  throw new RangeError(`Cannot type ${JSON.stringify(character)}: it is on no key of an American keyboard`)
}
