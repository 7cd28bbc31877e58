import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Lab } from '../../src/lab/lab.ts'
import type { Machine } from '../../src/lab/machine.ts'

/** Says READY on the serial console, then powers off when it reads `q` and starts again when it reads `r`. */
const BOOT_SECTOR = [
  'fa 31c0 8ed8 be387c', // 00: cli; ds = 0; si = 7c38
  'ac 08c0 7406 baf803 ee ebf5', // 08: each character up to the 0 to COM1
  'bafd03 ec a801 74fb', // 13: wait until the line status says that there is one
  'b2f8 ec 3c72 740e 3c71 75ed', // 1b: read it; `r`: go to 30; not `q`: back to 13
  'ba0406 b80020 ef f4 ebfd', // 26: ACPI PM1a control: sleep type 0, enable, that is off; halt
  'baf90c b006 ee ebf5', // 30: port CF9: reset
  '52454144590d0a00', // 38: "READY"
]

let folder = ''
let lab: Lab
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netroot-test-'))
  lab = await Lab.open({ firmwares: ['bios', 'uefi'] })
  await lab.capture()
})
after(async () => {
  await lab.close()
  await rm(folder, { recursive: true, force: true })
})

/** A machine without network that runs BOOT_SECTOR. */
async function powerOnSector(name: string, exitOnReset = false): Promise<Machine> {
  const disk = Buffer.alloc(1_474_560)
  disk.set(Buffer.from(BOOT_SECTOR.join('').replaceAll(' ', ''), 'hex'))
  disk.set([0x55, 0xaa], 510)
  const file = join(folder, `${name}.img`)
  await writeFile(file, disk)
  const extraArgs = ['-drive', `if=floppy,format=raw,file=${file}`, '-boot', 'order=a']
  return lab.powerOn({ name, cards: [], memoryMiB: 16, exitOnReset, extraArgs })
}

const millisecondsSince = (start: number): string => `${Math.round(performance.now() - start)} ms`

