import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { macOf } from '../../src/lab/mac-address.ts'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'

/** The machine that is named in the configuration below, and its address. */
export const NAMED = 'pc7'
export const NAMED_ADDRESS = '10.77.0.7'

export interface OtherServersOptions {
  /** Lines added to netroot.yaml. */
  readonly config?: string
}

/** A lab in which netroot gives no addresses: another server does, with what `netroot config export` wrote. */
export async function serveWithoutDhcp({ config = '' }: OtherServersOptions = {}): Promise<ServedLab> {
  const { store } = await debianRelease()
  const text = `interface: br0
dhcp: off
range: 10.77.0.100-10.77.0.199
domain: lab.example
profiles:
  debian: { image: debian, cmdline: console=tty0 console=ttyS0 }
clients:
  ${NAMED}: { mac: '${macOf(NAMED, 0)}', address: ${NAMED_ADDRESS} }
${config}`
  return ServedLab.open({ config: text, store: store.directory, firmwares: ['bios'] })
}

/** What `netroot config export` writes for this lab. */
export async function exported(served: ServedLab, ...args: string[]): Promise<string> {
  const { store } = await debianRelease()
  const common = ['--config', served.configFile, '--network', '10.77.0.1/24']
  const env = { NETROOT_STATE: store.directory }
  return (await run(NETROOT, ['config', 'export', ...args, ...common], { env })).toString()
}

/** A file in the lab's folder. */
export async function fileWith(served: ServedLab, name: string, text: string): Promise<string> {
  const directory = join(served.lab.directory, 'other')
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const file = join(directory, name)
  await writeFile(file, text)
  return file
}

/** dnsmasq as the DHCP server of the lab. */
export async function startDnsmasq(served: ServedLab, text: string): Promise<LabProcess> {
  const file = await fileWith(served, 'dnsmasq.conf', text)
  const own = ['--no-daemon', '--port=0', '--leasefile-ro', '--user=root', '--log-dhcp']
  const dnsmasq = served.lab.spawn('dnsmasq', [...own, `--conf-file=${file}`])
  await dnsmasq.stderr.waitFor(/DHCP, IP range/)
  return dnsmasq
}
