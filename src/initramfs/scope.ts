import { busesOf, type Device, deviceText, modulesForDevice, parseDevice } from '../formats/kmod/device.ts'
import { AliasTable } from '../formats/kmod/modules-alias.ts'
import { type Feature, FEATURES } from './contents.ts'
import type { ModuleIndex } from './module-index.ts'
import { modulesOfFeatures, type Wanted } from './select-modules.ts'

/** Which drivers are asked for: for every machine, for these devices only, or all that the kernel has. */
export type DriversScope =
  | { readonly kind: 'generic' }
  | {
      readonly kind: 'fit'
      /** Each `8086:100e` (PCI vendor and device), `usb:0bda:8153`, or a whole modalias. */
      readonly devices: readonly string[]
      /** Devices without a driver are passed over, as long as one has one. */
      readonly lenient?: boolean
    }
  | { readonly kind: 'all' }

/** A part was to fit a device which no module of the kernel drives: a generic one may still boot it. */
export class DeviceWithoutDriverError extends Error {
  override readonly name = 'DeviceWithoutDriverError'
  /** As it was asked for. */
  readonly device: string
  readonly kernelVersion: string

  constructor(device: string, kernelVersion: string) {
    super(
      `Cannot fit an initramfs to the device ${device}: no module of kernel ${kernelVersion} is for it; build a generic one, or name its driver`,
    )
    this.device = device
    this.kernelVersion = kernelVersion
  }
}

/** The same request is written in one way, so that its part is found again. */
export function normalizeScope(scope: DriversScope): DriversScope {
  if (scope.kind !== 'fit') return { kind: scope.kind }
  const devices = [...new Set(scope.devices.map((device) => deviceText(parseDevice(device))))].toSorted()
  return scope.lenient === true ? { kind: 'fit', devices, lenient: true } : { kind: 'fit', devices }
}

/**
 * The modules that a scope wants of a kernel for one architecture, without what these need.
 *
 * @throws {DeviceWithoutDriverError} if nothing of the kernel drives one of the devices
 */
export function modulesOfScope(index: ModuleIndex, scope: DriversScope, architecture: string): Wanted[] {
  const features = FEATURES.filter((feature) => isFor(feature, architecture))
  if (scope.kind === 'generic') return modulesOfFeatures(index, features)
  if (scope.kind === 'fit') return modulesThatFit(index, scope, features)
  return [...index.modules.keys()].map((module) => ({ module, why: 'all modules' }))
}

function isFor({ architectures }: Feature, architecture: string): boolean {
  return architectures === undefined || architectures.includes(architecture)
}

function modulesThatFit(
  index: ModuleIndex,
  { devices, lenient = false }: Extract<DriversScope, { kind: 'fit' }>,
  features: readonly Feature[],
): Wanted[] {
  const found = devices.map((text) => ({ text, ...driversOf(index, parseDevice(text)) }))
  const lost = lenient && found.some(({ known }) => known) ? undefined : found.find(({ known }) => !known)
  if (lost !== undefined) throw new DeviceWithoutDriverError(lost.text, index.version)
  const drivers = found.flatMap(({ text, modules }) => modules.map((module) => ({ module, why: `drives ${text}` })))
  const buses = new Set(found.flatMap((one) => one.buses))
  const along = features.filter(({ fitted = [] }) => fitted === 'always' || fitted.some((bus) => buses.has(bus)))
  return [...drivers, ...phyDrivers(index, drivers), ...modulesOfFeatures(index, along)]
}

interface DeviceDrivers {
  readonly modules: readonly string[]
  /** A module or the kernel itself drives it. */
  readonly known: boolean
  readonly buses: readonly string[]
}

function driversOf(index: ModuleIndex, device: Device): DeviceDrivers {
  const modules = modulesForDevice(new AliasTable(index.aliases), device).filter((name) => index.modules.has(name))
  const known = modules.length > 0 || modulesForDevice(new AliasTable(index.builtinAliases), device).length > 0
  return { modules, known, buses: busesOf(device) }
}

/** Modules that hold the PHY library, under its names of several kernels. */
const PHY_LIBRARIES = ['libphy', 'phylib', 'phylink']

/**
 * The drivers of all PHYs where a card asks for them: which one is on it shows only when its driver runs, and has the
 * kernel load another module by an `mdio:` alias. All together take less than half a megabyte.
 */
function phyDrivers(index: ModuleIndex, drivers: readonly Wanted[]): Wanted[] {
  const asks = drivers.find(({ module }) => needsPhy(index, module))
  if (asks === undefined) return []
  const names = new Set(index.aliases.flatMap(({ pattern, module }) => (pattern.startsWith('mdio:') ? [module] : [])))
  return [...names].map((module) => ({ module, why: `PHY that a card of ${asks.module} may have` }))
}

function needsPhy(index: ModuleIndex, module: string): boolean {
  const needs = index.modules.get(module)?.needs ?? []
  return PHY_LIBRARIES.some((library) => needs.includes(library) || index.builtin.has(library))
}
