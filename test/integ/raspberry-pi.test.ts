import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { Loaders } from '../../src/boot/loaders/files.ts'
import { PI_FIRMWARE } from '../../src/boot/loaders/raspberry-pi.ts'
import { planBoot } from '../../src/boot/plan.ts'
import { parseConfig } from '../../src/config/load.ts'
import { startOf } from '../../src/config/start.ts'
import { Boots } from '../../src/fleet/boots.ts'
import { describeClient } from '../../src/protocols/dhcp/client.ts'
import { option, rawOption } from '../../src/protocols/dhcp/options.ts'
import { grant } from '../../src/protocols/dhcp/reply.ts'
import { clientMessage } from '../../src/protocols/dhcp/testing.ts'
import { TftpServer } from '../../src/protocols/tftp/server.ts'
import { Admission } from '../../src/server/admission.ts'
import type { BootServices } from '../../src/server/boot-services.ts'
import { BootStory } from '../../src/server/boot-story.ts'
import { dhcpAnswers } from '../../src/server/dhcp-answers.ts'
import { firstNetwork } from '../../src/server/dhcp-networks.ts'
import { openTftpFile } from '../../src/server/tftp-files.ts'
import { memorySource } from '../../src/storage/byte-source.ts'
import { DirectoryTree } from '../../src/storage/directory-tree.ts'
import { silent } from '../../src/sys/log.ts'

/* A Raspberry Pi 4 as far as that goes without one: what its ROM asks for, with a TFTP client of Debian. */

const call = promisify(execFile)
const MAC = 'dc:a6:32:01:02:03'
const [RELEASE, KERNEL] = ['ab'.repeat(32), '6.12.1-arm64']
const SERVER = { address: '10.0.0.1', httpPort: 80, nfsPort: 2049 }
const { config } = parseConfig(
  'interface: eth1\nrange: 10.0.0.5-10.0.0.9\nprofiles: { pi: { image: debian, cmdline: quiet } }',
  'netroot.yaml',
)

const prepare = async (boot: { readonly id: string }) => ({
  title: 'x',
  profile: 'pi',
  plan: planBoot({
    bootId: boot.id,
    mac: MAC,
    hostName: 'pi',
    profile: { root: ['nfs'], writes: 'discard', commandLine: ['quiet'] },
    release: RELEASE,
    kernelVersion: KERNEL,
    initramfs: { tools: 'tools.zst', drivers: 'drivers.zst' },
    server: SERVER,
    ssh: false,
    time: 1,
  }),
})

/** A server of boots whose parts and release are small; the machine has its address already. */
async function serve(t: TestContext): Promise<{ server: TftpServer; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-pi-'))
  t.after(() => rm(directory, { recursive: true }))
  const trees = join(directory, 'root', 'usr/lib', `linux-image-${KERNEL}`, 'broadcom')
  await mkdir(trees, { recursive: true })
  await writeFile(join(trees, 'bcm2711-rpi-4-b.dtb'), 'device tree')
  for (const name of ['tools.zst', 'drivers.zst', ...PI_FIRMWARE]) await writeFile(join(directory, name), `<${name}>`)
  const database = new DatabaseSync(':memory:')
  const story = new BootStory(new Boots(database), () => 'pi', silent)
  const { id } = story.bootOf({ mac: MAC }, Date.now())
  const lease = { speaker: 'firmware', address: '127.0.0.1', leaseSeconds: 60 } as const
  story.record(id, { type: 'dhcp.ack', at: Date.now(), ...lease })
  const tree = new DirectoryTree(join(directory, 'root'))
  t.after(() => database.close())
  const needed = {
    story,
    plans: { prepare, start: () => startOf(config) },
    releases: { kernel: async () => memorySource(Buffer.from('kernel')), get: async () => ({ tree }) },
    parts: { directory },
    loaders: new Loaders(directory, new Map(PI_FIRMWARE.map((name) => [name, join(directory, name)]))),
    server: SERVER,
    keys: '',
    admission: new Admission({ atOnce: 1 }),
    log: silent,
  }
  const services = needed as unknown as BootServices
  const server = await TftpServer.listen({
    host: '127.0.0.1',
    port: 0,
    open: ({ filename }, peer) => openTftpFile(services, filename, peer),
  })
  t.after(() => server.close())
  return { server, directory }
}

test('the ROM of a Raspberry Pi 4 is offered the menu that it looks for, and the server of its files', async () => {
  const network = firstNetwork(config, { interface: 'eth1', server: { address: '10.0.0.1', prefix: 24 } })
  const options = [
    rawOption(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001'),
    rawOption(option.architectures, [0]),
  ]
  const request = clientMessage('discover', { options, mac: MAC })
  const client = describeClient(request)
  const asked = { address: '10.0.0.5', link: '10.0.0.1', received: 'discover' } as const
  const answer = await dhcpAnswers(config, SERVER, [network])(client, asked)
  assert.equal(answer?.nextServer, '10.0.0.1')
  assert.ok(answer)
  const sent = grant(request, 'offer', { serverAddress: '10.0.0.1', address: '10.0.0.5', answer })
  assert.match(Buffer.from(sent.options.get(43) ?? []).toString('latin1'), /Raspberry Pi Boot/)
})

test('a Raspberry Pi 4 gets firmware, device tree, kernel and initramfs below its serial number', async (t) => {
  const { server, directory } = await serve(t)
  const get = async (name: string): Promise<string> => {
    const target = join(directory, 'got')
    const { stdout } = await call('tftp', ['-m', 'binary', '127.0.0.1', `${server.port}`, '-c', 'get', name, target])
    if (stdout !== '') return stdout
    return readFile(target, 'latin1')
  }
  const serial = '8f3a2b1c'
  assert.match(await get(`${serial}/config.txt`), /kernel=vmlinuz\ninitramfs initrd followkernel/)
  assert.equal(await get(`${serial}/start4.elf`), '<start4.elf>')
  assert.equal(await get(`${serial}/fixup4.dat`), '<fixup4.dat>')
  assert.equal(await get(`${serial}/bcm2711-rpi-4-b.dtb`), 'device tree')
  assert.match(await get(`${serial}/cmdline.txt`), /^BOOTIF=01-dc-a6-32-01-02-03 netroot\.boot=\w{6} .* quiet\n$/)
  assert.equal(await get(`${serial}/vmlinuz`), 'kernel')
  assert.match(await get(`${serial}/initrd`), /^<tools\.zst>\0+<drivers\.zst>\0+070701[\s\S]*NETROOT_KERNEL/)
  for (const other of ['recover4.elf', 'pieeprom.sig', 'overlays/overlay_map.dtb', 'dt-blob.bin', 'bcm2712-x.dtb']) {
    assert.match(await get(`${serial}/${other}`), /not found/i, other)
  }
})
