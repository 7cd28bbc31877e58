import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { NETROOT } from '../support/netroot.ts'

/* What is written for other servers is read by their own check commands. */

const call = promisify(execFile)

const CONFIG = `interface: lo
address: 10.77.0.1
range: 10.77.0.100-10.77.0.199
lease: 12h
router: 10.77.0.254
dns: [10.77.0.53, 9.9.9.9]
ntp: [10.77.0.1]
domain: lab.example
profiles:
  debian: { image: debian }
unknown: ignore
clients:
  pc7: { mac: 52:54:00:00:00:07, address: 10.77.0.7 }
  pc8: { mac: 52:54:00:00:00:08, hostname: eight }
`

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netroot-export-'))
  await writeFile(join(folder, 'netroot.yaml'), CONFIG)
})
after(() => rm(folder, { recursive: true }))

async function exportFor(daemon: string, ...options: string[]): Promise<string> {
  const args = ['config', 'export', daemon, '--config', 'netroot.yaml', '--network', '10.77.0.1/24', ...options]
  return (await call(NETROOT, args, { cwd: folder })).stdout
}

/** Writes the export to a file and has its daemon check it. */
async function checkedBy(file: string, text: string, program: string, ...args: string[]): Promise<string> {
  const path = join(folder, file)
  await writeFile(path, text)
  const { stdout, stderr } = await call(program, [...args, path], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  })
  return stdout + stderr
}

