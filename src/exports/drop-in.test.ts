import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropIn, stateOf } from './drop-in.ts'

const wanted = dropIn({ daemon: 'dnsmasq', comment: '#', body: 'dhcp-authoritative\n' }, 'netroot.yaml')

test('dropIn() says where the file comes from, and how to make it anew', () => {
  assert.match(wanted, /^# Made by `netroot config export dnsmasq` from netroot\.yaml\./)
  assert.match(wanted, /\n\ndhcp-authoritative\n$/)
})

test('stateOf() knows its own files, older ones, changed ones and those of others', () => {
  const older = dropIn({ daemon: 'dnsmasq', comment: '#', body: 'log-dhcp\n' }, 'netroot.yaml')
  assert.equal(stateOf(wanted, wanted), 'same')
  assert.equal(stateOf(older, wanted), 'outdated')
  assert.equal(stateOf(`${older}# mine\n`, wanted), 'changed-by-hand')
  assert.equal(stateOf('log-dhcp\n', wanted), 'foreign')
})
