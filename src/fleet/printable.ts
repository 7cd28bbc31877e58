/**
 * Text from the network without what terminals obey: control characters and those that turn the direction of writing.
 * Line ends and tabs stay where `keepLines` says so, a tab as a blank.
 */
export function printable(text: string, keepLines = false): string {
  const lines = text.replaceAll('\r\n', '\n')
  return lines.replace(/[\p{Cc}\p{Cf}]/gu, (found) => {
    if (found === '\n') return keepLines ? found : ' '
    return found === '\t' ? ' ' : ''
  })
}