describe('netroot config export', { timeout: 120_000 }, () => {
  test('dnsmasq takes its file, with range, lease, boot files and TFTP [AW20]', async () => {
    const text = await exportFor('dnsmasq', '--tftp-root', '/srv/tftp')
    assert.match(await checkedBy('dnsmasq.conf', text, 'dnsmasq', '--test', '-C'), /syntax check OK/)
    assert.match(text, /^dhcp-range=10\.77\.0\.100,10\.77\.0\.199,255\.255\.255\.0,43200$/m)
    assert.match(text, /^enable-tftp\ntftp-root=\/srv\/tftp$/m)
    assert.match(text, /^dhcp-host=52:54:00:00:00:07,set:netroot-named,10\.77\.0\.7,pc7$/m)
    assert.match(text, /^dhcp-boot=tag:netroot-ipxe,http:\/\/10\.77\.0\.1\/boot\.ipxe,,10\.77\.0\.1$/m)
  })

  test('dnsmasq takes a file that only says what to boot, beside another server', async () => {
    const text = await exportFor('dnsmasq', '--proxy')
    assert.match(await checkedBy('proxy.conf', text, 'dnsmasq', '--test', '-C'), /syntax check OK/)
    assert.match(text, /^dhcp-range=10\.77\.0\.0,proxy,255\.255\.255\.0$/m)
    assert.doesNotMatch(text, /dhcp-host|option:router/)
  })

  test('ISC dhcpd takes its file [AW25]', async () => {
    const text = await exportFor('dhcpd')
    await checkedBy('dhcpd.conf', text, 'dhcpd', '-4', '-t', '-cf')
    assert.match(text, /^allow booting;\nallow bootp;$/m)
    assert.match(text, /next-server 10\.77\.0\.1;/)
    assert.match(text, /^host pc7 \{ hardware ethernet 52:54:00:00:00:07; fixed-address 10\.77\.0\.7; /m)
    const subnet = 'subnet 10.77.0.0 netmask 255.255.255.0 { }\n'
    await checkedBy('boot-only.conf', subnet + (await exportFor('dhcpd', '--boot-only')), 'dhcpd', '-4', '-t', '-cf')
  })

  test('Kea takes its file, and its list of classes alone', async () => {
    await checkedBy('kea.conf', await exportFor('kea'), 'kea-dhcp4', '-t')
    await writeFile(join(folder, 'classes.json'), await exportFor('kea', '--boot-only'))
    const including = `{ "Dhcp4": { "client-classes": <?include "${join(folder, 'classes.json')}"?> } }`
    await checkedBy('including.conf', including, 'kea-dhcp4', '-t')
  })

  for (const [daemon, check, wanted] of [
    [
      'dnsmasq',
      'dnsmasq --test -C',
      [
        /^interface=two\ndhcp-range=set:netroot-network2,10\.78\.0\.100,10\.78\.0\.199,255\.255\.255\.0,3600$/m,
        /^dhcp-option=tag:netroot-network2,option:router$/m,
        /^dhcp-range=set:netroot-network3,10\.9\.0\.10,10\.9\.0\.20,255\.255\.255\.0,43200$/m,
        /^dhcp-option=tag:netroot-network3,option:router,10\.9\.0\.1$/m,
        /^dhcp-boot=tag:netroot-network2,tag:netroot-ipxe,http:\/\/10\.78\.0\.1\/boot\.ipxe,,10\.78\.0\.1$/m,
      ],
    ],
    [
      'dhcpd',
      'dhcpd -4 -t -cf',
      [
        /^subnet 10\.78\.0\.0 netmask 255\.255\.255\.0 \{\n {2}range 10\.78\.0\.100 10\.78\.0\.199;[^}]*next-server 10\.78\.0\.1;/m,
        /^subnet 10\.9\.0\.0 netmask 255\.255\.255\.0 \{[^}]*routers 10\.9\.0\.1;[^}]*next-server 10\.77\.0\.1;/m,
      ],
    ],
    [
      'kea',
      'kea-dhcp4 -t',
      [
        /"interfaces": \[\s*"one",\s*"two"\s*\]/,
        /"subnet": "10\.78\.0\.0\/24"[\s\S]*"subnet": "10\.9\.0\.0\/24"/,
        /"name": "netroot-ipxe-two",\s*"test": "[^"]* and pkt\.iface == 'two'",\s*"next-server": "10\.78\.0\.1"/,
      ],
    ],
  ] as const) {
    test(`${daemon} takes a file with several networks, one of them behind a relay`, async () => {
      const networks = `networks:
  - { interface: two, range: 10.78.0.100-10.78.0.199, lease: 1h }
  - { relayed: 10.9.0.0/24, range: 10.9.0.10-10.9.0.20, router: 10.9.0.1, dns: [] }
`
      await writeFile(join(folder, 'several.yaml'), CONFIG.replace('interface: lo', 'interface: one') + networks)
      const file = join(folder, `several-${daemon}.conf`)
      const script = `for n in 7:one 8:two; do
  ip link add "\${n#*:}" type bridge && ip link set "\${n#*:}" up && ip addr add "10.7\${n%:*}.0.1/24" dev "\${n#*:}"
done
"$0" config export ${daemon} --config several.yaml --write ${file} && PATH=$PATH:/usr/sbin ${check} ${file} 2>&1`
      await call('unshare', ['--net', 'sh', '-ec', script, NETROOT], { cwd: folder })
      const text = await readFile(file, 'utf8')
      for (const pattern of wanted) assert.match(text, pattern)
    })
  }

  test('nginx takes its file', async () => {
    const text = await exportFor('nginx')
    const cache = text
      .replace('/var/cache/nginx-netroot', join(folder, 'cache'))
      .replace('10.77.0.1:80', '127.0.0.1:8099')
    await writeFile(join(folder, 'site.conf'), cache)
    const whole = `pid ${folder}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp { include ${folder}/site.conf; }\n`
    assert.match(await checkedBy('nginx.conf', whole, 'nginx', '-t', '-c'), /syntax is ok[\s\S]*test is successful/)
  })

  test('--write makes the file, makes an old one anew, and spares what somebody has changed', async () => {
    const file = join(folder, 'written.conf')
    assert.match(await exportFor('dnsmasq', '--write', file), /written\.conf written/)
    assert.match(await exportFor('dnsmasq', '--write', file), /is up to date/)
    await exportFor('dnsmasq', '--check', file)
    await writeFile(file, `${await readFile(file, 'utf8')}log-dhcp\n`)
    await assert.rejects(exportFor('dnsmasq', '--write', file), /was changed by hand since it was made[\s\S]*--force/)
    await assert.rejects(exportFor('dnsmasq', '--check', file), { code: 4 })
    await exportFor('dnsmasq', '--write', file, '--force')
    assert.doesNotMatch(await readFile(file, 'utf8'), /log-dhcp/)
  })

  test('an unknown server, or an interface that is not there, is said', async () => {
    await assert.rejects(exportFor('udhcpd'), /Cannot export for "udhcpd", want dnsmasq, dhcpd, kea, nginx/)
    await writeFile(join(folder, 'other.yaml'), CONFIG.replace('interface: lo', 'interface: netroot0'))
    const other = call(NETROOT, ['config', 'export', 'kea', '--config', 'other.yaml'], { cwd: folder })
    await assert.rejects(other, /has no netroot0 with an address.*--network/)
  })
})
