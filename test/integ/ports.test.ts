import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'

/* `netroot ports` under real rules, each in a network namespace of its own. */

const CONFIG = `interface: eth1
range: 192.168.50.100-192.168.50.199
profiles: { debian: { image: debian } }
`
const NFT = `table inet filter {
  set lan { type ifname; elements = { "eth1" } }
  chain services { udp dport { 67, 69 } accept; tcp dport 79-81 accept; }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif lo accept
    iifname "eth1" jump services
    iifname @lan tcp dport 2049 accept
    ip protocol icmp accept
  }
}
`

let directory: string

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'netroot-ports-'))
  await writeFile(join(directory, 'netroot.yaml'), CONFIG)
})
after(() => rm(directory, { recursive: true, force: true }))

/** What it prints under these rules, and its status. */
async function portsUnder(rules: string, ...words: readonly string[]): Promise<{ text: string; status: number }> {
  const script = `{ ${rules}; } >&2 && shift && "$@"; echo "status $?"`
  const command = [NETROOT, 'ports', '--config', join(directory, 'netroot.yaml'), ...words]
  const all = (await run('unshare', ['--net', 'sh', '-c', script, 'sh', '-', ...command])).toString()
  return { text: all.slice(0, all.lastIndexOf('status ')), status: Number(all.slice(all.lastIndexOf('status ') + 7)) }
}

test('without rules every port is open [AW23]', async () => {
  const { text, status } = await portsUnder('true')
  assert.equal(status, 0)
  for (const port of ['udp 67', 'udp 4011', 'udp 69', 'tcp 80', 'tcp 2049', 'udp 514'])
    assert.match(text, new RegExp(`^${port} +open +\\w`, 'm'))
  assert.match(text, /from their UDP port 68/)
})

test('ports that nftables drops are named, with what opens them, and that does [AW23]', async () => {
  const file = join(directory, 'rules.nft')
  await writeFile(file, NFT)
  const { text, status } = await portsUnder(`nft -f ${file}`)
  assert.equal(status, 1)
  for (const port of ['udp 67', 'udp 69', 'tcp 80']) assert.match(text, new RegExp(`^${port} +open`, 'm'))
  assert.match(text, /^tcp 2049 +perhaps dropped by inet filter input/m)
  assert.match(text, /^udp 4011 +dropped by inet filter input/m)
  const advice = [...text.matchAll(/^ {2}(nft insert rule .*)$/gm)].map(([, line = '']) => line)
  assert.equal(advice.length, 3)
  const opened = await portsUnder(`nft -f ${file}; ${advice.join('; ')}`)
  assert.doesNotMatch(opened.text, /dropped/)
  assert.equal(opened.status, 0)
})

test('ports that iptables drops are named, with what opens them [AW23]', async () => {
  const drops = 'iptables -P INPUT DROP; iptables -A INPUT -i eth1 -p udp --dport 67 -j ACCEPT'
  const { text } = await portsUnder(drops)
  assert.match(text, /^udp 67 +open/m)
  assert.match(text, /^tcp 2049 +dropped by ip filter INPUT/m)
  const advice = [...text.matchAll(/^ {2}(iptables .*?) {4}\(with ufw/gm)].map(([, line = '']) => line)
  assert.doesNotMatch((await portsUnder(`${drops}; ${advice.join('; ')}`)).text, /dropped/)
})

test('--json tells the same [AW23]', async () => {
  const { text } = await portsUnder('true', '--json')
  const told = JSON.parse(text) as { readonly ports: readonly { readonly fate: { readonly fate: string } }[] }
  assert.ok(told.ports.length > 4 && told.ports.every(({ fate }) => fate.fate === 'open'))
})
