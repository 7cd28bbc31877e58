import { Command } from 'commander'
import { Keeps } from '../image/keeps.ts'
import { usageOf } from '../image/keep-usage.ts'
import { storeDirectory } from './store.ts'
import { bytesText, printJson, table } from './text.ts'

/** The flags of all `netroot keep` commands that look into the store. */
export interface KeepOptions {
  readonly store?: string
  readonly json?: boolean
}

/** `netroot keep list`. */
export function keepListCommand(): Command {
  return new Command('list')
    .alias('ls')
    .description('List the machines that keep what they write, and what that takes')
    .action(async ({ store, json = false }: KeepOptions) => {
      const directory = storeDirectory(store)
      const rows = await collect(new Keeps(directory))
      if (json) return printJson(rows)
      if (rows.length > 0) return void process.stdout.write(render(rows))
      process.stdout.write(`No machine keeps anything in ${directory}; writes: keep in netroot.yaml makes one do so\n`)
    })
}

interface Row {
  readonly mac: string
  readonly name: string
  readonly release: string | null
  readonly bytes: number
  readonly changed: number
  readonly deleted: number
}

async function collect(keeps: Keeps): Promise<Row[]> {
  const rows: Row[] = []
  for (const { mac, owner, release = null, directory } of await keeps.all()) {
    const { bytes, present, deleted } = await usageOf(directory)
    rows.push({ mac, name: owner.name, release, bytes, changed: present.length, deleted: deleted.length })
  }
  return rows
}

function render(rows: readonly Row[]): string {
  const cells = rows.map(({ name, mac, release, bytes, changed, deleted }) => [
    name === '' ? '-' : name,
    mac,
    release?.slice(0, 12) ?? '-',
    bytesText(bytes),
    String(changed),
    String(deleted),
  ])
  return table([['NAME', 'MAC', 'RELEASE', 'SIZE', 'CHANGED', 'DELETED'], ...cells])
}
