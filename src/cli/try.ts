import { Command, Option } from 'commander'
import { CONFIG_FILE, stateDirectory } from '../config/paths.ts'
import { FIRMWARES, type Firmware } from '../lab/platforms.ts'
import { interruptible } from './store.ts'

interface TryOptions {
  readonly config: string
  readonly firmware: Firmware
  readonly keep?: boolean
  readonly json?: boolean
  readonly store?: string
  readonly screenshot: string
}

const EXAMPLES = `
Examples:
  netroot try                       what a machine nobody named would boot
  netroot try pc7 --firmware uefi   what the client pc7 would boot, with its own MAC address and name
  netroot try --firmware secureboot what a machine would boot that starts nothing unsigned
  netroot try kiosk --json          the profile kiosk; status 0 if it came to its login prompt

The virtual machine, its network and a server of its own live in namespaces: your network and your machines see nothing.`

/** `netroot try [CLIENT|PROFILE]`: boots a virtual machine as netroot.yaml says, before a real one does. */
export function tryCommand(): Command {
  return new Command('try')
    .description('Boot a virtual machine as netroot.yaml says, in a network of its own')
    .argument('[client|profile]', 'what to try (default: a machine nobody named)')
    .option('--config <file>', 'what to try it with', CONFIG_FILE)
    .addOption(new Option('--firmware <kind>', 'of the virtual machine').choices(FIRMWARES).default('bios'))
    .option('--keep', 'leave the machine on until Ctrl-C')
    .option('--json', 'print every event as JSON, one a line, and the result as the last')
    .option('--store <directory>', "where images are (default: netroot.yaml's store:, else the state directory)")
    .option('--screenshot <file>', "where the picture of the machine's screen goes", 'netroot-try.png')
    .addHelpText('after', EXAMPLES)
    .action(tryOut)
}

async function tryOut(name: string | undefined, options: TryOptions): Promise<void> {
  const [{ loadConfig }, { planTry }, { BootScreen }, { bootVirtually }] = await Promise.all([
    import('../config/load.ts'),
    import('./try-config.ts'),
    import('./boot-screen.ts'),
    import('./virtual-boot.ts'),
  ])
  const loaded = await loadConfig(options.config)
  const { title, ...plan } = planTry(loaded, name)
  const store = options.store ?? loaded.config.store ?? stateDirectory()
  const screen = new BootScreen({ json: options.json === true, screenshot: options.screenshot, hints: [] })
  screen.title(`try     ${title}, as ${options.config} says`)
  const { alive, prompt } = await interruptible((signal) =>
    bootVirtually({ ...options, ...plan, keep: options.keep === true, store, screen, signal }),
  )
  process.exitCode = alive && prompt ? 0 : 1
}
