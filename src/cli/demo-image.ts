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
