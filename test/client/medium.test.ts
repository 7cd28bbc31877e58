import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, CARD, PLAN, SHELLS } from './machine.ts'

for (const shell of SHELLS) {
  test(`${shell}: the address of a boot medium goes to the card that the machine booted from; nobody is asked`, () => {
    const second = { ...CARD, name: 'eth1', mac: '52:54:00:12:34:57' }
    const { commands } = boot(shell, {
      plan: PLAN,
      cards: [CARD, second],
      commandLine: 'BOOTIF=01-52-54-00-12-34-57 ip=10.1.0.7::10.1.0.1:255.255.255.0:::none',
    })
    assert.ok(commands.includes('ip address add 10.1.0.7/24 broadcast + dev eth1'))
    assert.ok(commands.includes('ip route add default via 10.1.0.1 dev eth1'))
    assert.ok(!commands.some((line) => line.startsWith('udhcpc')))
  })
}
