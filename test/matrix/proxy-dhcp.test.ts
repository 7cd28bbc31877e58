import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { Neighbour } from '../vm/neighbour.ts'
import { eventOf, serveDebian, showWhatFailed } from '../vm/served.ts'

/* UEFI firmware's own PXE beside a dnsmasq that gives the addresses, and with the menu that it shows itself. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

const MENU = 'menu: { timeout: 2s, entries: [second, local], shownBy: firmware }'
const PROFILES = `  second: { inherit: debian, cmdline: netroot-test=second }
  pick: { ${MENU} }
default: pick`

describe('proxyDHCP and the firmware of UEFI', { timeout: 600_000 }, () => {
  test('OVMF boots beside dnsmasq, with the boot file of netroot', async () => {
    const lab = (served = await serveDebian({ firmware: 'uefi', config: 'dhcp: proxy' }))
    const router = await Neighbour.plugIn(lab.lab, 'router', [{ bridge: 'br0', address: '10.77.0.2/24' }])
    await router.dnsmasq('10.77.0.50,10.77.0.60')
    await lab.lab.powerOn({ name: 'pc1', firmware: 'uefi' })
    const lease = await eventOf(lab, 'report.lease', { timeoutMs: 200_000 })
    assert.equal(lease.server, '10.77.0.2')
    await eventOf(lab, 'report.switch', { timeoutMs: 120_000 })
    assert.ok(!lab.events.some(({ event }) => event.type === 'dhcp.ack'), 'netroot gave no address')
  })

  for (const dhcp of ['server', 'proxy'] as const) {
    test(`OVMF shows the menu, and boots its first entry when its time is over (dhcp: ${dhcp})`, async () => {
      const lab = (served = await serveDebian({ firmware: 'uefi', config: `${PROFILES}\ndhcp: ${dhcp}` }))
      if (dhcp === 'proxy') {
        const router = await Neighbour.plugIn(lab.lab, 'router', [{ bridge: 'br0', address: '10.77.0.2/24' }])
        await router.dnsmasq('10.77.0.50,10.77.0.60')
      }
      await lab.lab.powerOn({ name: 'pc1', firmware: 'uefi' })
      const menu = await eventOf(lab, 'boot.menu', { timeoutMs: 120_000 })
      assert.deepEqual(menu.entries, ['second', 'local'])
      assert.equal((await eventOf(lab, 'boot.chosen', { timeoutMs: 60_000 })).profile, 'second')
      await eventOf(lab, 'report.switch', { timeoutMs: 200_000 })
      assert.equal(lab.events.filter(({ event }) => event.type === 'boot.menu').length, 1, 'iPXE asks nobody again')
    })
  }
})
