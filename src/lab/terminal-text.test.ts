import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TerminalText } from './terminal-text.ts'

// What SeaBIOS, iPXE and systemd write: mode, clear, colours, a title, carriage returns, a character of two bytes.
const RAW =
  '\u001bc\u001b[?7l\u001b[2J\u001b[0mSeaBIOS\r\n\u001b[0;1miPXE\u001b[0m ok\u001b[01;01HBoot\u001b]0;title\u0007 für pc1\r\n'
const PLAIN = 'SeaBIOS\niPXE ok\nBoot für pc1\n'

test('TerminalText.push() leaves plain lines, wherever the bytes are cut', () => {
  const bytes = new TextEncoder().encode(RAW)
  for (let cut = 0; cut <= bytes.length; cut++) {
    const terminal = new TerminalText()
    assert.equal(terminal.push(bytes.subarray(0, cut)) + terminal.push(bytes.subarray(cut)), PLAIN)
  }
})

test('TerminalText.push() keeps empty lines and tabs, and drops other control characters', () => {
  assert.equal(new TerminalText().push(Buffer.from('a\r\n\r\n\tb\u0000\u0007\b')), 'a\n\n\tb')
})
