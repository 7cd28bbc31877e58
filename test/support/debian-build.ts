// Builds Debian's image for the tests unless it is there; run under flock by debian.ts. Prints its digest.
import { ensureImage } from '../../src/image/build.ts'
import { makeRecipe } from '../../src/image/recipe.ts'
import { ReleaseStore } from '../../src/image/store.ts'

const store = await ReleaseStore.open(process.argv[2] ?? '')
const recipe = await makeRecipe({ password: 'netroot' })
const onLine = (line: string): unknown => process.stderr.write(`${line}\n`)
process.stdout.write((await ensureImage(store, 'debian', recipe, { onLine })).info.digest)