describe('Lab.powerOn()', { timeout: 120_000 }, () => {
  test('boots a BIOS machine by iPXE: DHCP on the bridge, console, screen, report', async (t) => {
    await using packets = await lab.watchPackets('udp dst port 67')
    await using pc = await lab.powerOn({ name: 'pc-bios' })
    const discover = await packets.waitFor(/Request from (\S+),[^]*?Discover[^]*?ARCH \(93\), length 2: 0\n/)
    t.diagnostic(`power-on to DHCPDISCOVER, BIOS: ${millisecondsSince(pc.poweredOnAt)}`)
    assert.equal(discover.groups[1], pc.macs[0])
    await pc.console.waitFor(/iPXE.*Open Source Network Boot Firmware/)

    const screen = join(folder, 'screen.png')
    await pc.screenshot(screen)
    const png = await readFile(screen)
    assert.equal(png.subarray(0, 8).toString('latin1'), '\u0089PNG\r\n\u001a\n')
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [720, 400]) // IHDR: the 80 by 25 of text mode
    assert.ok(png.length > 2000, `a screen with text has more than ${png.length} bytes`)

    await assert.rejects(pc.console.waitFor('login:', { timeoutMs: 100 }), (error: Error) => {
      assert.match(error.message, /^The console of pc-bios did not show login:: it did not within 0.1 s\n/)
      assert.match(error.message, /iPXE initialising devices[^]*--- what QEMU wrote[^]*BOOTP\/DHCP, Request from 52:54/)
      return true
    })
    assert.match(await readFile(pc.console.logFile, 'latin1'), /SeaBIOS/)
  })

  test("boots a UEFI machine by the firmware's own PXE client", async (t) => {
    await using packets = await lab.watchPackets('udp dst port 67')
    await using pc = await lab.powerOn({ name: 'pc-uefi', firmware: 'uefi', cpus: 2 })
    await packets.waitFor(/Discover[^]*?"PXEClient:Arch:00007:UNDI:003000"/)
    t.diagnostic(`power-on to DHCPDISCOVER, UEFI: ${millisecondsSince(pc.poweredOnAt)}`)
    await pc.console.waitFor('>>Start PXE over IPv4')
  })

  test('plugs cards into the networks they name, and asks on them in boot order', async () => {
    const second = await lab.addNetwork('second', '10.78.0.1/24')
    assert.equal(second.bridge, 'br1')
    await using there = await lab.watchPackets('udp dst port 67', 'second')
    await using here = await lab.watchPackets('udp dst port 67')
    const cards = [
      { model: 'e1000', bootIndex: 2 },
      { network: 'second', mac: '52:54:00:AA:00:01', bootIndex: 1 },
    ] as const
    await using pc = await lab.powerOn({ name: 'pc-two', cards })
    assert.equal(pc.macs[1], '52:54:00:aa:00:01')
    await there.waitFor('Request from 52:54:00:aa:00:01')
    assert.equal(here.text, '')
    await assert.rejects(lab.powerOn({ cards: [{ network: 'wan' }] }), {
      name: 'RangeError',
      message: 'There is no network "wan" in this lab, only lan, second',
    })
  })

  test("setLink() pulls a card's cable and plugs it in again", async () => {
    await using packets = await lab.watchPackets('udp dst port 67')
    await using pc = await lab.powerOn({ name: 'pc-link', cards: [{ model: 'e1000' }] })
    await pc.setLink(0, false)
    await pc.console.waitFor('Waiting for link-up on net0')
    assert.equal(packets.text, '')
    await pc.setLink(0, true)
    await packets.waitFor(`Request from ${pc.macs[0]}`)
  })

  test('pressKey() and typeText() type on the keyboard', async () => {
    await using pc = await lab.powerOn({ name: 'pc-keys' })
    await pc.console.waitFor('Press Ctrl-B for the iPXE command line')
    await pc.pressKey('ctrl', 'b')
    await pc.console.waitFor('iPXE>')
    await pc.typeText('echo Typed_By-"Hand"\n')
    await pc.console.waitFor('\nTyped_By-"Hand"\n')
  })

  test('console.send() types on the serial line; exited tells that the machine powered itself off', async () => {
    await using pc = await powerOnSector('pc-off')
    await pc.console.waitFor('READY')
    pc.console.write('q')
    assert.equal((await pc.exited).reason, 'shutdown')
    await assert.rejects(pc.console.waitFor('login:'), /the machine has ended \(shutdown\)/)
    await assert.rejects(pc.screenshot('/dev/null'), { name: 'QmpError', message: /it has ended/ })
  })

  test('a machine that starts again goes on, or ends where that was asked for', async () => {
    await using going = await powerOnSector('pc-again')
    const { end } = await going.console.waitFor('READY')
    going.console.write('r')
    const again = await going.console.waitFor('READY', { from: end })
    await going.reset()
    await going.console.waitFor('READY', { from: again.end })
    assert.equal((await going.quit()).reason, 'quit')

    await using ending = await powerOnSector('pc-once', true)
    await ending.console.waitFor('READY')
    ending.console.write('r')
    assert.equal((await ending.exited).reason, 'reset')
  })

  test('people attach to the console by its socket: they see it and type on it', async () => {
    await using pc = await powerOnSector('pc-attach')
    await pc.console.waitFor('READY')
    const person = createConnection(pc.console.attachPath)
    let seen = ''
    person.on('data', (bytes) => (seen += String(bytes)))
    const closed = once(person, 'close')
    person.write('r')
    await pc.console.waitFor(/READY[^]*READY/)
    person.write('q')
    assert.equal((await pc.exited).reason, 'shutdown')
    await closed
    assert.match(seen, /SeaBIOS[^]*READY/)
  })

  test('says in the words of QEMU why a machine does not start, and leaves none behind', async () => {
    await assert.rejects(lab.powerOn({ extraArgs: ['-device', 'flux-capacitor'] }), {
      message:
        /^Cannot start the machine: QEMU ended with status 1: .*'flux-capacitor' is not a valid device model name/,
    })
    await using first = await powerOnSector('pc-same')
    await assert.rejects(powerOnSector('pc-same'), { name: 'RangeError', message: 'A machine "pc-same" is on already' })
    assert.deepEqual(lab.machines, [first])
  })
})

