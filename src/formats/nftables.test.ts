import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ruleset } from './nftables.ts'

const BASE = { family: 'inet', table: 'filter', name: 'input', type: 'filter', hook: 'input', prio: 0 }
const rule = (...expr: readonly object[]) => ({ rule: { family: 'inet', table: 'filter', chain: 'input', expr } })
const dport = (right: unknown, op = '==', protocol = 'udp') => ({
  match: { op, left: { payload: { protocol, field: 'dport' } }, right },
})
const PACKET = { interface: 'eth1', protocol: 'udp', port: 69 } as const

/** The fate of a packet in one chain with these rules. */
function fate(policy: string, ...rules: readonly object[]): string {
  const nftables = [{ metainfo: {} }, { chain: { ...BASE, policy } }, ...rules]
  return new Ruleset(JSON.stringify({ nftables })).fateOf(PACKET).fate
}

test('Ruleset.fateOf() follows policy and rules, the first that matches', () => {
  assert.equal(new Ruleset('{"nftables":[]}').fateOf(PACKET).fate, 'open')
  assert.equal(fate('accept'), 'open')
  assert.equal(fate('drop'), 'dropped')
  assert.equal(fate('drop', rule(dport(69), { accept: null })), 'open')
  assert.equal(fate('drop', rule(dport({ set: [67, { range: [60, 70] }] }), { counter: {} }, { accept: null })), 'open')
  assert.equal(fate('accept', rule(dport(69, '!='), { drop: null })), 'open')
  assert.equal(fate('accept', rule(dport(22, '!='), { reject: null })), 'dropped')
  assert.equal(fate('accept', rule(dport(22, '!=', 'tcp'), { drop: null })), 'open', 'it is no TCP')
  assert.equal(fate('accept', rule({ drop: null }), rule(dport(69), { accept: null })), 'dropped')
})

test('Ruleset.fateOf() says "maybe" where a rule asks for what is not known', () => {
  const from = { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right: '10.0.0.7' } }
  assert.equal(fate('drop', rule(from, { accept: null })), 'maybe')
  assert.equal(fate('accept', rule(from, { drop: null })), 'maybe')
  assert.equal(fate('accept', rule(from, { accept: null })), 'open')
  assert.equal(fate('drop', rule(dport('@ports'), { accept: null })), 'maybe')
  assert.equal(fate('drop', rule({ limit: { rate: 5 } }, { accept: null })), 'maybe')
  assert.equal(fate('drop', rule(from, { accept: null }), rule(dport(69), { accept: null })), 'open')
})

test('Ruleset.fateOf() ends in chains that call each other', () => {
  const again = rule({ jump: { target: 'input' } })
  assert.equal(fate('drop', again), 'maybe')
})

test('Ruleset refuses what is no ruleset', () => {
  for (const text of ['[]', '{}', 'null']) assert.throws(() => new Ruleset(text), TypeError)
})
