// Builds one of Debian's images for the tests unless it is there; run under flock by debian.ts: STORE IMAGE PACKAGE…
// Prints its digest.
import { ensureImage } from '../../src/image/build.ts'
import { makeRecipe } from '../../src/image/recipe.ts'
import { ReleaseStore } from '../../src/image/store.ts'

const [, , directory = '', image = '', ...packages] = process.argv
const store = await ReleaseStore.open(directory)
const recipe = await makeRecipe({ password: 'netroot', packages })
const onLine = (line: string): unknown => process.stderr.write(`${line}\n`)
process.stdout.write((await ensureImage(store, image, recipe, { onLine })).info.digest)
