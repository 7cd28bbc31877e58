import { Command } from 'commander'
import { buildImage } from '../image/build.ts'
import { makeRecipe } from '../image/recipe.ts'
import { UsageError } from './failure.ts'
import { type ImageOptions, printImported, progressText } from './image-result.ts'
import { Progress } from './progress.ts'
import { listMore, oneMore } from './repeatable.ts'
import { interruptible, openStore } from './store.ts'

interface BuildCommandOptions extends ImageOptions {
  readonly suite: string
  readonly mirror: readonly string[]
  readonly packages: readonly string[]
  readonly arch?: string
  readonly password?: string
  readonly hook: readonly string[]
}

const EXAMPLES = `
Examples:
  netroot image build debian --password secret
  netroot image build desktop --packages task-xfce-desktop,firmware-realtek
  netroot image build old --suite bookworm --mirror http://mirror.example/debian --hook ./customise.sh

Building needs no root privileges: mmdebstrap then uses a user namespace. It always builds anew, and the image keeps
its earlier releases.`

/** `netroot image build NAME`. */
export function imageBuildCommand(): Command {
  return new Command('build')
    .description("Build an image from Debian's archive")
    .argument('<name>', 'image that the new release belongs to')
    .option('--suite <suite>', 'suite of Debian', 'trixie')
    .option(
      '--mirror <url>',
      'mirror, or a whole "deb …" line; may be repeated (default: those of this host)',
      oneMore,
      [],
    )
    .option('--packages <list>', 'packages beside the usual ones', listMore, [])
    .option('--arch <arch>', "architecture (default: this host's)")
    .option('--password <password>', 'password of root; without one root cannot log in with a password')
    .option(
      '--hook <program>',
      'run with the root directory as argument when all is installed; repeatable',
      oneMore,
      [],
    )
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: BuildCommandOptions) => {
      const imported = await build(name, options)
      printImported(name, imported, options.json)
    })
}

async function build(name: string, options: BuildCommandOptions): ReturnType<typeof buildImage> {
  if (options.password === '' || /[\n:]/.test(options.password ?? '')) {
    throw new UsageError('Cannot use this password: want at least one character, and neither ":" nor a newline')
  }
  const store = await openStore(options.store)
  const { suite, mirror: mirrors, packages, hook: hooks, arch, password } = options
  const named = { ...(arch === undefined ? {} : { arch }), ...(password === undefined ? {} : { password }) }
  const recipe = await makeRecipe({ suite, mirrors, packages, hooks, ...named })
  const progress = new Progress()
  progress.line(`building ${name}: Debian ${recipe.suite} (${recipe.arch}) from ${recipe.sources.join(', ')}`)
  return interruptible((signal) =>
    buildImage(store, name, recipe, {
      signal,
      onLine: (line) => progress.step(line),
      onProgress: (state) => progress.update(() => progressText(state)),
    }),
  ).finally(() => progress.end())
}
