import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../config/load.ts'
import { planTry } from './try-config.ts'

const FILE = `interface: eth7
range: 192.168.5.100-192.168.5.199
router: 192.168.5.1
ports: { http: 8080 }
nfs: kernel
unknown: ignore
profiles:
  lab: { image: debian, cmdline: quiet }
  kiosk: { inherit: lab, cmdline: [nosplash] }
default: lab
clients:
  pc7: { mac: 52:54:00:00:00:07, address: 192.168.5.2, profile: kiosk }
`
const plan = (name?: string) => planTry(parseConfig(FILE, 'netroot.yaml'), name)

test('planTry() moves the configuration onto the lab, and it is still one', () => {
  const { config } = parseConfig(plan().config, 'plan')
  assert.equal(config.interface, 'br0')
  assert.equal(config.ports.http, 80)
  assert.equal(config.nfs.server, 'embedded', 'no file of this host is written')
  assert.deepEqual(config.range, { first: '192.168.5.100', last: '192.168.5.199' })
})

test('planTry() takes an address for the server that is neither the router nor a client', () => {
  assert.equal(plan().address, '192.168.5.3/24')
})

test('planTry() gives the virtual machine the card of the client, and it a serial console', () => {
  const { mac, config, title } = plan('pc7')
  assert.equal(mac, '52:54:00:00:00:07')
  assert.equal(title, 'client pc7')
  assert.deepEqual(parseConfig(config, 'plan').config.clients['pc7']?.cmdline, ['console=tty0', 'console=ttyS0'])
})

test('planTry() makes the profile the default one, for a machine nobody named', () => {
  const { mac, config } = plan('kiosk')
  assert.equal(mac, undefined)
  const parsed = parseConfig(config, 'plan').config
  assert.equal(parsed.default, 'kiosk')
  assert.equal(parsed.unknown, 'boot')
  assert.deepEqual(parsed.profiles['kiosk']?.cmdline, ['nosplash', 'console=tty0', 'console=ttyS0'])
})

test('planTry() names the clients and profiles there are', () => {
  assert.throws(() => plan('pc8'), /Cannot try pc8: .*clients pc7; profiles lab, kiosk/)
})
