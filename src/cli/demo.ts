import { Command, Option } from 'commander'
import { FIRMWARES, type Firmware } from '../lab/platforms.ts'
import type { DemoRecipe } from './demo-image.ts'
import { listMore, oneMore } from './repeatable.ts'
import { interruptible, storeDirectory } from './store.ts'

interface DemoOptions extends DemoRecipe {
  readonly firmware: Firmware
  readonly keep?: boolean
  readonly json?: boolean
  readonly store?: string
  readonly screenshot: string
}

const EXAMPLES = `
Examples:
  netroot demo                        builds a Debian image the first time, which takes a minute or two
  netroot demo --firmware uefi
  netroot demo --packages vim --keep  with another package, and the machine stays on until Ctrl-C
  netroot demo --json | jq .event     every event as JSON

Nothing outside of it is touched: the machine, its network and the server live in namespaces of their own, and end with
this program however it ends. Status 0: the machine reported itself alive and showed its login prompt.`

/** `netroot demo`: builds a Debian image, boots a virtual diskless machine from it on a private network, shows it. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Build a Debian image and show a virtual diskless machine boot from it')
    .addOption(new Option('--firmware <kind>', 'of the virtual machine').choices(FIRMWARES).default('bios'))
    .option('--keep', 'leave the machine on until Ctrl-C')
    .option('--json', 'print every event as JSON, one a line, and the result as the last')
    .option('--store <directory>', 'where the image is kept (default: $NETROOT_STATE, /var/lib/netroot for root)')
    .option('--suite <suite>', 'suite of Debian', 'trixie')
    .option(
      '--mirror <url>',
      'mirror, or a whole "deb …" line; may be repeated (default: those of this host)',
      oneMore,
      [],
    )
    .option('--packages <list>', 'packages beside the usual ones', listMore, [])
    .option('--screenshot <file>', "where the picture of the machine's screen goes", 'netroot-demo.png')
    .addHelpText('after', EXAMPLES)
    .action(demo)
}

async function demo(options: DemoOptions): Promise<void> {
  const [{ BootScreen }, { DEMO_HINTS, demoConfig, imageTitle, provideDemoImage }, { bootVirtually }] =
    await Promise.all([import('./boot-screen.ts'), import('./demo-image.ts'), import('./virtual-boot.ts')])
  const screen = new BootScreen({ json: options.json === true, screenshot: options.screenshot, hints: DEMO_HINTS })
  const { alive, prompt } = await interruptible(async (signal) => {
    const store = storeDirectory(options.store)
    await checkHostFirst(options.firmware)
    const image = await provideDemoImage(store, options, (line) => screen.step(`image: ${line}`), signal)
    screen.title(imageTitle(image))
    const config = demoConfig(image.info.digest)
    return bootVirtually({ ...options, config, keep: options.keep === true, store, screen, signal })
  })
  process.exitCode = alive && prompt ? 0 : 1
}

/** What the machine will need is looked for before minutes are spent on an image. */
async function checkHostFirst(firmware: Firmware): Promise<void> {
  const { checkHost } = await import('../lab/preconditions.ts')
  await checkHost([firmware])
}