describe('Lab.spawn() and run()', { timeout: 60_000 }, () => {
  test("run() sees the lab's network, and nothing of the host's", async () => {
    const { stdout } = await lab.run('ip', ['-o', 'addr'])
    assert.match(stdout, /br0\s+inet 10\.77\.0\.1\/24/)
    const outside = Object.keys(networkInterfaces()).filter((name) => name !== 'lo')
    for (const name of outside) assert.doesNotMatch(stdout, new RegExp(`\\b${name}\\b`))
    assert.equal(Object.keys(networkInterfaces()).includes('br0'), false)
  })

  test('run() works in this folder, with input and environment, and rejects a failure with its words', async () => {
    const script = 'pwd; cat; echo "$WORD"'
    const { stdout } = await lab.run('sh', ['-c', script], { input: 'in\n', env: { WORD: 'w' } })
    assert.equal(stdout, `${process.cwd()}\nin\nw\n`)
    assert.equal((await lab.run('pwd', [], { cwd: '/usr' })).stdout, '/usr\n')
    await assert.rejects(lab.run('sh', ['-c', 'echo no >&2; exit 3']), {
      name: 'CommandError',
      message: 'sh -c echo no >&2; exit 3 ended with status 3: no',
    })
  })

  test('spawn() gives a program whose output can be waited for and that hears signals', async () => {
    const script = "trap 'echo bye; exit 4' TERM; echo listening on 1234; while :; do sleep 0.05; done"
    await using server = lab.spawn('sh', ['-c', script])
    assert.equal((await server.stdout.waitFor(/listening on (\d+)/)).groups[1], '1234')
    assert.deepEqual(await server.stop(), { status: 4, signal: undefined })
    assert.match(server.stdout.text, /bye/)
    const stubborn = lab.spawn('sh', ['-c', "trap '' TERM; echo up; while :; do sleep 0.05; done"])
    await stubborn.stdout.waitFor('up')
    assert.deepEqual(await stubborn.stop(100), { status: undefined, signal: 'SIGKILL' })
  })

  test('run() kills its program when the signal aborts, at whatever moment', async () => {
    for (let delay = 0; delay < 20; delay++) {
      const stop = new AbortController()
      const running = lab.run('sleep', ['1000'], { signal: stop.signal })
      setTimeout(() => stop.abort(new Error('enough')), delay / 2)
      await assert.rejects(running, { message: 'enough' })
    }
    assert.doesNotMatch((await lab.run('ps', ['-A', '-o', 'args'])).stdout, /sleep 1000/)
  })
})

describe('Lab.close()', { timeout: 60_000 }, () => {
  test('ends machines and programs, and removes the folder; an aborted signal closes too', async () => {
    const stop = new AbortController()
    const other = await Lab.open({ address: '10.79.0.1/24', signal: stop.signal })
    const pc = await other.powerOn({ name: 'pc-abort' })
    const program = other.spawn('sh', ['-c', 'echo up; exec sleep 1000'])
    await program.stdout.waitFor('up')
    const waiting = pc.console.waitFor('login:', { signal: stop.signal })
    stop.abort(new Error('Ctrl-C'))
    await assert.rejects(waiting, { message: 'Ctrl-C' })
    await other.close()
    assert.equal((await program.exited).signal, 'SIGKILL')
    assert.match((await pc.exited).reason, /^(quit|killed)$/)
    assert.equal(existsSync(other.directory), false)
    assert.throws(() => other.spawn('true'), { message: 'Cannot start true: the lab is closed' })
    await assert.rejects(Lab.open({ signal: stop.signal }), { message: 'Ctrl-C' })
    await assert.rejects(Lab.open({ address: '10.79.0.1' }), {
      name: 'TypeError',
      message: /Cannot read network "10.79.0.1"/,
    })
  })
})
