import { Command } from 'commander'
import { Keeps } from '../image/keeps.ts'
import { UsageError } from './failure.ts'
import type { KeepOptions } from './keep-list.ts'
import { storeDirectory } from './store.ts'
import { printJson } from './text.ts'

interface ResetOptions extends KeepOptions {
  readonly yes?: boolean
}

/** `netroot keep reset`. */
export function keepResetCommand(): Command {
  return new Command('reset')
    .description('Remove all that a machine has changed: its next boot begins with the release as it is')
    .argument('<machine>', 'name or MAC address; it must be off')
    .option('--yes', 'needed: what is removed does not come back')
    .action(async (machine: string, { store, json = false, yes = false }: ResetOptions) => {
      const keeps = new Keeps(storeDirectory(store))
      const keep = await keeps.resolve(machine)
      if (!yes) throw new UsageError(`Cannot remove what ${machine} keeps in ${keep.directory} without --yes`)
      await keeps.remove(keep)
      if (json) return printJson({ removed: keep.mac })
      process.stdout.write(`Removed what ${machine} kept\n`)
    })
}

/** `netroot keep give`. */
export function keepGiveCommand(): Command {
  return new Command('give')
    .description('Let another machine with the same MAC address have what is kept: the card or the board was replaced')
    .argument('<machine>', 'name or MAC address')
    .action(async (machine: string, { store, json = false }: KeepOptions) => {
      const keeps = new Keeps(storeDirectory(store))
      const { mac, owner } = await keeps.resolve(machine)
      const { name, boot, next } = owner
      await keeps.note(mac, { name, boot, next })
      if (json) return printJson({ given: mac })
      process.stdout.write(`The next machine that boots with ${mac} takes it over\n`)
    })
}
