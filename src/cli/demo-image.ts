import { ensureImage } from '../image/build.ts'
import type { Imported } from '../image/import.ts'
import { makeRecipe } from '../image/recipe.ts'
import { ReleaseStore } from '../image/store.ts'

/** What of the demo's image can be chosen. */
export interface DemoRecipe {
  readonly suite: string
  readonly mirror: readonly string[]
  readonly packages: readonly string[]
}

/** Name of the image in the store. */
export const DEMO_IMAGE = 'demo'
/** Of root in the demo's image, which is served to nobody but the demo's own machine. */
export const DEMO_PASSWORD = 'netroot'

/** How to go on after the demo. */
export const DEMO_HINTS: readonly string[] = [
  `        log in as root, password ${DEMO_PASSWORD}`,
  'go on   netroot image build debian, then netroot up on a network of yours',
]

/** What is booted, and whether it had to be built. */
export function imageTitle({ info, isNew }: Imported): string {
  const how = isNew ? 'built' : 'from the store, nothing to build'
  return `image   ${info.system}, Linux ${info.kernels[0]?.version ?? ''}, release ${info.digest.slice(0, 12)}: ${how}`
}

/** The image of this recipe: out of the store where it is there, else built. */
export async function provideDemoImage(
  directory: string,
  { suite, mirror, packages }: DemoRecipe,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<Imported> {
  const recipe = await makeRecipe({ suite, mirrors: mirror, packages, password: DEMO_PASSWORD })
  return ensureImage(await ReleaseStore.open(directory), DEMO_IMAGE, recipe, { signal, onLine })
}

/** The demo's netroot.yaml. Both consoles show everything; the serial one is last, so that it is the one of init. */
export function demoConfig(release: string): string {
  return `interface: br0
range: 10.77.0.100-10.77.0.199
profiles:
  demo:
    image: ${DEMO_IMAGE}
    release: ${release}
    hostname: demo-{mac}
    cmdline: console=tty0 console=ttyS0
`
}
