import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainBindError, parseHolders } from './bind-error.ts'
import { openDeviceSocket } from './device-socket.ts'

const refused = (code: string): Error => Object.assign(new Error(code), { code })

test('parseHolders() names each program once', () => {
  const output = [
    'UNCONN 0 0 10.0.0.1%eth1:67 0.0.0.0:* users:(("dnsmasq",pid=812,fd=4))',
    'UNCONN 0 0 0.0.0.0:67 0.0.0.0:* users:(("dnsmasq",pid=812,fd=5),("dhcpd",pid=9,fd=6))',
  ]
  assert.deepEqual(parseHolders(output.join('\n')), ['dnsmasq (pid 812)', 'dhcpd (pid 9)'])
})

test('explainBindError() says who has the port and what to do', async (t) => {
  const options = { interface: 'lo', address: '127.0.0.1', port: 40_067 }
  const { socket } = await openDeviceSocket(options)
  t.after(() => socket.close())
  const error = await openDeviceSocket(options).then(
    () => assert.fail('it was bound twice'),
    (cause: unknown) => explainBindError(cause, { protocol: 'udp', port: options.port, action: 'serve DHCP on lo' }),
  )
  assert.match(
    error.message,
    new RegExp(`^Cannot serve DHCP on lo: UDP port 40067 is in use by .+ \\(pid ${process.pid}\\);`),
  )
  assert.equal(error.code, 'EADDRINUSE')
})

test('explainBindError() says which right is missing', async () => {
  const error = await explainBindError(refused('EACCES'), { protocol: 'udp', port: 67, action: 'serve DHCP on eth1' })
  const advice = 'run it as root, or with CAP_NET_BIND_SERVICE'
  assert.equal(error.message, `Cannot serve DHCP on eth1: no permission for UDP port 67; ${advice}`)
  assert.equal(error.name, 'PermissionError')
})
