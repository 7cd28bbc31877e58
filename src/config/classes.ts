import { isOfClass } from '../protocols/dhcp/client-class.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { clientOf } from './effective.ts'
import type { Config } from './schema.ts'

/** The first class that a machine is of, by what it says of itself; undefined for one that a client names. */
export function classOf(config: Config, client: DhcpClient): string | undefined {
  const classes = Object.entries(config.classes)
  if (classes.length === 0 || clientOf(config, client.mac) !== undefined) return undefined
  return classes.find(([, { arch, uuid, vendorClass, userClass }]) =>
    isOfClass(client, {
      ...(arch === undefined ? {} : { architectures: arch }),
      ...(uuid === undefined ? {} : { uuid }),
      ...(vendorClass === undefined ? {} : { vendorClass }),
      ...(userClass === undefined ? {} : { userClass }),
    }),
  )?.[0]
}

/** The configuration as it is for machines of a class: its profile is what those boot that nobody named. */
export function configOfClass(config: Config, name: string | undefined): Config {
  const found = name === undefined || !Object.hasOwn(config.classes, name) ? undefined : config.classes[name]
  return found === undefined ? config : { ...config, default: found.profile, unknown: 'boot' }
}

/** The configuration as it is for machines nobody named: of no class, and of each. */
export function configsOfClasses(config: Config): Config[] {
  return [config, ...Object.keys(config.classes).map((name) => configOfClass(config, name))]
}
