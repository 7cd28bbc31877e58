import { Command } from 'commander'
import { printable } from '../fleet/printable.ts'
import { Keeps } from '../image/keeps.ts'
import { usageOf } from '../image/keep-usage.ts'
import type { KeepOptions } from './keep-list.ts'
import { storeDirectory } from './store.ts'
import { bytesText, printJson } from './text.ts'

/** `netroot keep show`. */
export function keepShowCommand(): Command {
  return new Command('show')
    .description('Show what a machine has changed of its root')
    .argument('<machine>', 'name or MAC address')
    .action(async (machine: string, { store, json = false }: KeepOptions) => {
      const { mac, owner, directory, release = null } = await new Keeps(storeDirectory(store)).resolve(machine)
      const usage = await usageOf(directory)
      if (json) return printJson({ mac, name: owner.name, release, directory, ...usage })
      const head = [
        `${owner.name === '' ? mac : `${owner.name} (${mac})`} keeps ${bytesText(usage.bytes)} in ${directory}`,
        `above release ${release ?? 'none yet'}`,
      ]
      const paths = [
        ...usage.present.map((path) => `+ /${printable(path)}`),
        ...usage.deleted.map((path) => `- /${printable(path)}`),
      ]
      process.stdout.write(`${[...head, ...paths].join('\n')}\n`)
    })
}
