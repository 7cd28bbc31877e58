import { Command, Option } from 'commander'
import type { Imported } from '../image/import.ts'
import type { Firmware } from '../lab/preconditions.ts'
import { type DemoResult, runDemo } from './demo-run.ts'
import { DemoScreen } from './demo-screen.ts'
import { interruptible, storeDirectory } from './store.ts'

interface DemoOptions {
  readonly firmware: Firmware
  readonly keep?: boolean
  readonly json?: boolean
  readonly store?: string
  readonly suite: string
  readonly mirror: readonly string[]
  readonly packages: readonly string[]
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

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value]
const moreOfList = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(/[\s,]+/),
]

/** `netroot demo`: builds a Debian image, boots a virtual diskless machine from it on a private network, shows it. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Build a Debian image and show a virtual diskless machine boot from it')
    .addOption(new Option('--firmware <kind>', 'of the virtual machine').choices(['bios', 'uefi']).default('bios'))
    .option('--keep', 'leave the machine on until Ctrl-C')
    .option('--json', 'print every event as JSON, one a line, and the result as the last')
    .option('--store <directory>', 'where the image is kept (default: $NETROOT_STATE, /var/lib/netroot for root)')
    .option('--suite <suite>', 'suite of Debian', 'trixie')
    .option(
      '--mirror <url>',
      'mirror, or a whole "deb …" line; may be repeated (default: those of this host)',
      more,
      [],
    )
    .option('--packages <list>', 'packages beside the usual ones', moreOfList, [])
    .option('--screenshot <file>', "where the picture of the machine's screen goes", 'netroot-demo.png')
    .addHelpText('after', EXAMPLES)
    .action(demo)
}

async function demo(options: DemoOptions): Promise<void> {
  const screen = new DemoScreen({ json: options.json === true, screenshot: options.screenshot })
  const result = await interruptible(async (signal) => {
    const store = storeDirectory(options.store)
    await checkHostFirst(options.firmware)
    const image = await provideImage(store, options, screen, signal)
    screen.image(image)
    return runDemo({ ...options, keep: options.keep === true, store, image: image.info, screen, signal })
  })
  process.exitCode = statusOf(result)
}

function statusOf({ alive, prompt }: DemoResult): number {
  return alive && prompt ? 0 : 1
}

/** What the machine will need is looked for before minutes are spent on an image. */
async function checkHostFirst(firmware: Firmware): Promise<void> {
  const { checkHost } = await import('../lab/preconditions.ts')
  await checkHost([firmware])
}

/** The image of this recipe: out of the store where it is there. */
async function provideImage(
  directory: string,
  { suite, mirror, packages }: DemoOptions,
  screen: DemoScreen,
  signal: AbortSignal,
): Promise<Imported> {
  const [{ ensureImage }, { makeRecipe }, { ReleaseStore }] = await Promise.all([
    import('../image/build.ts'),
    import('../image/recipe.ts'),
    import('../image/store.ts'),
  ])
  const recipe = await makeRecipe({ suite, mirrors: mirror, packages, password: DEMO_PASSWORD })
  const store = await ReleaseStore.open(directory)
  return ensureImage(store, DEMO_IMAGE, recipe, { signal, onLine: (line) => screen.step(`image: ${line}`) })
}

/** Name of the image in the store. */
export const DEMO_IMAGE = 'demo'
/** Of root in the demo's image, which is served to nobody but the demo's own machine. */
export const DEMO_PASSWORD = 'netroot'
